import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CorrelationContext } from '../context.ts';
import { begin, type Exchange, knownExchange } from './exchange.ts';
import { type FullOptions, fullOptions, type HttpLoggingOptions } from './options.ts';
import type { RouteOf } from './request-line.ts';

const statusLine = /^HTTP\/1\.[01] (\d{3})/;

/** Calls `seen` with the first thing that is written. */
const onFirstWrite = (socket: Duplex, seen: (chunk: unknown) => void): void => {
  const { write, end } = socket;
  const watch = (method: typeof write | typeof end): never =>
    function (this: Duplex, ...args: unknown[]): unknown {
      if (args.length > 0 && typeof args[0] !== 'function') {
        socket.write = write;
        socket.end = end;
        seen(args[0]);
      }
      return Reflect.apply(method, this, args);
    } as never;
  socket.write = watch(write);
  socket.end = watch(end);
};

/** Begins the exchange of a request that took its socket over: one line when the socket closes. */
export const upgradeExchange = (
  request: IncomingMessage,
  socket: Duplex,
  options: FullOptions,
  route: RouteOf,
  shown?: unknown,
): Exchange => {
  const known = knownExchange(request);
  if (known !== undefined) return known;
  const { correlationId, run, tellOnce } = begin(request, options, route, shown);
  let status: number | undefined;
  onFirstWrite(socket, (chunk) => {
    const text = typeof chunk === 'string' || chunk instanceof Uint8Array ? String(chunk.slice(0, 16)) : '';
    status = Number(statusLine.exec(text)?.[1] ?? 101);
  });
  run(() => CorrelationContext.bindEmitter(socket));
  socket.once('close', () => {
    if (status === undefined) tellOnce('aborted', undefined);
    else tellOnce(status === 101 ? 'upgraded' : 'completed', status);
  });
  return { correlationId, run };
};

/**
 * For `server.on('upgrade', …)`, which no middleware sees: `logUpgrade(request, socket, next)` calls `next` in the context of
 * the request, in which every event of the socket happens too. One line when the socket closes: `upgraded: true` after a 101,
 * the status of a refusal, `aborted: true` without either.
 * @throws TypeError naming the option that is unknown or wrong. What `next` throws passes.
 */
export const httpUpgradeLogging = (
  options: HttpLoggingOptions = {},
): (<Result>(request: IncomingMessage, socket: Duplex, next: () => Result) => Result) => {
  const full = fullOptions('httpUpgradeLogging', options);
  return (request, socket, next) => upgradeExchange(request, socket, full, () => undefined).run(next);
};
