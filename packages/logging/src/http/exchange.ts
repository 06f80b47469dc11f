import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { CorrelationContext } from '../context.ts';
import type { ReadHeader } from '../trace/extract.ts';
import { clientAddress } from './client-address.ts';
import type { FullOptions } from './options.ts';
import { type Run, requestContext, timeOf } from './request-context.ts';
import { type RouteOf, type Told, tell } from './request-line.ts';
import { loggedUrl } from './url.ts';

/** One request and its response: runs work in its context, and logs one line when it is over. */
export interface Exchange {
  readonly correlationId: string;
  readonly run: Run;
}

/** Has node taken the request for an upgrade and given its socket away? */
export const isUpgraded = (request: IncomingMessage): boolean =>
  (request as { upgrade?: unknown }).upgrade === true;

const exchanges = new WeakMap<IncomingMessage, Exchange>();

export const knownExchange = (request: IncomingMessage): Exchange | undefined => exchanges.get(request);

const headerOf =
  (request: IncomingMessage): ReadHeader =>
  (name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : undefined;
  };

/**
 * Begins the context of a request. `tellOnce` writes its line; only the first end counts.
 * @param shown The request as `ignore` and `levelFor` know it.
 */
export const begin = (
  request: IncomingMessage,
  options: FullOptions,
  route: RouteOf,
  shown: unknown = request,
): Exchange & { tellOnce(end: Told['end'], status: number | undefined): void } => {
  const since = timeOf(options);
  const { correlationId, run } = requestContext(headerOf(request), options, shown);
  exchanges.set(request, { correlationId, run });
  const read = headerOf(request);
  const { method } = request;
  const url = loggedUrl((request as { originalUrl?: string }).originalUrl ?? request.url ?? '');
  // Both are gone from a socket that is closed.
  const socket = request.socket as Socket | undefined;
  const ip = options.include.has('ip')
    ? clientAddress(socket?.remoteAddress, read('x-forwarded-for'), options.trusts)
    : undefined;
  // A connection serves one request after another; of HTTP/2 several at once, so that none has a number of its own.
  const written = request.httpVersionMajor === 1 ? socket?.bytesWritten : undefined;
  let over = false;
  const tellOnce = (end: Told['end'], status: number | undefined): void => {
    if (over) return;
    over = true;
    const bytesSent = written === undefined ? undefined : (socket?.bytesWritten ?? 0) - written;
    const extras = { ip, userAgent: read('user-agent'), bytesSent };
    run(() => tell(options, { request: shown, method, route, url, status, since, end, extras }));
  };
  return { correlationId, run, tellOnce };
};

/** HTTP/2 says `finish` of every stream, those that were reset too. */
const cut = (response: ServerResponse): boolean => {
  const { rstCode = 0 } = (response as { stream?: { rstCode?: number } }).stream ?? {};
  return rstCode !== 0;
};

/** Begins the exchange, or gives the one that an outer middleware has begun. */
export const exchangeOf = (
  request: IncomingMessage,
  response: ServerResponse,
  options: FullOptions,
  route: RouteOf,
  shown?: unknown,
): Exchange => {
  const known = exchanges.get(request);
  if (known !== undefined) return known;
  const { correlationId, run, tellOnce } = begin(request, options, route, shown);

  // On the raw response and at once, so that hijacked and streamed responses carry it.
  if (!response.headersSent) response.setHeader(options.propagation.header, correlationId);

  // Bodies arrive and responses end in events of the socket, which know nothing of our context: parsers would lose it.
  run(() => {
    CorrelationContext.bindEmitter(request);
    CorrelationContext.bindEmitter(response);
    // An upgraded socket serves nobody else from here on, and its messages are its events.
    if (isUpgraded(request)) CorrelationContext.bindEmitter(request.socket);
  });

  response.once('finish', () => tellOnce(cut(response) ? 'aborted' : 'completed', response.statusCode));
  response.once('close', () => {
    if (response.writableFinished) tellOnce('completed', response.statusCode);
    // Frameworks for websockets put a response of their own in front of the socket, and never use it.
    else if (isUpgraded(request) && !response.headersSent) tellOnce('upgraded', 101);
    // Until the head is out there is no status, only node's 200 in waiting.
    else tellOnce('aborted', response.headersSent ? response.statusCode : undefined);
  });
  return { correlationId, run };
};
