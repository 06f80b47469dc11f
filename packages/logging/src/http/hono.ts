import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Exchange, exchangeOf, isUpgraded } from './exchange.ts';
import { type FullOptions, fullOptions, type HttpLoggingOptions } from './options.ts';
import { requestContext, timeOf } from './request-context.ts';
import { type RouteOf, tell } from './request-line.ts';
import { upgradeExchange } from './upgrade.ts';
import { loggedUrl } from './url.ts';

interface Route {
  readonly path: string;
  readonly method: string;
}

/** The part of hono's context that is used here. */
export interface HonoContextLike {
  readonly env: unknown;
  readonly req: {
    readonly raw: Request;
    /** The handlers that fit the address, middleware among them. */
    readonly matchedRoutes?: readonly Route[];
    /** Which of them ran last. */
    readonly routeIndex?: number;
  };
  readonly res: Response;
  header(name: string, value: string): void;
}

/** What @hono/node-server hands on. */
interface NodeBindings {
  incoming?: IncomingMessage;
  outgoing?: ServerResponse;
}

const routeOf = ({ req }: HonoContextLike, status: number | undefined): string | undefined => {
  const last = req.matchedRoutes?.[req.routeIndex ?? 0];
  if (last === undefined) return req.matchedRoutes === undefined ? undefined : '(unmatched)';
  // Where nothing but middleware ran, that is the last one; its pattern says nothing of the address.
  return status === 404 && last.method === 'ALL' && last.path.endsWith('*') ? '(unmatched)' : last.path;
};

/** The exchange with a server of node, if the request came through one. */
const nodeExchange = (context: HonoContextLike, options: FullOptions): Exchange | undefined => {
  const { incoming, outgoing } = (context.env ?? {}) as NodeBindings;
  if (typeof incoming?.headers !== 'object') return undefined;
  const { raw } = context.req;
  const route: RouteOf = (status) => routeOf(context, status);
  if (typeof outgoing?.setHeader === 'function') return exchangeOf(incoming, outgoing, options, route, raw);
  return isUpgraded(incoming) ? upgradeExchange(incoming, incoming.socket, options, route, raw) : undefined;
};

const seen = new WeakSet<Request>();

const fetchExchange = async (
  context: HonoContextLike,
  options: FullOptions,
  next: () => Promise<void>,
): Promise<void> => {
  const { raw } = context.req;
  const since = timeOf(options);
  const { correlationId, run } = requestContext((name) => raw.headers.get(name) ?? undefined, options, raw);
  const { header } = options.propagation;
  const { method } = raw;
  const { pathname, search } = new URL(raw.url);
  const over = (status: number): void =>
    tell(options, {
      request: raw,
      method,
      route: () => routeOf(context, status),
      url: loggedUrl(`${pathname}${search}`),
      status,
      since,
      end: raw.signal?.aborted ? 'aborted' : 'completed',
      extras: { userAgent: raw.headers.get('user-agent') ?? undefined },
    });
  await run(async () => {
    try {
      await next();
    } catch (error) {
      // Hono answers errors itself; what is thrown past it is none, and its server's to answer.
      over(500);
      throw error;
    }
    // A response that switches protocols cannot be made anew, which a header would take.
    const { status, headers } = context.res;
    if (status !== 101 && !headers.has(header)) context.header(header, correlationId);
    over(status);
  });
};

/**
 * A middleware for hono: it does what `httpLogging` does. Under @hono/node-server the line is written when the response has
 * gone out or the client has left, and upgrades have theirs; under any other server when the response is handed over,
 * which for a streamed one is before its end, and without `ip` and `bytesSent`. `ignore` is asked about the fetch `Request`.
 * @throws TypeError naming the option that is unknown or wrong. What later handlers throw passes.
 */
export const honoLogging = (
  options: HttpLoggingOptions<Request> = {},
): ((context: HonoContextLike, next: () => Promise<void>) => Promise<void>) => {
  const full = fullOptions('honoLogging', options);
  return async (context, next) => {
    const onNode = nodeExchange(context, full);
    if (onNode !== undefined) return onNode.run(next);
    // Mounted once more below itself it has nothing to add.
    if (seen.has(context.req.raw)) return next();
    seen.add(context.req.raw);
    return fetchExchange(context, full, next);
  };
};
