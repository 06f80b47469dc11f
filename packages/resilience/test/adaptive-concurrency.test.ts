import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { isBulkheadRejectedError } from 'cockatiel';
import fc from 'fast-check';
import {
  type AdaptiveConcurrencyOptions,
  adaptiveConcurrency,
  circuitBreaker,
  compose,
  timeout,
} from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (options: Partial<AdaptiveConcurrencyOptions> = {}) => {
  const time = new VirtualClock();
  const policy = adaptiveConcurrency({
    min: 1,
    max: 50,
    initial: 10,
    name: 'db',
    latencyThresholdMs: 100,
    ...time.time,
    ...options,
  });
  const limits: unknown[] = [];
  policy.on('limit', ({ from, to, reason }) => limits.push([from, to, reason]));
  const call = (signal?: AbortSignal) => {
    const gate = deferred<unknown>();
    return { gate, outcome: outcomeOf(policy.execute(() => gate.promise, signal)) };
  };
  /** `width` calls at once that all take `ms`. */
  const wave = async (width: number, ms: number, error?: unknown): Promise<void> => {
    const calls = Array.from({ length: width }, () => call());
    await time.advance(ms);
    for (const { gate } of calls) {
      if (error === undefined) gate.resolve(1);
      else gate.reject(error);
    }
    await settle();
  };
  return { time, policy, limits, call, wave };
};

it('grows by one after as many good calls as the limit is', async () => {
  const { policy, limits, wave } = setUp();
  await wave(10, 10);
  expect(limits).toEqual([]);
  await wave(10, 10);
  expect([limits, policy.snapshot().limit]).toEqual([[[10, 11, 'growth']], 11]);
});

it('does not grow while less than half of it is in use', async () => {
  const { policy, wave } = setUp();
  for (let n = 0; n < 100; n++) await wave(4, 10);
  expect(policy.snapshot().limit).toBe(10);
  for (let n = 0; n < 20; n++) await wave(6, 10);
  expect(policy.snapshot().limit).toBeGreaterThan(10);
});

it('shrinks once for a jam, however many calls were in it', async () => {
  const { limits, wave } = setUp();
  await wave(10, 101);
  expect(limits).toEqual([[10, 9, 'slow']]);
  await wave(9, 101);
  expect(limits).toEqual([
    [10, 9, 'slow'],
    [9, 8, 'slow'],
  ]);
});

it('takes time-outs and errors with retryAfterMs for overload, and no other errors', async () => {
  const { policy, limits, wave } = setUp();
  await wave(10, 10, new Error('not found'));
  expect(limits).toEqual([]);
  await wave(10, 10, Object.assign(new Error('busy'), { retryAfterMs: 5 }));
  expect(limits).toEqual([[10, 9, 'drop']]);
  expect(policy.stats()).toMatchObject({ failures: 20 });
  const time = new VirtualClock();
  const limited = adaptiveConcurrency({ initial: 10, backoffRatio: 0.5, ...time.time });
  outcomeOf(compose(limited, timeout({ ms: 5, ...time.time })).execute(() => new Promise(() => {})));
  await time.advance(5);
  expect(limited.snapshot().limit).toBe(5);
});

it('a time limit around it is overload too, noted when the call has truly settled', async () => {
  const { time, policy } = setUp();
  const gate = deferred<void>();
  outcomeOf(compose(timeout({ ms: 5, ...time.time }), policy).execute(() => gate.promise));
  await time.advance(5);
  expect(policy.snapshot()).toMatchObject({ limit: 10, running: 1 });
  gate.resolve();
  await settle();
  expect(policy.snapshot()).toMatchObject({ limit: 9, running: 0 });
});

it('a caller’s abort says nothing about load, however slow the call was', async () => {
  const { time, policy, call } = setUp();
  const controller = new AbortController();
  const { gate, outcome } = call(controller.signal);
  await time.advance(1_000);
  controller.abort('gone');
  await settle();
  expect([outcome.error, policy.snapshot().running]).toEqual(['gone', 1]);
  gate.reject(new Error('late'));
  await settle();
  expect(policy.snapshot()).toMatchObject({ limit: 10, running: 0 });
});

it('isDrop decides in place of the rule; one that throws says no', async () => {
  const { limits, wave } = setUp({ isDrop: (error) => error === 'busy' });
  await wave(5, 1, 'busy');
  expect(limits).toEqual([[10, 9, 'drop']]);
  const broken = setUp({
    isDrop: () => {
      throw new Error('mine');
    },
  });
  await broken.wave(5, 1, 'busy');
  expect(broken.limits).toEqual([]);
});

it('keeps within min and max', async () => {
  const { policy, wave } = setUp({ min: 3, max: 12, initial: 5, backoffRatio: 0.5 });
  for (let n = 0; n < 10; n++) await wave(3, 101);
  expect(policy.snapshot().limit).toBe(3);
  for (let n = 0; n < 100; n++) await wave(policy.snapshot().limit, 1);
  expect(policy.snapshot().limit).toBe(12);
});

it('rejects at once beyond limit and queue, as a bulkhead does', async () => {
  const { policy, call } = setUp({ initial: 1, maxQueue: 1 });
  call();
  call();
  const { outcome } = call();
  await settle();
  expect(outcome.error).toMatchObject({
    code: 'BULKHEAD_FULL',
    reason: 'full',
    maxConcurrent: 1,
    maxQueue: 1,
  });
  expect(isBulkheadRejectedError(outcome.error)).toBe(true);
  expect(policy.snapshot()).toEqual({ name: 'db', limit: 1, running: 1, queued: 1, maxQueue: 1 });
  expect(policy.stats()).toMatchObject({ rejections: 1 });
});

it('a limit that has shrunk below what runs lets nobody in until it fits; one that grows lets several in', async () => {
  const { time, policy, call } = setUp({ initial: 4, backoffRatio: 0.5, maxQueue: 10 });
  const running = Array.from({ length: 4 }, () => call());
  const waiting = call();
  await time.advance(101);
  running[0]!.gate.resolve(1);
  await settle();
  expect(policy.snapshot()).toMatchObject({ limit: 2, running: 3, queued: 1 });
  running[1]!.gate.resolve(1);
  await settle();
  expect(policy.snapshot()).toMatchObject({ running: 2, queued: 1 });
  running[2]!.gate.resolve(1);
  await settle();
  expect(policy.snapshot()).toMatchObject({ running: 2, queued: 0 });
  waiting.gate.resolve('in');
  await settle();
  expect(waiting.outcome.value).toBe('in');
});

it('rejects a queued caller that aborts at once, and one that waited longer than queueTimeoutMs', async () => {
  const { time, policy, call } = setUp({ initial: 1, maxQueue: 5, queueTimeoutMs: 50 });
  const first = call();
  const controller = new AbortController();
  const aborted = call(controller.signal);
  const late = call();
  await time.advance(10);
  controller.abort('gone');
  await settle();
  expect([aborted.outcome.error, policy.snapshot().queued]).toEqual(['gone', 1]);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  await time.advance(40);
  expect(late.outcome.error).toMatchObject({ reason: 'queue-timeout' });
  first.gate.resolve(1);
  await settle();
  expect([policy.snapshot().running, time.pending]).toEqual([0, 0]);
});

it('runs a queued call in the AsyncLocalStorage of its own caller', async () => {
  const storage = new AsyncLocalStorage<string>();
  const { policy } = setUp({ initial: 1, maxQueue: 5 });
  const gate = deferred<void>();
  const seen: unknown[] = [];
  const calls = ['A', 'B', 'C'].map((tenant) =>
    storage.run(tenant, () =>
      policy.execute(async () => {
        seen.push(storage.getStore());
        await gate.promise;
      }),
    ),
  );
  gate.resolve();
  await Promise.all(calls);
  expect(seen).toEqual(['A', 'B', 'C']);
});

it('falsy throws and results end the slot as others do, and a listener that throws touches nothing', async () => {
  const { policy } = setUp({ initial: 1 });
  policy.on('limit', () => {
    throw new Error('mine');
  });
  for (const value of [undefined, null, 0, '', false]) {
    expect(await policy.execute(() => value)).toBe(value);
    await expect(policy.execute(() => Promise.reject(value))).rejects.toBe(value);
  }
  const sync = (): never => {
    throw undefined;
  };
  await expect(policy.execute(sync)).rejects.toBeUndefined();
  expect(policy.snapshot().running).toBe(0);
});

it('gradient2 grows while latency is steady, and shrinks when it rises above its average', async () => {
  const { policy, wave } = setUp({ algorithm: 'gradient2', latencyThresholdMs: undefined, max: 100 });
  for (let n = 0; n < 100; n++) await wave(policy.snapshot().limit, 120);
  const steady = policy.snapshot().limit;
  expect(steady).toBeGreaterThan(15);
  for (let n = 0; n < 10; n++) await wave(policy.snapshot().limit, 1_200);
  expect(policy.snapshot().limit).toBeLessThan(steady * 0.7);
});

it('gradient2 does not grow while idle, and heeds drops', async () => {
  const { policy, wave } = setUp({ algorithm: 'gradient2', latencyThresholdMs: undefined });
  for (let n = 0; n < 100; n++) await wave(4, 120);
  expect(policy.snapshot().limit).toBe(10);
  const busy = Object.assign(new Error('busy'), { retryAfterMs: 5 });
  for (let n = 0; n < 50; n++) await wave(4, 120, busy);
  expect(policy.snapshot().limit).toBeLessThan(9);
});

it.each<[object, string]>([
  [{ min: 0 }, 'min must be an integer >= 1, got 0'],
  [{ min: 5, max: 4, initial: 4 }, 'max must be at least min (5), got 4'],
  [{ initial: 51 }, 'initial must be from min (1) to max (50), got 51'],
  [{ backoffRatio: 1 }, 'backoffRatio must be a number between 0 and 1, got 1'],
  [{ latencyThresholdMs: 0 }, 'latencyThresholdMs must be a number of milliseconds > 0 or Infinity, got 0'],
  [{ algorithm: 'vegas' }, 'algorithm must be one of aimd, gradient2, got "vegas"'],
  [{ algorithm: 'gradient2', latencyThresholdMs: 5 }, 'latencyThresholdMs is an option of aimd, got 5'],
  [{ priority: 5 }, 'priority must be a function, got 5'],
  [{ maxQueue: -1 }, 'maxQueue must be an integer >= 0 or Infinity, got -1'],
  [{ limit: 5 }, 'adaptiveConcurrency has no option "limit"'],
])('refuses %j', (options, message) => {
  expect(() => setUp(options as never)).toThrow(message);
});

it('without options begins at 20 between 1 and 200, and within the bounds given', () => {
  expect(adaptiveConcurrency().snapshot().limit).toBe(20);
  expect(adaptiveConcurrency({ max: 5 }).snapshot().limit).toBe(5);
  expect(adaptiveConcurrency({ min: 300 }).snapshot().limit).toBe(300);
});

const step = fc.record({
  width: fc.integer({ min: 1, max: 30 }),
  ms: fc.integer({ min: 1, max: 300 }),
  end: fc.constantFrom('good' as const, 'busy' as const, 'bad' as const, 'abort' as const),
});

it('for any load: never more at once than the limit, the limit within its bounds, nothing left behind', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.constantFrom('aimd' as const, 'gradient2' as const),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 10 }),
      async (steps, algorithm, min, maxQueue) => {
        const { time, policy } = setUp({
          ...{ algorithm, min, max: 20, initial: 8, maxQueue, queueTimeoutMs: 150 },
          latencyThresholdMs: algorithm === 'aimd' ? 100 : undefined,
        });
        const busy = Object.assign(new Error('busy'), { retryAfterMs: 5 });
        const tooMany: unknown[] = [];
        let pending = 0;
        for (const { width, ms, end } of steps) {
          for (let n = 0; n < width; n++) {
            const controller = new AbortController();
            pending++;
            const done = (): number => pending--;
            policy
              .execute(() => {
                const { running, limit } = policy.snapshot();
                if (running > limit) tooMany.push([running, limit]);
                const gate = deferred<number>();
                time.timers.setTimeout(() => {
                  if (end === 'good' || end === 'abort') gate.resolve(1);
                  else gate.reject(end === 'busy' ? busy : new Error('bad'));
                }, ms);
                return gate.promise;
              }, controller.signal)
              .then(done, done);
            if (end === 'abort') time.timers.setTimeout(() => controller.abort('gone'), ms / 2);
          }
          await time.advance(ms / 3);
          const { limit, queued } = policy.snapshot();
          expect([limit >= min, limit <= 20, queued <= maxQueue]).toEqual([true, true, true]);
        }
        await time.advance(10_000);
        expect([pending, time.pending, tooMany]).toEqual([0, 0, []]);
        expect(policy.snapshot()).toMatchObject({ running: 0, queued: 0 });
      },
    ),
    { numRuns: 100 },
  );
}, 30_000);

it('learns nothing from a call that was refused inside, or that failed for another reason than load', async () => {
  const { policy, limits } = setUp({ initial: 2, max: 50 });
  const breaker = circuitBreaker();
  breaker.isolate();
  const refused = compose(policy, breaker);
  const mute = Object.assign(new Error('refused'), { isBulkheadRejectedError: true, retryAfterMs: 5 });
  for (let call = 0; call < 200; call++) {
    await Promise.all([1, 2].map(() => refused.execute(() => 1).catch(() => {})));
    await Promise.all([1, 2].map(() => policy.execute(() => Promise.reject(mute)).catch(() => {})));
    await Promise.all(
      [1, 2].map(() => policy.execute(() => Promise.reject(new Error('404'))).catch(() => {})),
    );
  }
  expect([limits, policy.snapshot().limit]).toEqual([[], 2]);
  for (let call = 0; call < 2; call++) await Promise.all([1, 2].map(() => policy.execute(() => 1)));
  expect(policy.snapshot().limit).toBeGreaterThan(2);
});
