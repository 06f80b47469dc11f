import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import type { HttpLoggingOptions } from '../src/http.ts';
import type { Logger } from '../src/index.ts';
import { type Capture, captured } from './capture.ts';

const closing: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Closes a server at the end of the test, and its connections first. */
export const closeLater = (server: Server): void => {
  closing.push(
    () => server.closeAllConnections(),
    () => new Promise((resolve) => server.close(resolve)),
  );
};

export const serve = async (
  handler?: RequestListener,
): Promise<{ server: Server; url: string; port: number }> => {
  const server = createServer(handler ?? (() => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeLater(server);
  const { port } = server.address() as AddressInfo;
  return { server, port, url: `http://127.0.0.1:${port}` };
};

const endings = ['request completed', 'request aborted', 'connection closed'];

interface Watched<Incoming> extends Capture {
  logger: Logger;
  options: HttpLoggingOptions<Incoming>;
  /** The lines of requests, once there are as many. */
  lines(count?: number): Promise<Array<Record<string, unknown>>>;
}

/** Options whose clock goes on by 5 ms a look, and the lines that come of them. */
export const watched = <Incoming = IncomingMessage>(
  options: HttpLoggingOptions<Incoming> = {},
): Watched<Incoming> => {
  const seen = captured();
  let now = 0;
  let made = 0;
  return {
    ...seen,
    options: { logger: seen.logger, clock: () => (now += 5), generateId: () => `made-${++made}`, ...options },
    lines: async (count = 1) => {
      for (;;) {
        const lines = seen.records().filter(({ message }) => endings.includes(String(message)));
        if (lines.length >= count) return lines;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
};
