import { expect, it } from '@jest/globals';
import { ConsecutiveBreaker, circuitBreaker as cockatielBreaker, handleAll } from 'cockatiel';
import {
  adaptiveConcurrency,
  bulkhead,
  circuitBreakers,
  HealthRegistry,
  hedge,
  pipeline,
  rateLimit,
  retry,
} from '../src/index.ts';
import { deferred, settle, VirtualClock } from './virtual-clock.ts';

const look = async (source: object) => {
  const registry = new HealthRegistry();
  registry.register('it', source);
  return (await registry.report()).checks['it']!;
};

it('reads a bulkhead: unknown before traffic, up while there is room, degraded when the next call would be refused', async () => {
  const slots = bulkhead({ maxConcurrent: 1, maxQueue: 1 });
  const gate = deferred<void>();
  expect(await look(slots)).toMatchObject({ status: 'unknown', message: 'no call yet' });
  const calls = [slots.execute(() => gate.promise)];
  expect(await look(slots)).toMatchObject({ status: 'up' });
  calls.push(slots.execute(() => gate.promise));
  expect(await look(slots)).toMatchObject({ status: 'degraded', message: 'bulkhead full' });
  gate.resolve();
  await Promise.all(calls);
  expect(await look(slots)).toMatchObject({ status: 'up' });
});

it('reads a pipeline by the worse of its circuit and its bulkhead', async () => {
  const gate = deferred<void>();
  const whole = pipeline({ bulkhead: { maxConcurrent: 1 }, circuitBreaker: { failureThreshold: 1 } });
  expect(await look(whole)).toMatchObject({ status: 'unknown' });
  const call = whole.execute(() => gate.promise);
  expect(await look(whole)).toMatchObject({ status: 'degraded', message: 'bulkhead full' });
  gate.reject(Object.assign(new Error('pw=secret'), { code: 'ECONNRESET' }));
  await call.catch(() => {});
  await settle();
  const found = await look(whole);
  expect(found).toMatchObject({ status: 'down', message: 'circuit open', lastError: { code: 'ECONNRESET' } });
  expect(JSON.stringify(found)).not.toContain('secret');
});

it('reads a breaker of cockatiel', async () => {
  const theirs = cockatielBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(1) });
  expect(await look(theirs)).toMatchObject({ status: 'up' });
  await theirs.execute(() => Promise.reject(new Error('x'))).catch(() => {});
  expect(await look(theirs)).toMatchObject({ status: 'down', message: 'circuit open' });
});

it.each([
  [{ snapshot: () => ({ status: 'degraded', message: 'lagging' }) }, 'degraded'],
  [{ snapshot: () => ({ state: 'half-open' }) }, 'degraded'],
  [{ snapshot: () => ({ running: 2, maxConcurrent: 2 }) }, 'degraded'],
  [{ snapshot: () => ({ anything: 1 }) }, 'unknown'],
  [{ snapshot: () => undefined }, 'unknown'],
  [{ state: 'disabled' }, 'unknown'],
  [{ state: 'new-fangled' }, 'unknown'],
])('reads anything that shows a state (%#)', async (source, status) => {
  expect((await look(source)).status).toBe(status);
});

it('is down with a code when looking at a source throws', async () => {
  const source = {
    get state(): string {
      throw new RangeError('secret');
    },
  };
  expect(await look(source)).toMatchObject({ status: 'down', message: 'check failed: RangeError' });
});

it('reads an adaptive concurrency as a bulkhead of the size that it has found', async () => {
  const slots = adaptiveConcurrency({ max: 1 });
  expect(await look(slots)).toMatchObject({ status: 'unknown', message: 'no call yet' });
  const gate = deferred<void>();
  const call = slots.execute(() => gate.promise);
  expect(await look(slots)).toMatchObject({ status: 'degraded', message: 'bulkhead full' });
  gate.resolve();
  await call;
  expect(await look(slots)).toMatchObject({ status: 'up' });
});

it('reads a rate limit: degraded when the next call would be refused', async () => {
  const time = new VirtualClock();
  const rate = rateLimit({ limit: 1, perMs: 1_000, ...time.time });
  expect(await look(rate)).toMatchObject({ status: 'unknown' });
  await rate.execute(() => 1);
  expect(await look(rate)).toMatchObject({ status: 'degraded', message: 'rate used up' });
  rate.configure({ maxQueue: 1 });
  expect(await look(rate)).toMatchObject({ status: 'up' });
  rate.configure({ maxQueue: 0 });
  time.now = 1_000;
  expect(await look(rate)).toMatchObject({ status: 'up' });
});

it('reads breakers by key: some not closed is degraded, all open is down', async () => {
  const hosts = circuitBreakers({ failureThreshold: 1 });
  expect(await look(hosts)).toMatchObject({ status: 'unknown', message: 'no call yet' });
  const fail = (key: string) => hosts.execute(key, () => Promise.reject(new Error('down'))).catch(() => {});
  await hosts.execute('a', () => 1);
  expect(await look(hosts)).toMatchObject({ status: 'up' });
  await fail('b');
  expect(await look(hosts)).toMatchObject({ status: 'degraded', message: '1 of 2 circuits not closed' });
  await fail('a');
  expect(await look(hosts)).toMatchObject({ status: 'down', message: '2 of 2 circuits not closed' });
});

it.each([retry(), hedge({ idempotent: true, delayMs: 5 })])(
  'refuses a policy whose snapshot tells no status, which would be unknown for ever (%#)',
  (policy) => {
    expect(() => new HealthRegistry().register('it', policy)).toThrow(
      'the source of "it" must be a function, a circuit breaker, a bulkhead',
    );
  },
);

it('refuses a pipeline that shows neither circuit nor bulkhead', () => {
  const time = new VirtualClock();
  const registry = new HealthRegistry(time.time);
  expect(() => registry.register('p', pipeline({ timeoutMs: 5 }))).toThrow(
    'the source of "p" must be a function, a circuit breaker, a bulkhead, an adaptive concurrency',
  );
});
