import { expect, it } from '@jest/globals';
import {
  bulkhead,
  circuitBreaker,
  compose,
  fallback,
  hedge,
  type Policy,
  pipeline,
  retry,
  timeout,
} from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

// What two policies make of each other, by which of them is further out.
const down = (): never => {
  throw new Error('down');
};

it('a breaker around a retry counts one failure for all attempts, one inside counts each', async () => {
  for (const [outside, failures] of [
    [true, 1],
    [false, 3],
  ] as const) {
    const breaker = circuitBreaker({ failureThreshold: 9 });
    const attempts = retry({ maxAttempts: 3, initialDelayMs: 0 });
    const policy = outside ? compose(breaker, attempts) : compose(attempts, breaker);
    await policy.execute(down).catch(() => {});
    expect(breaker.snapshot()).toMatchObject({ window: { failures } });
  }
});

it('a retry waits as long as the open circuit inside asks, and its next attempt is the probe', async () => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({ failureThreshold: 1, openMs: 500, clock: time.clock });
  const attempts = retry({
    maxAttempts: 3,
    initialDelayMs: 10,
    jitter: 'none',
    retryRejections: true,
    ...time.time,
  });
  const delays: number[] = [];
  attempts.on('retry', ({ delayMs }) => delays.push(delayMs));
  let calls = 0;
  const call = outcomeOf(compose(attempts, breaker).execute(() => (++calls === 1 ? down() : 'back')));
  await time.advance(10);
  expect([calls, breaker.state]).toEqual([1, 'open']);
  await time.advance(490);
  expect([call.value, calls, delays, breaker.state]).toEqual(['back', 2, [10, 490], 'closed']);
});

it('a bulkhead inside a retry frees its slot in the backoff, one around it does not', async () => {
  for (const inside of [true, false]) {
    const time = new VirtualClock();
    const slots = bulkhead({ maxConcurrent: 1 });
    const attempts = retry({ initialDelayMs: 100, jitter: 'none', ...time.time });
    const policy = inside ? compose(attempts, slots) : compose(slots, attempts);
    outcomeOf(policy.execute(down));
    await settle();
    expect([slots.snapshot().running, time.pending]).toEqual([inside ? 0 : 1, 1]);
  }
});

it('each failing leg of a hedge counts in the breaker inside, one call in the breaker outside', async () => {
  const time = new VirtualClock();
  const [outer, inner] = [circuitBreaker(), circuitBreaker()];
  const gates: PromiseWithResolvers<never>[] = [];
  const race = hedge({ delayMs: 10, maxHedges: 2, idempotent: true, ...time.time });
  const call = outcomeOf(
    compose(outer as Policy, race, inner).execute(() => {
      gates.push(deferred<never>());
      return gates.at(-1)!.promise;
    }),
  );
  await time.advance(20);
  for (const gate of gates) gate.reject(new Error('down'));
  await settle();
  expect([call.status, gates.length]).toEqual(['rejected', 3]);
  expect(inner.snapshot()).toMatchObject({ window: { failures: 3 } });
  expect(outer.snapshot()).toMatchObject({ window: { failures: 1 } });
});

it('a result that comes after the circuit has changed its state counts in stats() alone', async () => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({ failureThreshold: 2, openMs: 10, clock: time.clock });
  const [good, bad] = [deferred<string>(), deferred<never>()];
  const late = [good, bad].map(({ promise }) => outcomeOf(breaker.execute(() => promise as Promise<string>)));
  breaker.isolate().dispose();
  await breaker.execute(down).catch(() => {});
  good.resolve('late');
  bad.reject(new Error('late'));
  await settle();
  expect(late.map(({ status }) => status)).toEqual(['resolved', 'rejected']);
  expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { failures: 1 } });
  expect(breaker.stats()).toMatchObject({ calls: 3, successes: 1, failures: 2 });
});

const FALSY = [undefined, null, 0, '', false, Number.NaN];

it('a falsy error is an error to breaker, fallback, stats and listeners', async () => {
  for (const value of FALSY) {
    for (const heard of [false, true]) {
      const breaker = circuitBreaker({ failureThreshold: 1 });
      const errors: unknown[] = [];
      if (heard) breaker.on('failure', ({ error }) => errors.push(error));
      await expect(breaker.execute(() => Promise.reject(value))).rejects.toBe(value);
      expect([breaker.state, breaker.stats().failures, errors]).toEqual(['open', 1, heard ? [value] : []]);
      await expect(fallback('answer').execute(() => Promise.reject(value))).resolves.toBe('answer');
      const whole = pipeline({ fallback: () => 'answer', circuitBreaker: { failureThreshold: 1 } });
      await expect(whole.execute(() => Promise.reject(value))).resolves.toBe('answer');
      expect(whole.circuitBreaker.state).toBe('open');
      const slots = bulkhead({ maxConcurrent: 1 });
      await slots.execute(() => Promise.reject(value)).catch(() => {});
      expect(slots.stats()).toMatchObject({ successes: 0, failures: 1 });
    }
  }
});

it('a falsy result is a result', async () => {
  for (const value of FALSY) {
    const whole = pipeline({ fallback: () => 'answer', retry: {}, circuitBreaker: { failureThreshold: 1 } });
    await expect(whole.execute(() => value)).resolves.toBe(value);
    expect(whole.stats()).toMatchObject({ successes: 1, failures: 0, retries: 0 });
  }
});

it('a thenable is adopted once, alone, as a part, with a signal, and inside of layers', async () => {
  const policies: Policy[] = [
    retry(),
    circuitBreaker(),
    timeout(1e6),
    bulkhead({ maxConcurrent: 1 }),
    fallback(1),
  ].map((policy) => policy as Policy);
  policies.push(hedge({ delayMs: 1e6, idempotent: true }) as Policy);
  for (const policy of [...policies, compose(...policies)]) {
    for (const signal of [undefined, new AbortController().signal]) {
      let adopted = 0;
      const thenable = {
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested here.
        then: (resolve: (value: string) => void) => {
          adopted++;
          resolve('value');
        },
      };
      await expect(policy.execute(() => thenable as unknown as Promise<string>, signal)).resolves.toBe(
        'value',
      );
      expect(adopted).toBe(1);
    }
  }
});

it('a limit with a fraction is never early', async () => {
  for (const ms of [1.9, 2.5, 4.99]) {
    const start = performance.now();
    await timeout(ms)
      .execute(() => new Promise(() => {}))
      .catch(() => {});
    expect(performance.now() - start).toBeGreaterThanOrEqual(ms);
  }
});

it('an hour, a month or a thousand years of silence cost a window ten steps', async () => {
  for (const idle of [3_600_000, 2.6e9, 3.15e13]) {
    const time = new VirtualClock();
    const window = { type: 'time', sizeMs: 10, failureRate: 1, minimumCalls: 2 } as const;
    const breaker = circuitBreaker({ window, clock: time.clock });
    await breaker.execute(down).catch(() => {});
    time.now = idle;
    const start = performance.now();
    await breaker.execute(down).catch(() => {});
    expect(performance.now() - start).toBeLessThan(250);
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { calls: 1 } });
  }
});
