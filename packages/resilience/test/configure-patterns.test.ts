import { describe, expect, it } from '@jest/globals';
import {
  adaptiveConcurrency,
  chaos,
  circuitBreaker,
  deadline,
  hedge,
  pipeline,
  rateLimit,
  retry,
  retryBudget,
  timeout,
  withDeadline,
} from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const never = () => new Promise<never>(() => {});

describe('a change that is undefined', () => {
  it('leaves the setting as it is, on its own and in a pipeline', async () => {
    const policy = retry({ maxAttempts: 5, initialDelayMs: 0 });
    const whole = pipeline({ retry: { maxAttempts: 5, initialDelayMs: 0 }, timeoutMs: 50 });
    policy.configure({ maxAttempts: undefined, factor: 3 });
    whole.configure({ retry: { maxAttempts: undefined }, timeoutMs: undefined });
    const counts: number[] = [];
    for (const each of [policy, whole]) {
      let calls = 0;
      await each.execute(() => Promise.reject(++calls)).catch(() => {});
      counts.push(calls);
    }
    expect(counts).toEqual([5, 5]);
  });

  it('leaves the threshold of a breaker and the limit of a timeout alone', async () => {
    const breaker = circuitBreaker({ failureThreshold: 1, openMs: 77 });
    breaker.configure({ failureThreshold: undefined, openMs: undefined });
    await breaker.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    expect(breaker.explain()).toMatchObject({ state: 'open' });
    expect(breaker.explain().retryAfterMs).toBeLessThanOrEqual(77);
    const time = new VirtualClock();
    const limit = timeout({ ms: 10, ...time.time });
    limit.configure({ ms: undefined });
    const outcome = outcomeOf(limit.execute(never));
    await time.advance(10);
    expect(outcome.error).toMatchObject({ timeoutMs: 10 });
  });
});

it('a deadline gives new calls a new budget', async () => {
  const time = new VirtualClock();
  const policy = deadline({ ms: 100, ...time.time });
  const before = outcomeOf(policy.execute(never));
  policy.configure({ ms: 20 });
  const after = outcomeOf(policy.execute(never));
  expect(policy.snapshot()).toEqual({ name: 'deadline', ms: 20, remainingMs: 20 });
  await time.advance(20);
  expect([before.status, after.status]).toEqual(['pending', 'rejected']);
  await time.advance(80);
  expect(before.status).toBe('rejected');
  expect(() => policy.configure({ ms: 0 })).toThrow('ms must be a number of milliseconds > 0');
});

describe('rateLimit', () => {
  it('serves those who wait by the new rate at once', async () => {
    const time = new VirtualClock();
    const policy = rateLimit({ limit: 1, perMs: 1_000, maxQueue: 10, ...time.time });
    let started = 0;
    for (let n = 0; n < 4; n++) outcomeOf(policy.execute(() => started++));
    await settle();
    expect(started).toBe(1);
    await time.advance(500);
    policy.configure({ limit: 4 });
    // Half a token is missing from a bucket that now holds four.
    await settle();
    expect([started, policy.snapshot().limit]).toEqual([4, 4]);
    expect(time.pending).toBe(0);
  });

  it('keeps what was used up when the rate is lowered', async () => {
    const time = new VirtualClock();
    const policy = rateLimit({ limit: 2, perMs: 1_000, ...time.time });
    await policy.execute(() => 1);
    await policy.execute(() => 2);
    policy.configure({ limit: 1 });
    expect(policy.snapshot().nextInMs).toBe(1_000);
    policy.configure({ perMs: 100 });
    expect(policy.snapshot().nextInMs).toBe(100);
  });

  it('a sliding window remembers its latest starts, in whatever place of the ring they are', async () => {
    const time = new VirtualClock();
    const policy = rateLimit({ algorithm: 'sliding-window', limit: 3, perMs: 100, ...time.time });
    const takes = async (times: number): Promise<number> => {
      let taken = 0;
      for (let n = 0; n < times; n++) await policy.execute(() => taken++).catch(() => {});
      return taken;
    };
    await takes(3);
    time.now = 110;
    expect(await takes(1)).toBe(1);
    time.now = 120;
    expect(await takes(1)).toBe(1);
    policy.configure({ limit: 2 });
    expect(await takes(1)).toBe(0);
    expect(policy.snapshot().nextInMs).toBe(90);
    policy.configure({ limit: 4 });
    expect(await takes(5)).toBe(2);
    time.now = 210;
    expect(await takes(5)).toBe(1);
  });

  it('begins no wait beyond the new queue limit, and checks before it changes', async () => {
    const time = new VirtualClock();
    const policy = rateLimit({ limit: 1, perMs: 100, maxQueue: 1, ...time.time });
    await policy.execute(() => 1);
    policy.configure({ queueTimeoutMs: 50 });
    await expect(policy.execute(() => 2)).rejects.toMatchObject({ reason: 'queue-timeout' });
    policy.configure({ maxQueue: 0 });
    await expect(policy.execute(() => 2)).rejects.toMatchObject({ reason: 'rate' });
    expect(() => policy.configure({ limit: 5, perMs: -1 })).toThrow('perMs must be a number');
    expect(policy.snapshot()).toMatchObject({ limit: 1, perMs: 100 });
    expect(() => policy.configure({ algorithm: 'sliding-window' } as never)).toThrow(
      'configure has no option "algorithm"',
    );
  });
});

describe('adaptiveConcurrency', () => {
  it.each(['aimd', 'gradient2'] as const)(
    '%s moves its limit into the new bounds and lets waiters in',
    async (algorithm) => {
      const policy = adaptiveConcurrency({ algorithm, min: 1, max: 2, maxQueue: 10 });
      const gate = deferred<void>();
      let started = 0;
      const calls = Array.from({ length: 6 }, () =>
        policy.execute(() => {
          started++;
          return gate.promise;
        }),
      );
      await settle();
      expect(started).toBe(2);
      policy.configure({ min: 5, max: 8 });
      await settle();
      expect([started, policy.snapshot().limit]).toEqual([5, 5]);
      policy.configure({ min: 1, max: 3, maxQueue: 0 });
      expect(policy.snapshot()).toMatchObject({ limit: 3, running: 5, queued: 1, maxQueue: 0 });
      await expect(policy.execute(() => 1)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
      gate.resolve();
      await Promise.all(calls);
      expect(() => policy.configure({ min: 4 })).toThrow('max must be at least min (4), got 3');
    },
  );

  it('asks the new isDrop', async () => {
    const policy = adaptiveConcurrency({ initial: 10, isDrop: () => false });
    const fail = () => Promise.reject(new Error('down'));
    await policy.execute(fail).catch(() => {});
    policy.configure({ isDrop: () => true, backoffRatio: 0.5 });
    await policy.execute(fail).catch(() => {});
    expect(policy.snapshot().limit).toBe(5);
  });
});

describe('hedge', () => {
  it('a call that runs keeps its delay, the next one has the new', async () => {
    const time = new VirtualClock();
    const policy = hedge({ idempotent: true, delayMs: 100, ...time.time });
    let calls = 0;
    const slow = () => {
      calls++;
      return never();
    };
    outcomeOf(policy.execute(slow));
    policy.configure({ delayMs: 10, maxHedges: 2 });
    await time.advance(20);
    expect(calls).toBe(1);
    await time.advance(80);
    expect(calls).toBe(2);
    await time.advance(100);
    expect(calls).toBe(2);
    outcomeOf(policy.execute(slow));
    await time.advance(20);
    expect(calls).toBe(2 + 3);
  });

  it('keeps the durations it has learned and the state of its budget', async () => {
    const time = new VirtualClock();
    const policy = hedge({ idempotent: true, percentile: 0.5, ...time.time, budget: 0.1 });
    for (let ms = 1; ms <= 20; ms++) {
      const call = policy.execute(() => {
        time.now += ms;
      });
      await call;
    }
    expect(policy.snapshot().delayMs).toBe(10);
    policy.configure({ percentile: 0.9 });
    expect(policy.snapshot().delayMs).toBe(18);
    expect(() => policy.configure({ percentile: 2 })).toThrow('percentile must be a number between 0 and 1');
    expect(policy.snapshot().delayMs).toBe(18);
  });
});

it('chaos can be switched on and off, and struck with something else', async () => {
  const policy = chaos({ rate: 1, fault: true, enabled: false });
  await expect(policy.execute(() => 'real')).resolves.toBe('real');
  policy.configure({ enabled: true });
  await expect(policy.execute(() => 'real')).rejects.toMatchObject({ code: 'INJECTED_FAULT' });
  policy.configure({ rate: { fault: 0, outcome: 1 }, outcome: () => 'made up' });
  await expect(policy.execute(() => 'real')).resolves.toBe('made up');
  expect(() => policy.configure({ rate: 2 })).toThrow('rate must be a number from 0 to 1, got 2');
});

describe('a pipeline', () => {
  const parts = () =>
    pipeline({
      name: 'shop',
      deadlineMs: 2_000,
      totalTimeoutMs: 1_000,
      rateLimit: { limit: 10, perMs: 1_000 },
      adaptiveConcurrency: { initial: 4 },
      retry: { maxAttempts: 1, budget: retryBudget({ minPerSecond: 1, ttlMs: 10_000 }) },
      hedge: { idempotent: true, delayMs: 100 },
      circuitBreaker: {},
      timeoutMs: 500,
      chaos: { rate: 0, fault: true },
      ...new VirtualClock().time,
    });

  it('changes each of its parts', async () => {
    const policy = parts();
    policy.configure({
      ...{ deadlineMs: 3_000, totalTimeoutMs: 2_000, timeoutMs: 600 },
      rateLimit: { limit: 20 },
      adaptiveConcurrency: { min: 6 },
      hedge: { delayMs: 50 },
      chaos: { rate: 1 },
    });
    expect(policy.explain()).toMatchObject({
      deadline: { ms: 3_000 },
      rateLimit: { limit: 20 },
      adaptiveConcurrency: { limit: 6 },
    });
    await expect(policy.execute(() => 1)).rejects.toMatchObject({ code: 'INJECTED_FAULT' });
    expect(() => policy.configure({ deadlineMs: '5' as never })).toThrow(
      /^deadlineMs must be a number of milliseconds or a policy, got "5"$/,
    );
    expect(() => policy.configure({ rateLimit: { limit: 5 }, chaos: { rate: -1 } })).toThrow(
      'chaos: rate must be',
    );
    expect(policy.snapshot().rateLimit?.limit).toBe(20);
  });

  it('explains rate, found limit, retry budget and deadline', async () => {
    const policy = parts();
    const found = await withDeadline(500, async () => policy.explain(), new VirtualClock().time);
    expect(found).toMatchObject({
      rateLimit: { limit: 10, perMs: 1_000, queued: 0 },
      adaptiveConcurrency: { limit: 4, running: 0 },
      retryBudget: { available: 10, calls: 0 },
      deadline: { ms: 2_000, remainingMs: 500 },
    });
    expect(found.text).toBe(
      'shop: deadlineMs > totalTimeoutMs > rateLimit > adaptiveConcurrency > retry > hedge > circuitBreaker > timeoutMs > ' +
        'chaos > call; circuit breaker closed: every call is let through; adaptive concurrency 0 of 4 slots taken, 0 waiting; ' +
        'rate limit 10 per 1000 ms, next turn in 0 ms, 0 waiting; retry budget for 10 more; deadline in 500 ms',
    );
  });

  it('explains nothing of a part that is not there, or of another kind', () => {
    const policy = pipeline({ rateLimit: adaptiveConcurrency(), retry: timeout(5) });
    const { rateLimit: rate, retryBudget: budget, deadline: limit } = policy.explain();
    expect([rate, budget, limit]).toEqual([undefined, undefined, undefined]);
  });

  it('builds a priority bulkhead from its options', async () => {
    const policy = pipeline({
      bulkhead: { maxConcurrent: 1, maxQueue: 5, priority: (level: number) => level },
    });
    const served: number[] = [];
    const serve = policy(async (level: number) => {
      served.push(level);
      await settle();
    });
    await Promise.all([0, 1, 9, 5].map((level) => serve(level)));
    expect(served).toEqual([0, 9, 5, 1]);
    expect(policy.bulkhead.snapshot()).toMatchObject({ running: 0, maxConcurrent: 1 });
    expect(() => pipeline({ bulkhead: { maxConcurrent: 1, priority: 5 as never } })).toThrow(
      'bulkhead: priority must be a function, got 5',
    );
    expect(pipeline({ bulkhead: { maxConcurrent: 1, priority: undefined } as never }).bulkhead).toBeDefined();
  });
});
