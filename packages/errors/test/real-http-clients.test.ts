import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import got from 'got';
import ky from 'ky';
import nodeFetch from 'node-fetch';
import { Agent, interceptors, request } from 'undici';
import { classify } from '../src/index.ts';
import {
  answered,
  cancelled,
  closedPort,
  dropped,
  errorOf,
  late,
  listen,
  refused,
  type Verdict,
  verdictOf,
} from './real-servers.ts';

const server = createServer(({ url = '' }, response) => {
  const path = url.slice(1);
  if (path === 'loop') response.writeHead(302, { location: '/loop' }).end();
  else if (path === 'cut')
    response.writeHead(200, { 'content-length': '10' }).write('x', () => response.destroy());
  else if (path === 'text') response.end('no JSON');
  else if (path !== 'hang') response.writeHead(Number(path), { 'retry-after': '2' }).end('{}');
});
let base: string;
let closed: string;
beforeAll(async () => {
  base = `http://127.0.0.1:${await listen(server)}`;
  closed = `http://127.0.0.1:${await closedPort()}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const aborted = (): AbortSignal => AbortSignal.abort();
const looping: Verdict = ['EXTERNAL_SERVICE', 'FAILED_PRECONDITION', 502, 'never', 'error'];
const garbled: Verdict = ['EXTERNAL_SERVICE', 'UNAVAILABLE', 502, 'never', 'error'];
const throwing = new Agent().compose(interceptors.responseError());

const clients = {
  got: (url: string) => got(url, { retry: { limit: 0 } }).json(),
  ky: (url: string) => ky(url, { retry: 0 }).json(),
  undici: (url: string) => request(url, { dispatcher: throwing }),
};
describe.each(Object.entries(clients))('%s', (_, get) => {
  it.each(['400', '401', '403', '404', '429', '500', '503', '529'] as const)(
    'an answer of %s',
    async (status) => {
      expect(await verdictOf(() => get(`${base}/${status}`))).toEqual(answered[status]);
    },
  );

  it('a limit comes with its wait', async () => {
    expect(classify(await errorOf(() => get(`${base}/429`))).retry.afterMs).toBe(2000);
  });
});

it.each<[string, () => unknown, Verdict]>([
  ['got: a closed port', () => clients.got(closed), refused],
  [
    'got: no answer in time',
    () => got(`${base}/hang`, { retry: { limit: 0 }, timeout: { request: 10 } }),
    late,
  ],
  ['got: a call given up', () => got(`${base}/hang`, { signal: aborted() }), cancelled],
  ['got: a body cut short', () => clients.got(`${base}/cut`), dropped],
  ['got: redirects without end', () => clients.got(`${base}/loop`), looping],
  ['got: an answer that is no JSON is no fault of our caller', () => clients.got(`${base}/text`), garbled],
  ['ky: a closed port', () => clients.ky(closed), refused],
  [
    'ky: its own deadline',
    () => ky(`${base}/hang`, { retry: 0, timeout: 10 }),
    ['TIMEOUT', 'DEADLINE_EXCEEDED', 504, 'idempotent-only', 'warning'],
  ],
  ['ky: a call given up', () => ky(`${base}/hang`, { signal: aborted() }), cancelled],
  ['ky: a body cut short', () => clients.ky(`${base}/cut`), dropped],
  ['ky: redirects without end', () => clients.ky(`${base}/loop`), looping],
  ['node-fetch: a closed port', () => nodeFetch(closed), refused],
  ['node-fetch: a call given up', () => nodeFetch(`${base}/hang`, { signal: aborted() }), cancelled],
  ['node-fetch: a body cut short', () => nodeFetch(`${base}/cut`).then((one) => one.text()), dropped],
  ['node-fetch: redirects without end', () => nodeFetch(`${base}/loop`), looping],
  ['undici: a closed port', () => request(closed), refused],
  ['undici: no headers in time', () => request(`${base}/hang`, { headersTimeout: 10 }), late],
  ['undici: a call given up', () => request(`${base}/hang`, { signal: aborted() }), cancelled],
  ['undici: a body cut short', () => request(`${base}/cut`).then(({ body }) => body.text()), dropped],
])('%s', async (_name, run, expected) => {
  expect(await verdictOf(run)).toEqual(expected);
});
