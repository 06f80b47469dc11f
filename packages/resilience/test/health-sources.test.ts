import { expect, it } from '@jest/globals';
import { ConsecutiveBreaker, circuitBreaker as cockatielBreaker, handleAll } from 'cockatiel';
import { bulkhead, HealthRegistry, pipeline } from '../src/index.ts';
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

it('refuses a pipeline that shows neither circuit nor bulkhead', () => {
  const time = new VirtualClock();
  const registry = new HealthRegistry(time.time);
  expect(() => registry.register('p', pipeline({ timeoutMs: 5 }))).toThrow(
    'the source of "p" must be a function, a circuit breaker, a bulkhead, or a pipeline with one of them',
  );
});
