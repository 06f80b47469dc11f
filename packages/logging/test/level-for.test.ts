import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { type HttpLoggingOptions, httpLogging } from '../src/http.ts';
import { captured } from './capture.ts';

const closing: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Answers each request after a debug and an info line. @returns the levels of the lines of all of them. */
const levelsOf = async (
  levelFor: HttpLoggingOptions['levelFor'],
  requests: ReadonlyArray<Record<string, string>>,
): Promise<unknown[]> => {
  const { logger, records } = captured();
  const middleware = httpLogging({ logger, levelFor });
  const server = createServer((request, response) =>
    middleware(request, response, async () => {
      await null;
      logger.debug('d');
      response.end();
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  for (const headers of requests) {
    const { port } = server.address() as AddressInfo;
    await (await fetch(`http://127.0.0.1:${port}/`, { headers: { ...headers, connection: 'close' } })).text();
  }
  return records().map(({ level }) => level);
};

it('raises the level of one request and leaves the others alone', async () => {
  const levels = await levelsOf(
    ({ headers }) => (headers['x-debug'] === 'yes' ? 'debug' : undefined),
    [{}, { 'x-debug': 'yes' }, {}],
  );
  expect(levels).toEqual(['info', 'debug', 'info', 'info']);
});

it.each<[string, HttpLoggingOptions['levelFor']]>([
  [
    'throws',
    () => {
      throw new Error('no');
    },
  ],
  ['gives no level', () => 'loud' as never],
])('changes nothing when it %s', async (_name, levelFor) => {
  expect(await levelsOf(levelFor, [{}])).toEqual(['info']);
});

it('must be a function', () => {
  expect(() => httpLogging({ levelFor: 'debug' as never })).toThrow('levelFor must be a function, got debug');
});
