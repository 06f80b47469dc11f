import { createHmac } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { type FetchLike, webhookSink } from '../src/alerts.ts';
import { staged } from './alert-doubles.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

type Init = Parameters<FetchLike>[1];

/** A receiver that answers by a list, then 204; `hang` never answers and heeds its signal. */
class Receiver {
  readonly requests: { url: string; init: Init }[] = [];
  readonly #answers: (number | Error | 'hang')[];
  readonly headers: Record<string, string>;

  constructor(answers: (number | Error | 'hang')[] = [], headers: Record<string, string> = {}) {
    this.#answers = answers;
    this.headers = headers;
  }

  readonly fetch: FetchLike = async (url, init) => {
    this.requests.push({ url, init });
    const answer = this.#answers.shift() ?? 204;
    if (answer instanceof Error) throw answer;
    if (answer === 'hang')
      return new Promise((_, reject) =>
        init.signal.addEventListener('abort', () => reject(init.signal.reason)),
      );
    return new Response(null, { status: answer, headers: this.headers });
  };
}

const url = 'https://hooks.example/T0KEN';

const setUp = (receiver: Receiver, options: object = {}) => {
  const time = new VirtualClock();
  const sink = webhookSink({
    ...time.time,
    url,
    fetch: receiver.fetch,
    random: () => 1,
    now: () => 1_700_000_000_123,
    ...options,
  });
  const { circuits, watch } = staged(['db'], { ...time.time, sinks: [sink] });
  const failures: { code: string }[] = [];
  watch.on('alert-failure', (failure) => failures.push(failure));
  return { time, db: circuits[0]!, watch, failures };
};

it('posts the notice as JSON', async () => {
  const receiver = new Receiver();
  const { db, watch } = setUp(receiver, { headers: { Authorization: 'Bearer x' } });
  db.go('open');
  await watch.flush();
  const [{ url: to, init }] = receiver.requests as [Receiver['requests'][number]];
  const sent = JSON.parse(init.body);
  expect(to).toBe(url);
  expect(sent).toMatchObject({ type: 'opened', policy: 'db', text: 'Circuit "db" is open' });
  expect(init).toMatchObject({ method: 'POST', redirect: 'manual' });
  expect(init.headers).toEqual({
    'content-type': 'application/json',
    authorization: 'Bearer x',
    'webhook-id': sent.id,
  });
});

it('signs as Standard Webhooks do, with the id of the notice on every try', async () => {
  const receiver = new Receiver([503]);
  const secret = Buffer.from('a key of twenty-four bytes').toString('base64');
  const { time, db } = setUp(receiver, { signingSecret: `whsec_${secret}` });
  db.go('open');
  await time.advance(500);
  expect(receiver.requests).toHaveLength(2);
  for (const { init } of receiver.requests) {
    const id = JSON.parse(init.body).id;
    const expected = createHmac('sha256', 'a key of twenty-four bytes')
      .update(`${id}.1700000000.${init.body}`)
      .digest('base64');
    expect(init.headers).toMatchObject({
      'webhook-id': id,
      'webhook-timestamp': '1700000000',
      'webhook-signature': `v1,${expected}`,
    });
  }
});

it('tries again, later and later, what may pass', async () => {
  const receiver = new Receiver([503, new TypeError('fetch failed'), 'hang', 200]);
  const { time, db, watch } = setUp(receiver, { attemptTimeoutMs: 100 });
  db.go('open');
  const counts: number[] = [];
  for (const ms of [0, 499, 1, 999, 1, 100, 1_999, 1]) {
    await time.advance(ms);
    counts.push(receiver.requests.length);
  }
  expect(counts).toEqual([1, 1, 2, 2, 3, 3, 3, 4]);
  expect(watch.snapshot().sinks['webhook']).toMatchObject({ delivered: 1, failed: 0 });
  expect(time.pending).toBe(0);
});

it.each([400, 401, 404, 410, 302])('does not try %d again', async (status) => {
  const receiver = new Receiver([status]);
  const { time, db, failures } = setUp(receiver);
  db.go('open');
  await time.advance(60_000);
  expect(receiver.requests).toHaveLength(1);
  expect(failures).toMatchObject([{ sink: 'webhook', code: `HTTP_${status}` }]);
});

it.each([
  ['2', 2_000],
  ['Tue, 14 Nov 2023 22:13:23 GMT', 2_877],
  ['soon', 500],
])('waits as long as Retry-After: %s says', async (header, ms) => {
  const receiver = new Receiver([429], { 'retry-after': header });
  const { time, db } = setUp(receiver);
  db.go('open');
  await time.advance(ms - 1);
  expect(receiver.requests).toHaveLength(1);
  await time.advance(1);
  expect(receiver.requests).toHaveLength(2);
});

it('gives up after maxAttempts and after timeoutMs', async () => {
  const many = new Receiver([500, 500, 500, 500, 500]);
  const first = setUp(many, { maxAttempts: 2 });
  first.db.go('open');
  await first.time.advance(60_000);
  expect(many.requests).toHaveLength(2);
  expect(first.failures).toMatchObject([{ code: 'HTTP_500' }]);
  const slow = new Receiver(['hang', 'hang', 'hang']);
  const second = setUp(slow, { attemptTimeoutMs: 5_000, timeoutMs: 6_000 });
  second.db.go('open');
  await second.time.advance(6_000);
  expect(second.failures).toMatchObject([{ code: 'TimeoutError' }]);
  await second.time.advance(60_000);
  expect(slow.requests).toHaveLength(2);
  expect(second.time.pending).toBe(0);
});

it('sends the body that it is told to, and nothing when there is none', async () => {
  const receiver = new Receiver();
  const { db, watch, failures } = setUp(receiver, {
    body: ({ text, type }: { text: string; type: string }) => (type === 'opened' ? { text } : undefined),
  });
  db.go('open');
  db.go('closed');
  await watch.flush();
  expect(receiver.requests.map(({ init }) => init.body)).toEqual(['{"text":"Circuit \\"db\\" is open"}']);
  expect(failures).toMatchObject([{ code: 'NO_BODY' }]);
});

it('lets no secret into events, channels and errors, whatever the transport says', async () => {
  const heard: unknown[] = [];
  const hear = (payload: unknown): void => void heard.push(payload);
  const channels = ['retry', 'failure', 'alert', 'alert-failure', 'timeout', 'error'];
  for (const each of channels) subscribe(`agent4:resilience:${each}`, hear);
  const cause = Object.assign(new Error(`no route to ${url} with s3cret`), { code: 'EHOSTUNREACH' });
  const receiver = new Receiver([
    new TypeError(`fetch ${url} failed`, { cause }),
    new TypeError(url),
    500,
    'hang',
  ]);
  const { time, db, failures } = setUp(receiver, { signingSecret: 's3cret', headers: { 'x-key': 's3cret' } });
  db.go('open');
  await time.advance(60_000);
  for (const each of channels) unsubscribe(`agent4:resilience:${each}`, hear);
  expect(failures).toHaveLength(1);
  const told = heard.map((each) => {
    const { error } = each as { error?: Error };
    return JSON.stringify([each, error?.message, error?.stack, error?.cause]);
  });
  expect(told.join()).toContain('EHOSTUNREACH');
  expect(told.join()).not.toMatch(/s3cret|T0KEN|hooks\.example/);
});

it('works with the fetch of the platform', async () => {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    bodies.push(body);
    response.statusCode = bodies.length === 1 ? 503 : 200;
    response.end('thanks');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { circuits, watch } = staged(['db'], {
    timers: { setTimeout, clearTimeout } as never,
    sinks: [webhookSink({ url: `http://127.0.0.1:${port}/`, initialDelayMs: 1 })],
  });
  circuits[0]!.go('open');
  expect(await watch.flush()).toBe(true);
  await settle();
  server.close();
  server.closeAllConnections();
  expect(bodies).toHaveLength(2);
  expect(JSON.parse(bodies[1]!)).toMatchObject({ type: 'opened' });
  expect(watch.snapshot().sinks['webhook']).toMatchObject({ delivered: 1 });
});

it.each<[object, string]>([
  [{ url: 'hooks/T0KEN' }, 'url must be an absolute http or https address'],
  [{ url: 'file:///T0KEN' }, 'url must be an absolute http or https address'],
  [{ url: 'https://u:T0KEN@host' }, 'url must not hold user and password'],
  [
    { headers: { 'x key': 'T0KEN' } },
    'headers must be names and values of HTTP, and "x key" or its value is not',
  ],
  [{ headers: { key: 'T0KEN\r\nx: y' } }, 'headers must be names and values of HTTP, and "key"'],
  [{ headers: 'T0KEN' }, 'headers must be an object'],
  [{ signingSecret: '' }, 'signingSecret must be text that is not empty'],
  [{ signingSecret: 'whsec_' }, 'signingSecret must hold base64 after whsec_'],
  [{ secret: 'T0KEN' }, 'webhookSink has no option "secret"'],
  [{ maxAttempts: 0 }, 'maxAttempts must be an integer >= 1, got 0'],
  [{ attemptTimeoutMs: -1 }, 'attemptTimeoutMs must be a number of milliseconds > 0'],
  [{ fetch: 'fetch' }, 'fetch must be a function, got "fetch"'],
])('refuses options that make no sense, without showing them (%#)', (options, message) => {
  let thrown: unknown;
  try {
    webhookSink({ url, ...options } as never);
  } catch (error) {
    thrown = error;
  }
  expect((thrown as Error).message).toContain(message);
  expect((thrown as Error).message).not.toContain('T0KEN');
});
