import { describe, expect, it } from '@jest/globals';
import {
  attemptsOf,
  circuitBreaker,
  compose,
  type RetryBudget,
  retry,
  retryBudget,
  timeout,
} from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (options: Parameters<typeof retryBudget>[0] = {}) => {
  const time = new VirtualClock();
  const budget = retryBudget({ ratio: 0.5, minPerSecond: 0, clock: time.clock, ...options });
  const policy = retry({ maxAttempts: 2, initialDelayMs: 0, budget, ...time.time });
  const fail = (error: unknown = new Error('down')) =>
    policy.execute(() => Promise.reject(error)).catch((error: unknown) => error);
  return { time, budget, policy, fail };
};

describe('retryBudget', () => {
  it('allows the ratio of retries a call, and no more', async () => {
    const { fail, policy } = setUp();
    for (let call = 0; call < 10; call++) await fail();
    expect(policy.stats()).toMatchObject({ calls: 10, failures: 10, retries: 5, suppressed: 5 });
  });

  it('is shared by all retries that were given it', async () => {
    const { budget, fail, time } = setUp();
    const other = retry({ maxAttempts: 2, initialDelayMs: 0, budget, ...time.time });
    await fail();
    await other.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    expect(other.stats().retries).toBe(1);
    await fail();
    expect(budget.snapshot()).toEqual({ available: 0, calls: 3, retries: 1, suppressed: 2 });
  });

  it('forgets by a clock below 0 too', () => {
    const time = new VirtualClock();
    time.now = -5_000;
    const early = retryBudget({ ratio: 0.5, minPerSecond: 0, ttlMs: 1_000, clock: time.clock });
    for (let call = 0; call < 4; call++) early.deposit();
    expect(early.snapshot()).toEqual({ available: 2, calls: 4, retries: 0, suppressed: 0 });
    time.now = -3_500;
    expect(early.snapshot()).toEqual({ available: 0, calls: 0, retries: 0, suppressed: 0 });
  });

  it('lets a quiet client retry by the floor a second', async () => {
    const { fail, policy } = setUp({ ratio: 0, minPerSecond: 1, ttlMs: 2_000 });
    for (let call = 0; call < 3; call++) await fail();
    expect(policy.stats()).toMatchObject({ retries: 2, suppressed: 1 });
  });

  it('forgets calls and retries after ttlMs, however long it was idle', async () => {
    const { budget, fail, time } = setUp({ ttlMs: 1_000 });
    for (let call = 0; call < 4; call++) await fail();
    time.now = 999;
    expect(budget.snapshot()).toMatchObject({ calls: 4, retries: 2 });
    time.now = 3_600_000;
    expect(budget.snapshot()).toMatchObject({ calls: 0, retries: 0, available: 0 });
  });

  it('decides before the wait: retries that are still waiting count', async () => {
    const time = new VirtualClock();
    const budget = retryBudget({ ratio: 0, minPerSecond: 1, ttlMs: 1_000, clock: time.clock });
    const policy = retry({ maxAttempts: 2, initialDelayMs: 500, jitter: 'none', budget, ...time.time });
    const error = new Error('down');
    const first = outcomeOf(policy.execute(() => Promise.reject(error)));
    const second = outcomeOf(policy.execute(() => Promise.reject(error)));
    await settle();
    expect([first.status, second.status, time.pending]).toEqual(['pending', 'rejected', 1]);
    await time.advance(500);
    expect(first.error).toBe(error);
  });

  it('knows of no call that was refused, and lets refusals be repeated for nothing', async () => {
    const time = new VirtualClock();
    const budget = retryBudget({ minPerSecond: 1, clock: time.clock });
    const breaker = circuitBreaker({ clock: time.clock });
    const held = breaker.isolate();
    for (const retryRejections of [false, true]) {
      const attempts = retry({ maxAttempts: 3, initialDelayMs: 0, retryRejections, budget, ...time.time });
      const policy = compose(attempts, breaker);
      for (let call = 0; call < 100; call++) await policy.execute(() => 1).catch(() => {});
      expect(attempts.stats().retries).toBe(retryRejections ? 200 : 0);
      expect(budget.snapshot()).toMatchObject({ calls: 0, retries: 0, available: 10 });
    }
    held.dispose();
  });

  it('counts a call when it is sent: after a refusal, cut off from outside, under maxElapsedMs, and once only', async () => {
    const time = new VirtualClock();
    const budget = retryBudget({ clock: time.clock });
    const shared = { initialDelayMs: 0, retryRejections: true, budget, ...time.time };
    let calls = 0;
    const refusal = Object.assign(new Error('full'), { isBulkheadRejectedError: true });
    const task = () => {
      if (++calls % 3 !== 0) throw calls % 3 === 1 ? refusal : new Error('down');
      return 'ok';
    };
    await retry(shared).execute(task);
    expect(budget.snapshot()).toMatchObject({ calls: 1, retries: 1 });
    await retry({ ...shared, maxElapsedMs: 100 }).execute(task);
    expect(budget.snapshot()).toMatchObject({ calls: 2, retries: 2 });
    const call = outcomeOf(
      compose(timeout({ ms: 10, ...time.time }), retry(shared)).execute(() => new Promise(() => {})),
    );
    await time.advance(10);
    expect([call.status, budget.snapshot().calls]).toEqual(['rejected', 3]);
  });

  it('gives the call’s own error, tells of the suppression at its side and by an event', async () => {
    const { fail, policy } = setUp({ ratio: 0 });
    const events: unknown[] = [];
    policy.on('suppress', (event) => events.push(event));
    const error = Object.freeze(new Error('down'));
    expect(await fail(error)).toBe(error);
    expect(attemptsOf(error)).toEqual({ attempts: [{ attempt: 1, error }], suppressed: 'budget' });
    expect(events).toEqual([{ policy: 'retry', attempt: 1, reason: 'budget', error }]);
  });

  it('is not asked for errors that are not retried, and a broken one allows nothing', async () => {
    const broken: RetryBudget = {
      deposit: () => {},
      withdraw: () => {
        throw new Error('broken');
      },
      snapshot: () => ({ available: 0, calls: 0, retries: 0, suppressed: 0 }),
    };
    const policy = retry({ maxAttempts: 3, initialDelayMs: 0, budget: broken });
    const final = Object.assign(new Error('final'), { retryable: false });
    await policy.execute(() => Promise.reject(final)).catch(() => {});
    expect(policy.stats().suppressed).toBe(0);
    const error = new Error('down');
    await expect(policy.execute(() => Promise.reject(error))).rejects.toBe(error);
    expect(policy.stats()).toMatchObject({ suppressed: 1, retries: 0 });
  });

  it.each([
    [{ ratio: -1 }, 'ratio must be a number >= 0, got -1'],
    [{ ratio: Number.NaN }, 'ratio must be a number >= 0, got NaN'],
    [{ minPerSecond: Number.POSITIVE_INFINITY }, 'minPerSecond must be a number >= 0, got Infinity'],
    [{ ttlMs: 0 }, 'ttlMs must be a number of milliseconds > 0, got 0'],
    [{ share: 1 } as never, 'retryBudget has no option "share"'],
  ])('refuses %j', (options, message) => {
    expect(() => retryBudget(options)).toThrow(message);
  });
});

describe('attemptsOf', () => {
  it('lists the attempts behind an error, with their waits', async () => {
    const errors = [new Error('one'), new Error('two')];
    let calls = 0;
    const policy = retry({ maxAttempts: 2, initialDelayMs: 0 });
    await policy.execute(() => Promise.reject(errors[calls++])).catch(() => {});
    expect(attemptsOf(errors[1])?.attempts).toEqual([
      { attempt: 1, error: errors[0], delayMs: 0 },
      { attempt: 2, error: errors[1] },
    ]);
    expect(attemptsOf(errors[0])).toBeUndefined();
  });

  it('keeps the last hundred of more, and tells nothing of what was not retried or is no object', async () => {
    const policy = retry({ maxAttempts: 150, initialDelayMs: 0 });
    const error = new Error('down');
    await policy.execute(() => Promise.reject(error)).catch(() => {});
    const attempts = attemptsOf(error)?.attempts ?? [];
    expect([attempts.length, attempts[0]?.attempt, attempts.at(-1)?.attempt]).toEqual([100, 51, 150]);
    const once = new Error('once');
    await retry({ maxAttempts: 1 })
      .execute(() => Promise.reject(once))
      .catch(() => {});
    expect([attemptsOf(once), attemptsOf('text'), attemptsOf(null)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('canRetry', () => {
  it('looks at the arguments of a wrapped function', async () => {
    const seen: unknown[] = [];
    const policy = retry({
      maxAttempts: 3,
      initialDelayMs: 0,
      canRetry: ({ args, attempt, error }) => {
        seen.push([args, attempt, (error as Error).message]);
        return args[0] !== 'stream';
      },
    });
    let calls = 0;
    const send = policy(async (_body: string) => {
      calls++;
      throw new Error('down');
    });
    await send('stream').catch(() => {});
    expect(calls).toBe(1);
    await send('text').catch(() => {});
    expect(calls).toBe(4);
    expect(seen).toEqual([
      [['stream'], 1, 'down'],
      [['text'], 1, 'down'],
      [['text'], 2, 'down'],
    ]);
  });

  it('allows nothing when it throws', async () => {
    const policy = retry({
      initialDelayMs: 0,
      canRetry: () => {
        throw new Error('bug');
      },
    });
    await policy.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    expect(policy.stats().retries).toBe(0);
  });
});

describe('jitter polly-v2', () => {
  it('has the medians of Polly’s own formula, and never passes the cap', async () => {
    const samples: number[][] = [[], [], []];
    for (let call = 0; call < 2_000; call++) {
      const delays: number[] = [];
      let draw = call;
      const policy = retry({
        maxAttempts: 4,
        initialDelayMs: 128,
        maxDelayMs: 400,
        jitter: 'polly-v2',
        random: () => {
          draw = (draw * 7_919 + 104_729) % 100_003;
          return draw / 100_003;
        },
        timers: { setTimeout: (callback) => queueMicrotask(callback), clearTimeout: () => {} },
      });
      policy.on('retry', ({ delayMs }) => delays.push(delayMs));
      await policy.execute(() => Promise.reject(new Error('down'))).catch(() => {});
      for (const [at, delay] of delays.entries()) samples[at]?.push(delay);
    }
    const medians = samples.map((list) => list.sort((a, b) => a - b)[1_000]!);
    for (const [at, expected] of [115, 146, 257].entries())
      expect(Math.abs(medians[at]! - expected)).toBeLessThan(expected * 0.1);
    expect(Math.max(...samples.flat())).toBeLessThanOrEqual(400);
    expect(Math.min(...samples.flat())).toBeGreaterThanOrEqual(0);
  });

  it('is refused beside another growth', () => {
    expect(() => retry({ backoff: 'linear', jitter: 'polly-v2' })).toThrow(
      'jitter polly-v2 has a growth of its own',
    );
  });

  it('lasts for ever without overflowing', async () => {
    const policy = retry({
      maxAttempts: 3_000,
      maxDelayMs: 50,
      jitter: 'polly-v2',
      timers: { setTimeout: (callback) => queueMicrotask(callback), clearTimeout: () => {} },
    });
    const delays: number[] = [];
    policy.on('retry', ({ delayMs }) => delays.push(delayMs));
    await policy.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    expect(delays).toHaveLength(2_999);
    expect(delays.every((ms) => ms >= 0 && ms <= 50)).toBe(true);
  });
});
