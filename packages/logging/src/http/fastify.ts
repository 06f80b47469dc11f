import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Exchange, exchangeOf } from './exchange.ts';
import { fullOptions, type HttpLoggingOptions } from './options.ts';

interface Request {
  raw: IncomingMessage;
  is404?: boolean;
  routeOptions?: { url?: string | undefined };
}

interface Reply {
  raw: ServerResponse;
}

type Hook = (request: Request, reply: Reply, done: () => void) => void;

/** The part of a fastify instance that the plugin uses. */
export interface FastifyLike {
  addHook(name: 'onRequest' | 'preValidation' | 'preHandler', hook: Hook): unknown;
}

interface RegisterOptions extends HttpLoggingOptions {
  prefix?: unknown;
  logLevel?: unknown;
  logSerializers?: unknown;
}

type Plugin = (app: FastifyLike, options: HttpLoggingOptions, done: (error?: Error) => void) => void;

const plugin: Plugin = (app, options, done) => {
  // fastify hands its own options of `register` on to the plugin.
  const {
    prefix: _prefix,
    logLevel: _level,
    logSerializers: _serializers,
    ...own
  } = options as RegisterOptions;
  const full = fullOptions('fastifyLogging', own);
  const of = (request: Request, reply: Reply): Exchange =>
    exchangeOf(request.raw, reply.raw, full, () =>
      request.is404 ? '(unmatched)' : (request.routeOptions?.url ?? '(unmatched)'),
    );
  const enter: Hook = (request, reply, next) => of(request, reply).run(next);
  app.addHook('onRequest', enter);
  // A body parser, or a hook of somebody else, may resume from elsewhere: the context is entered anew behind them.
  app.addHook('preValidation', enter);
  app.addHook('preHandler', enter);
  done();
};

/**
 * A fastify plugin: `app.register(fastifyLogging, options)`, before the routes. It does what `httpLogging` does, for
 * the whole application (it escapes encapsulation) and for hijacked replies too.
 * @throws TypeError naming the option that is unknown or wrong, when the application gets ready.
 */
export const fastifyLogging: Plugin = Object.assign(plugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@agent4/logging',
});
