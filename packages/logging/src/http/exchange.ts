import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CorrelationContext, isValidCorrelationId } from '../context.ts';
import { BRAND } from '../logger.ts';
import { withLevelFor } from './level-for.ts';
import type { FullOptions } from './options.ts';
import { loggedUrl } from './url.ts';

/** One request and its response: runs work in its context, and logs one line when it is over. */
export interface Exchange {
  /** Calls `fn` inside the request's correlation context. */
  run<Result>(fn: () => Result): Result;
}

// Version ff and ids of zeros alone are invalid; a later version may have more fields behind these.
const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

const idOf = (request: IncomingMessage, options: FullOptions): string => {
  for (const name of [options.header, 'x-correlation-id']) {
    const given = header(request, name);
    if (isValidCorrelationId(given)) return given;
  }
  try {
    const made = options.generateId();
    if (isValidCorrelationId(made)) return made;
  } catch {
    // A generator that fails must not fail the request.
  }
  return randomUUID();
};

const exchanges = new WeakMap<IncomingMessage, Exchange>();

/**
 * Begins the exchange, or gives the one that an outer middleware has begun.
 * @param route The label of the route once it is known: its pattern, undefined where there is no router.
 */
export const exchangeOf = (
  request: IncomingMessage,
  response: ServerResponse,
  options: FullOptions,
  route: () => string | undefined,
): Exchange => {
  const known = exchanges.get(request);
  if (known !== undefined) return known;

  const since = options.clock();
  const correlationId = idOf(request, options);
  const traceId = traceparent.exec(header(request, 'traceparent') ?? '')?.[1];
  const run = CorrelationContext.run(
    traceId === undefined ? { correlationId } : { correlationId, traceId },
    () =>
      withLevelFor(request, options.levelFor, () =>
        CorrelationContext.bind(<Result>(fn: () => Result): Result => fn()),
      ),
  ) as Exchange['run'];
  const exchange: Exchange = { run };
  exchanges.set(request, exchange);

  // On the raw response and at once, so that hijacked and streamed responses carry it.
  if (!response.headersSent) response.setHeader(options.header, correlationId);

  // The body arrives in events of the socket, which know nothing of our context: parsers and their errors would lose it.
  const emit = request.emit;
  request.emit = function (this: IncomingMessage, ...args: Parameters<typeof emit>): boolean {
    return run(() => Reflect.apply(emit, this, args) as boolean);
  } as typeof emit;

  const url = loggedUrl((request as { originalUrl?: string }).originalUrl ?? request.url ?? '');
  let over = false;
  const finish = (aborted: boolean): void => {
    if (over) return;
    over = true;
    run(() => {
      try {
        if (options.ignore(request)) return;
        const label = route();
        const fields = {
          // A logger that is not ours does not know the context.
          ...(BRAND in options.logger ? {} : { correlationId }),
          method: request.method,
          ...(label === undefined ? {} : { route: label }),
          url,
          status: response.statusCode,
          durationMs: Math.max(0, Math.round((options.clock() - since) * 1_000) / 1_000),
          ...(aborted ? { aborted } : {}),
        };
        const level = aborted ? 'warn' : response.statusCode >= 500 ? 'error' : 'info';
        options.logger[level](aborted ? 'request aborted' : 'request completed', fields);
      } catch {
        // A logger, a filter or a router's label that throws here would end the process: nobody is left to catch it.
      }
    });
  };
  response.once('finish', () => finish(false));
  response.once('close', () => finish(!response.writableFinished));
  return exchange;
};
