import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import express from 'express';
import { levelHandler } from '../src/http.ts';
import { createLogger, levelReport } from '../src/index.ts';
import { ManualTime } from './manual-time.ts';

const closing: Array<() => Promise<unknown>> = [];
const everyone = levelHandler({ authorize: () => true });
const url = 'http://levels.test/levels';

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await everyone(new Request(url, { method: 'DELETE' }));
});

const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/levels`;
};

const put = (body: unknown, method = 'PUT'): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const logger = createLogger({ name: 'handled.one' });

/** The three kinds of servers it has to work in. */
const kinds: Array<[string, () => Promise<(init?: RequestInit, search?: string) => Promise<Response>>]> = [
  [
    'fetch',
    async () =>
      (init, search = '') =>
        everyone(new Request(url + search, init)),
  ],
  [
    'node http',
    async () => {
      const base = await serve((request, response) => void everyone(request, response));
      return (init, search = '') => fetch(base + search, init);
    },
  ],
  [
    'express behind a body parser',
    async () => {
      const app = express();
      app.use(express.json());
      app.use(
        '/levels',
        (request: unknown, response: unknown) => void everyone(request as never, response as never),
      );
      const base = await serve(app as never);
      return (init, search = '') => fetch(base + search, init);
    },
  ],
];

it.each(kinds)('shows, changes and takes back levels: %s', async (_name, make) => {
  const ask = await make();
  const shown = await ask();
  expect(shown.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(shown.headers.get('cache-control')).toBe('no-store');
  expect(await shown.json()).toMatchObject({ loggers: { 'handled.one': 'info' }, changes: [] });

  const changed = await ask(put({ pattern: 'handled.*', level: 'debug', forMs: 60_000 }));
  expect(changed.status).toBe(200);
  expect(await changed.json()).toMatchObject({
    loggers: { 'handled.one': 'debug' },
    changes: [{ pattern: 'handled.*', level: 'debug', source: 'http', until: expect.any(String) }],
  });
  // In the place of the first one, not on top of it.
  await ask(put({ pattern: 'handled.*', level: 'error' }, 'POST'));
  await ask(put({ level: 'http' }));
  expect(levelReport().changes.map(({ pattern, level }) => [pattern, level])).toEqual([
    ['handled.*', 'error'],
    ['*', 'http'],
  ]);
  expect(logger.level).toBe('error');

  expect((await ask({ method: 'DELETE' }, '?pattern=handled.*')).status).toBe(200);
  expect(logger.level).toBe('http');
  const again = await ask({ method: 'DELETE' }, '?pattern=handled.*');
  expect([again.status, await again.json()]).toEqual([404, expect.objectContaining({ field: 'pattern' })]);
  expect((await ask({ method: 'DELETE' })).status).toBe(200);
  expect(logger.level).toBe('info');

  const head = await ask({ method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  const wrong = await ask({ method: 'PATCH' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT, POST, DELETE']);
});

it.each(kinds)('answers bad input naming the field, and changes nothing: %s', async (_name, make) => {
  const ask = await make();
  const errors: Array<[number, unknown]> = [];
  for (const body of [
    { level: 'loud' },
    { pattern: '', level: 'debug' },
    { pattern: ['*'], level: 'debug' },
    { level: 'debug', forMs: '60' },
    { level: 'debug', forMs: 1e12 },
    { level: 'debug', minutes: 5 },
    {},
    [],
  ]) {
    const answer = await ask(put(body));
    errors.push([answer.status, ((await answer.json()) as { field?: string }).field]);
  }
  expect(errors).toEqual(
    ['level', 'pattern', 'pattern', 'forMs', 'forMs', 'minutes', 'level', undefined].map((field) => [
      400,
      field,
    ]),
  );
  expect(levelReport().changes).toEqual([]);
});

it.each(kinds.slice(0, 2))(
  'caps the body, and wants JSON by its type and its text: %s',
  async (_name, make) => {
    const ask = await make();
    const long = await ask(put({ level: 'debug', pattern: 'x'.repeat(5_000) }));
    const form = await ask({
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{"level":"debug"}',
    });
    const broken = await ask(put('{"level":'));
    const empty = await ask(put(''));
    expect([long, form, broken, empty].map(({ status }) => status)).toEqual([413, 415, 400, 400]);
    expect(levelReport().changes).toEqual([]);
  },
);

it.each<[string, () => unknown]>([
  ['false', () => false],
  ['truthy, but not true', () => 'yes'],
  ['a promise of false', () => Promise.resolve(false)],
  [
    'a throw',
    () => {
      throw new Error('no');
    },
  ],
  ['a rejection', () => Promise.reject(new Error('no'))],
])('lets nobody pass without true from authorize: %s', async (_name, authorize) => {
  const handler = levelHandler({ authorize: authorize as never });
  const base = await serve((request, response) => void handler(request, response));
  const answers = [
    await handler(new Request(url)),
    await handler(new Request(url, put({ level: 'debug' }))),
    await fetch(base, put({ level: 'debug' })),
    await fetch(base),
  ];
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  expect(await answers[0]!.json()).toEqual({ error: 'forbidden' });
  expect(levelReport().changes).toEqual([]);
});

it('asks authorize before it reads the body, with the request itself', async () => {
  let bodyUsed: boolean | undefined;
  const request = new Request(url, put({ level: 'debug' }));
  const handler = levelHandler({
    authorize: (given) => {
      bodyUsed = given === request && request.bodyUsed;
      return false;
    },
  });
  await handler(request);
  expect([bodyUsed, request.bodyUsed]).toEqual([false, false]);
});

it('ends a change by itself after forMs', async () => {
  const time = new ManualTime(0);
  const handler = levelHandler({ authorize: () => true, schedule: time.later });
  await handler(new Request(url, put({ pattern: 'handled.*', level: 'debug', forMs: 1_000 })));
  expect(logger.level).toBe('debug');
  time.pass(1_000);
  expect(logger.level).toBe('info');
  expect((await handler(new Request(`${url}?pattern=handled.*`, { method: 'DELETE' }))).status).toBe(404);
});

it.each<[string, () => unknown, string]>([
  [
    'authorize',
    () => levelHandler({} as never),
    'authorize must be a function that says who may change levels',
  ],
  [
    'maxBodyBytes',
    () => levelHandler({ authorize: () => true, maxBodyBytes: 0 }),
    'maxBodyBytes must be an integer >= 1',
  ],
  [
    'schedule',
    () => levelHandler({ authorize: () => true, schedule: 1 as never }),
    'schedule must be a function',
  ],
  [
    'unknown',
    () => levelHandler({ authorise: () => true } as never),
    'levelHandler has no option "authorise"',
  ],
])('refuses a wrong %s', (_name, make, message) => {
  expect(make).toThrow(message);
});
