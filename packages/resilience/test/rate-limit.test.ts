import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  circuitBreaker,
  compose,
  type RateLimitOptions,
  rateLimit,
  retry,
  withDeadline,
} from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (options: Partial<RateLimitOptions> = {}) => {
  const time = new VirtualClock();
  const policy = rateLimit({ limit: 2, perMs: 1_000, name: 'api', ...time.time, ...options });
  const starts: number[] = [];
  const order: string[] = [];
  const call = (id = '', signal?: AbortSignal) =>
    outcomeOf(
      policy.execute(() => {
        starts.push(time.now);
        order.push(id);
        return id;
      }, signal),
    );
  return { time, policy, starts, order, call };
};

it('refuses at once beyond the limit, telling when the next turn is', async () => {
  const { policy, call, starts } = setUp();
  call();
  call();
  const { error } = await settle().then(() => {
    const outcome = call();
    return settle().then(() => outcome);
  });
  expect(starts).toEqual([0, 0]);
  expect({ ...(error as object) }).toEqual({
    code: 'RATE_LIMITED',
    retryable: true,
    safety: 'not-sent',
    policy: 'api',
    reason: 'rate',
    retryAfterMs: 500,
  });
  expect((error as Error).message).toBe('Rate limit "api" is reached; next turn in 500 ms');
  expect((error as Error).name).toBe('RateLimitedError');
  expect(policy.stats()).toMatchObject({ calls: 3, successes: 2, rejections: 1, failures: 0 });
  expect(policy.snapshot()).toEqual({
    name: 'api',
    limit: 2,
    perMs: 1_000,
    queued: 0,
    maxQueue: 0,
    nextInMs: 500,
  });
});

it('a token bucket lets calls through evenly, first come first served', async () => {
  const { time, call, starts, order } = setUp({ maxQueue: 10 });
  for (const id of ['a', 'b', 'c', 'd', 'e']) call(id);
  await time.advance(2_000);
  expect(starts).toEqual([0, 0, 500, 1_000, 1_500]);
  expect(order).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(time.pending).toBe(0);
});

it('a sliding window lets `limit` calls through per window, whatever its beginning', async () => {
  const { time, call, starts } = setUp({ maxQueue: 10, algorithm: 'sliding-window' });
  call();
  await time.advance(400);
  for (let n = 0; n < 5; n++) call();
  await time.advance(5_000);
  expect(starts).toEqual([0, 400, 1_000, 1_400, 2_000, 2_400]);
});

it('takes fractions of calls: 0.5 a second is one in two seconds', async () => {
  const { time, call, starts } = setUp({ limit: 0.5, maxQueue: 10 });
  for (let n = 0; n < 3; n++) call();
  await time.advance(10_000);
  expect(starts).toEqual([0, 2_000, 4_000]);
});

it('burst bounds what comes at once after a pause', async () => {
  const { time, call, starts } = setUp({ limit: 10, burst: 3, maxQueue: 10 });
  await time.advance(60_000);
  for (let n = 0; n < 5; n++) call();
  await time.advance(1_000);
  expect(starts).toEqual([60_000, 60_000, 60_000, 60_100, 60_200]);
});

it('does not drift, though each timer fires late', async () => {
  const time = new VirtualClock();
  const { setTimeout, clearTimeout } = time.timers;
  const timers = {
    setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms + 7),
    clearTimeout,
  };
  const { call, starts } = setUp({ limit: 3, burst: 2, maxQueue: 1_000, clock: time.clock, timers });
  const lateness: number[] = [];
  for (let n = 0; n < 1_000; n++) call();
  for (let n = 1; n < 1_000; n++) {
    await time.advance((n * 1_000) / 3 + 7.001 - time.now);
    lateness.push(starts.length - Math.min(1_000, n + 2));
  }
  expect(lateness.filter((missing) => missing !== 0)).toEqual([]);
});

it('takes a clock of large numbers, whose fractions are coarse', async () => {
  const time = new VirtualClock();
  time.now = Date.UTC(2026, 10, 28);
  const start = time.now;
  const policy = rateLimit({ limit: 7, perMs: 1_000, maxQueue: 100, ...time.time });
  const starts: number[] = [];
  for (let n = 0; n < 50; n++) outcomeOf(policy.execute(() => starts.push(time.now - start)));
  await time.advance(10_000);
  expect(starts).toHaveLength(50);
  expect(starts.at(-1)).toBeCloseTo((43 * 1_000) / 7, 2);
});

it('a newcomer waits behind the queue even when its token has come', async () => {
  const { time, call, order } = setUp({ limit: 1, maxQueue: 5 });
  call('a');
  call('b');
  await settle();
  // The turn has come by the clock, its timer has not fired yet.
  time.now = 1_000;
  call('newcomer');
  await settle();
  expect(order).toEqual(['a']);
  await time.advance(1_000);
  expect(order).toEqual(['a', 'b', 'newcomer']);
});

it('refuses at once a caller whose turn is later than queueTimeoutMs', async () => {
  const { time, call, order } = setUp({ limit: 1, maxQueue: 10, queueTimeoutMs: 1_500 });
  call('a');
  call('b');
  const outcome = call('c');
  await settle();
  expect(outcome.error).toMatchObject({ reason: 'queue-timeout', retryAfterMs: 2_000 });
  await time.advance(10_000);
  expect(order).toEqual(['a', 'b']);
});

it('refuses at once a caller whose turn is later than its deadline', async () => {
  const { time, policy } = setUp({ limit: 1, maxQueue: 10 });
  const events: unknown[] = [];
  policy.on('reject', (event) => events.push(event));
  await policy.execute(() => 1);
  const call = withDeadline(300, () => policy.execute(() => 2), time.time);
  await expect(call).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    safety: 'not-sent',
    remainingMs: 300,
    neededMs: 1_000,
    attempts: 0,
    message: '"api" has 300 ms left and would wait 1000 ms; calls made: 0',
  });
  expect(events).toEqual([{ policy: 'api', reason: 'deadline', retryAfterMs: 1_000 }]);
  expect([policy.snapshot().queued, time.pending]).toEqual([0, 0]);
});

it('rejects a queued caller that aborts at once, frees its place and moves the others up', async () => {
  const { time, policy, call, starts, order } = setUp({ limit: 1, maxQueue: 3 });
  call('a');
  const controller = new AbortController();
  const b = call('b', controller.signal);
  call('c');
  await time.advance(100);
  controller.abort('gone');
  await settle();
  expect(b).toEqual({ status: 'rejected', error: 'gone' });
  expect(policy.snapshot().queued).toBe(1);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  await time.advance(5_000);
  expect([order, starts]).toEqual([
    ['a', 'c'],
    [0, 1_000],
  ]);
  expect(policy.stats()).toMatchObject({ calls: 3, successes: 2, cancelled: 1 });
});

it('leaves no timer behind when the last one in the queue aborts', async () => {
  const { time, call } = setUp({ limit: 1, maxQueue: 3 });
  call('a');
  const controller = new AbortController();
  call('b', controller.signal);
  await settle();
  expect(time.pending).toBe(1);
  controller.abort();
  await settle();
  expect(time.pending).toBe(0);
});

it('an aborted signal takes no token', async () => {
  const { call, starts } = setUp({ limit: 1 });
  call('a', AbortSignal.abort('gone'));
  call('b');
  await settle();
  expect(starts).toEqual([0]);
});

it('runs a queued call in the AsyncLocalStorage of its own caller', async () => {
  const storage = new AsyncLocalStorage<string>();
  const { time, policy } = setUp({ limit: 1, maxQueue: 5 });
  const seen: (string | undefined)[] = [];
  for (const tenant of ['A', 'B', 'C'])
    storage.run(tenant, () => policy.execute(() => seen.push(storage.getStore())));
  await time.advance(5_000);
  expect(seen).toEqual(['A', 'B', 'C']);
});

it('emits each refusal, and a listener that throws does not touch the call', async () => {
  const { policy, call } = setUp({ limit: 1 });
  const events: unknown[] = [];
  policy.on('reject', (event) => {
    events.push(event);
    throw new Error('mine');
  });
  call();
  const outcome = call();
  await settle();
  expect(events).toEqual([{ policy: 'api', reason: 'rate', retryAfterMs: 1_000 }]);
  expect(outcome.error).toMatchObject({ code: 'RATE_LIMITED' });
});

it('feeds no breaker and is not retried by itself; retryRejections waits for the turn', async () => {
  const time = new VirtualClock();
  const policy = rateLimit({ limit: 1, perMs: 1_000, ...time.time });
  const breaker = circuitBreaker({ failureThreshold: 1, clock: time.clock });
  await policy.execute(() => 1);
  await compose(retry({ ...time.time }), breaker, policy)
    .execute(() => 2)
    .catch(() => {});
  expect([breaker.state, policy.stats().calls]).toEqual(['closed', 2]);
  const patient = compose(retry({ retryRejections: true, initialDelayMs: 0, ...time.time }), policy);
  const outcome = outcomeOf(patient.execute(() => time.now));
  await time.advance(1_000);
  expect(outcome).toEqual({ status: 'resolved', value: 1_000 });
});

it.each<[Partial<RateLimitOptions>, string]>([
  [{ limit: 0 }, 'limit must be a number > 0, got 0'],
  [{ limit: Number.NaN }, 'limit must be a number > 0, got NaN'],
  [{ limit: Number.POSITIVE_INFINITY }, 'limit must be a number > 0, got Infinity'],
  [{ limit: 5e-324 }, 'limit must leave a finite time between two calls, got 5e-324 per 1000 ms'],
  [{ limit: '2' as never }, 'limit must be a number > 0, got "2"'],
  [{ limit: 1.5, algorithm: 'sliding-window' }, 'limit must be an integer >= 1, got 1.5'],
  [{ perMs: 0 }, 'perMs must be a number of milliseconds > 0, got 0'],
  [{ burst: 0.5 }, 'burst must be a number >= 1, got 0.5'],
  [{ burst: 2, algorithm: 'sliding-window' }, 'burst is an option of the token bucket'],
  [{ algorithm: 'leaky' as never }, 'algorithm must be one of token-bucket, sliding-window, got "leaky"'],
  [{ maxQueue: -1 }, 'maxQueue must be an integer >= 0 or Infinity, got -1'],
  [{ queueTimeoutMs: 0 }, 'queueTimeoutMs must be a number of milliseconds > 0'],
  [{ per: 5 } as never, 'rateLimit has no option "per"'],
])('refuses %j', (options, message) => {
  expect(() => rateLimit({ limit: 1, perMs: 1_000, ...options })).toThrow(message);
});

type Step = { do: 'call'; times: number } | { do: 'abort'; which: number } | { do: 'pass'; ms: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('call' as const), times: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constant('abort' as const), which: fc.nat(50) }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 700 }) }),
);

const play = async (policy: ReturnType<typeof setUp>, steps: readonly Step[]): Promise<void> => {
  const controllers: AbortController[] = [];
  for (const each of steps) {
    if (each.do === 'pass') await policy.time.advance(each.ms);
    else if (each.do === 'abort') controllers[each.which % controllers.length]?.abort();
    else
      for (let n = 0; n < each.times; n++) {
        const controller = new AbortController();
        controllers.push(controller);
        policy.call(String(controllers.length).padStart(4, '0'), controller.signal);
      }
  }
  await policy.time.advance(1_000_000);
};

it('a sliding window never lets more than `limit` calls start in any window', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 50, max: 1_000 }),
      async (steps, limit, perMs) => {
        const policy = setUp({ limit, perMs, algorithm: 'sliding-window', maxQueue: 8 });
        await play(policy, steps);
        const { starts, order, time } = policy;
        starts.forEach((start, at) => {
          expect((starts[at + limit] ?? Number.POSITIVE_INFINITY) - start).toBeGreaterThanOrEqual(perMs);
        });
        expect(order).toEqual([...order].sort());
        expect([policy.policy.snapshot().queued, time.pending]).toEqual([0, 0]);
      },
    ),
    { numRuns: 150 },
  );
}, 30_000);

it('a token bucket never lets more than burst + rate × time start in any span of time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.double({ min: 0.3, max: 5, noNaN: true }),
      fc.integer({ min: 50, max: 1_000 }),
      fc.double({ min: 1, max: 6, noNaN: true }),
      async (steps, limit, perMs, burst) => {
        const policy = setUp({ limit, perMs, burst, maxQueue: 8 });
        await play(policy, steps);
        const { starts, order } = policy;
        for (let from = 0; from < starts.length; from++)
          for (let to = from; to < starts.length; to++) {
            const most = burst + ((starts[to]! - starts[from]!) * limit) / perMs;
            expect(to - from + 1).toBeLessThanOrEqual(most + 1e-6);
          }
        expect(order).toEqual([...order].sort());
        expect([policy.policy.snapshot().queued, policy.time.pending]).toEqual([0, 0]);
      },
    ),
    { numRuns: 150 },
  );
}, 30_000);

it('a queue that is never empty uses the whole rate', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('token-bucket' as const, 'sliding-window' as const),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 50, max: 1_000 }),
      async (algorithm, limit, perMs) => {
        const { time, call, starts } = setUp({ limit, perMs, algorithm, maxQueue: 100 });
        for (let n = 0; n < limit * 10; n++) call();
        await time.advance(perMs * 9 + 1e-3);
        expect(starts).toHaveLength(limit * 10);
      },
    ),
    { numRuns: 50 },
  );
});
