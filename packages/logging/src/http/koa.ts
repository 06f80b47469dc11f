import type { IncomingMessage, ServerResponse } from 'node:http';
import { exchangeOf } from './exchange.ts';
import { fullOptions, type HttpLoggingOptions } from './options.ts';

/** The part of koa's context that is used here. */
export interface KoaContextLike {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  // Koa's types leave the error open.
  onerror(error: never): void;
}

/** What @koa/router leaves on the context. */
interface Routed {
  _matchedRoute?: unknown;
  router?: unknown;
}

const routeOf = (context: KoaContextLike): string | undefined => {
  const { _matchedRoute: route, router } = context as Routed;
  if (route !== undefined) return String(route);
  return router === undefined ? undefined : '(unmatched)';
};

const seen = new WeakSet<object>();

/** Koa takes all headers off before it answers an error, the id with them. */
const keepHeader = (response: ServerResponse, name: string, value: string): void => {
  const { writeHead } = response;
  response.writeHead = function (this: ServerResponse, ...args: Parameters<typeof writeHead>) {
    if (!this.headersSent && !this.hasHeader(name)) this.setHeader(name, value);
    return Reflect.apply(writeHead, this, args) as ServerResponse;
  } as typeof writeHead;
};

/**
 * A middleware for koa, the first of the application: it does what `httpLogging` does. Routes of @koa/router are labelled by
 * their pattern. `app.on('error', …)` is called in the context of the request, too.
 * @throws TypeError naming the option that is unknown or wrong. What later middleware throws passes.
 */
export const koaLogging = (
  options: HttpLoggingOptions = {},
): (<Context extends KoaContextLike>(context: Context, next: () => Promise<unknown>) => Promise<unknown>) => {
  const full = fullOptions('koaLogging', options);
  return (context, next) => {
    const { correlationId, run } = exchangeOf(context.req, context.res, full, () => routeOf(context));
    if (!seen.has(context)) {
      seen.add(context);
      keepHeader(context.res, full.propagation.header, correlationId);
      const { onerror } = context;
      context.onerror = (error) => run(() => Reflect.apply(onerror, context, [error]));
    }
    return run(next);
  };
};
