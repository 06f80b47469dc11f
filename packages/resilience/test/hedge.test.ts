import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { circuitBreaker, compose, type HedgeOptions, hedge, retry } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (options: Partial<HedgeOptions> = {}) => {
  const time = new VirtualClock();
  const disposed: unknown[] = [];
  const policy = hedge({
    idempotent: true,
    delayMs: 100,
    name: 'read',
    dispose: (value) => disposed.push(value),
    ...time.time,
    ...options,
  });
  const legs: { gate: PromiseWithResolvers<unknown>; signal: AbortSignal; at: number; attempt: number }[] =
    [];
  const task = ({ signal, attempt }: { signal: AbortSignal; attempt: number }) => {
    const gate = deferred<unknown>();
    legs.push({ gate, signal, at: time.now, attempt });
    return gate.promise;
  };
  return { time, policy, disposed, legs, task };
};

it('makes no second call while the first comes back in time', async () => {
  const { time, policy, legs, task, disposed } = setUp();
  const outcome = outcomeOf(policy.execute(task));
  await time.advance(99);
  legs[0]!.gate.resolve('fast');
  await settle();
  expect(outcome).toEqual({ status: 'resolved', value: 'fast' });
  await time.advance(1_000);
  expect([legs.length, time.pending, legs[0]!.signal.aborted, disposed]).toEqual([1, 0, false, []]);
});

it('the first success wins; the loser is aborted, its late result disposed of, the winner’s not', async () => {
  const { time, policy, legs, task, disposed } = setUp();
  const outcome = outcomeOf(policy.execute(task));
  await time.advance(100);
  expect(legs.map(({ at, attempt }) => [at, attempt])).toEqual([
    [0, 1],
    [100, 2],
  ]);
  legs[1]!.gate.resolve('second');
  await settle();
  expect(outcome).toEqual({ status: 'resolved', value: 'second' });
  expect([legs[0]!.signal.aborted, legs[1]!.signal.aborted]).toEqual([true, false]);
  expect((legs[0]!.signal.reason as Error).name).toBe('AbortError');
  legs[0]!.gate.resolve('late');
  await settle();
  expect(disposed).toEqual(['late']);
  expect(policy.snapshot()).toEqual({ name: 'read', delayMs: 100, hedges: 1, won: 1, suppressed: 0 });
  expect(policy.stats()).toMatchObject({ calls: 1, successes: 1, failures: 0, cancelled: 0, retries: 1 });
});

it('of two results in the same moment one is returned and the other disposed of', async () => {
  const { time, policy, legs, task, disposed } = setUp();
  const outcome = outcomeOf(policy.execute(task));
  await time.advance(100);
  legs[1]!.gate.resolve('b');
  legs[0]!.gate.resolve('a');
  await settle();
  expect(outcome.value).toBe('b');
  expect(disposed).toEqual(['a']);
});

it('a leg that fails leaves it to the others; when all fail, the first call’s error comes out', async () => {
  const { time, policy, legs, task } = setUp({ maxHedges: 2 });
  const first = outcomeOf(policy.execute(task));
  await time.advance(200);
  legs[0]!.gate.reject('first');
  legs[2]!.gate.reject('third');
  await settle();
  expect(first.status).toBe('pending');
  legs[1]!.gate.resolve('good');
  await settle();
  expect(first.value).toBe('good');
  legs.length = 0;
  const second = outcomeOf(policy.execute(task));
  await time.advance(200);
  for (const at of [2, 0, 1]) legs[at]!.gate.reject(at);
  await settle();
  expect(second).toEqual({ status: 'rejected', error: 0 });
  expect(policy.stats()).toMatchObject({ successes: 1, failures: 1 });
});

it('a call that fails before it is hedged fails at once', async () => {
  const { time, policy, legs, task } = setUp();
  const outcome = outcomeOf(policy.execute(task));
  await time.advance(50);
  legs[0]!.gate.reject(undefined);
  await settle();
  expect(outcome).toEqual({ status: 'rejected', error: undefined });
  expect([legs.length, time.pending]).toEqual([1, 0]);
});

it('a throw before anything is awaited is the call’s failure', async () => {
  const { time, policy } = setUp();
  await expect(
    policy.execute(() => {
      throw undefined;
    }),
  ).rejects.toBeUndefined();
  expect(time.pending).toBe(0);
});

it('falsy results are successes', async () => {
  const { policy } = setUp();
  for (const value of [undefined, null, 0, '', false]) expect(await policy.execute(() => value)).toBe(value);
});

it('delayMs 0 makes all calls at once', async () => {
  const { policy, legs, task, time } = setUp({ delayMs: 0, maxHedges: 2 });
  const outcome = outcomeOf(policy.execute(task));
  expect(legs).toHaveLength(3);
  legs[2]!.gate.resolve('c');
  await settle();
  expect([outcome.value, time.pending]).toEqual(['c', 0]);
});

it('a caller’s abort ends all legs at once, and what they still answer is disposed of', async () => {
  const { time, policy, legs, task, disposed } = setUp({ maxHedges: 3 });
  const controller = new AbortController();
  const outcome = outcomeOf(policy.execute(task, controller.signal));
  await time.advance(150);
  controller.abort('gone');
  await settle();
  expect(outcome).toEqual({ status: 'rejected', error: 'gone' });
  expect(legs.map(({ signal }) => signal.reason)).toEqual(['gone', 'gone']);
  expect([time.pending, getEventListeners(controller.signal, 'abort').length]).toEqual([0, 0]);
  legs[0]!.gate.resolve('late');
  legs[1]!.gate.reject(new Error('late'));
  await time.advance(1_000);
  expect([disposed, legs.length]).toEqual([['late'], 2]);
  expect(policy.stats()).toMatchObject({ cancelled: 1, failures: 0 });
});

it('a call that aborts its own caller is not hedged', async () => {
  const { time, policy, legs } = setUp({ delayMs: 0 });
  const controller = new AbortController();
  const outcome = outcomeOf(
    policy.execute(() => {
      controller.abort('gone');
      return new Promise(() => {});
    }, controller.signal),
  );
  await time.advance(1_000);
  expect([outcome.error, legs.length, time.pending]).toEqual(['gone', 0, 0]);
});

it('a loser is no failure to a breaker inside, and gives its probe back', async () => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({ failureThreshold: 1, clock: time.clock });
  const policy = compose(hedge({ idempotent: true, delayMs: 10, ...time.time }), breaker);
  let calls = 0;
  const outcome = outcomeOf(
    policy.execute(
      ({ signal }) =>
        new Promise((resolve, reject) => {
          if (++calls === 2) resolve('second');
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    ),
  );
  await time.advance(10);
  expect([outcome.value, breaker.state]).toEqual(['second', 'closed']);
  expect(breaker.stats()).toMatchObject({ calls: 2, successes: 1, failures: 0, cancelled: 1 });
});

it('a loser cannot release or reject anything twice: dispose that throws or rejects touches nobody', async () => {
  for (const dispose of [
    () => {
      throw new Error('dispose');
    },
    () => Promise.reject(new Error('dispose')),
  ]) {
    const { time, policy, legs, task } = setUp({ dispose });
    const outcome = outcomeOf(policy.execute(task));
    await time.advance(100);
    legs[1]!.gate.resolve('second');
    legs[0]!.gate.resolve('late');
    await settle();
    expect(outcome.value).toBe('second');
  }
});

it('waits as long as the given share of the latest calls took', async () => {
  const { time, policy } = setUp({ delayMs: undefined, percentile: 0.9 });
  const run = async (ms: number): Promise<void> => {
    const outcome = outcomeOf(
      policy.execute(() => new Promise<void>((resolve) => time.timers.setTimeout(resolve, ms))),
    );
    await time.advance(ms);
    expect(outcome.status).toBe('resolved');
  };
  for (let ms = 1; ms < 20; ms++) await run(ms);
  expect(policy.snapshot()).toMatchObject({ delayMs: undefined, hedges: 0 });
  await run(20);
  expect(policy.snapshot().delayMs).toBe(18);
  await run(17);
  expect(policy.snapshot().hedges).toBe(0);
  await run(19);
  expect(policy.snapshot().hedges).toBe(1);
});

it('does not make calls that take no time twice', async () => {
  const { time, policy } = setUp({ delayMs: undefined, percentile: 0.9 });
  for (let n = 0; n < 30; n++) await policy.execute(() => n);
  expect([policy.snapshot().delayMs, policy.snapshot().hedges, time.pending]).toEqual([1, 0, 0]);
});

it('uses delayMs until enough durations are known', async () => {
  const { time, policy, legs, task } = setUp({ delayMs: 40, percentile: 0.5 });
  outcomeOf(policy.execute(task));
  await time.advance(40);
  expect(legs).toHaveLength(2);
  expect(policy.snapshot().delayMs).toBe(40);
});

it('a budget holds hedges back, and shows it', async () => {
  const events: unknown[] = [];
  const { time, policy, legs, task } = setUp({ budget: 0.5 });
  policy.on('hedge', (event) => events.push(event));
  for (let n = 0; n < 24; n++) outcomeOf(policy.execute(task));
  await time.advance(100);
  for (const { gate } of legs) gate.resolve('x');
  await settle();
  expect(policy.snapshot()).toMatchObject({ hedges: 10, suppressed: 14 });
  expect(events.at(-1)).toEqual({ policy: 'read', hedge: 1, delayMs: 100, suppressed: true });
  legs.length = 0;
  outcomeOf(policy.execute(task));
  outcomeOf(policy.execute(task));
  await time.advance(100);
  expect(legs).toHaveLength(3);
});

it('takes a budget of yours; one that throws holds back', async () => {
  const asked: string[] = [];
  const budget = { deposit: () => asked.push('deposit'), withdraw: () => asked.push('withdraw') > 2 };
  const { time, policy, legs, task } = setUp({ budget: budget as never });
  outcomeOf(policy.execute(task));
  await time.advance(100);
  expect([asked, legs.length]).toEqual([['deposit', 'withdraw'], 1]);
  const broken = setUp({
    budget: {
      deposit: () => {
        throw new Error('x');
      },
      withdraw: () => {
        throw new Error('x');
      },
    },
  });
  outcomeOf(broken.policy.execute(broken.task));
  await broken.time.advance(100);
  expect(broken.legs).toHaveLength(1);
});

it('a hedge runs in the AsyncLocalStorage of its caller, whatever fired the timer', async () => {
  const storage = new AsyncLocalStorage<string>();
  const { time, policy } = setUp({ maxHedges: 2 });
  const seen: unknown[] = [];
  const gate = deferred<void>();
  for (const tenant of ['A', 'B'])
    storage.run(tenant, () =>
      outcomeOf(
        policy.execute(() => {
          seen.push(storage.getStore());
          return gate.promise;
        }),
      ),
    );
  await storage.run('timer', () => time.advance(250));
  gate.resolve();
  expect(seen).toEqual(['A', 'B', 'A', 'B', 'A', 'B']);
});

it('keeps the count of attempts of a retry further out', async () => {
  const { time, policy } = setUp();
  const seen: number[] = [];
  const whole = compose(retry({ maxAttempts: 2, backoff: [0], ...time.time }), policy);
  const outcome = outcomeOf(
    whole.execute(({ attempt }) => {
      seen.push(attempt);
      return attempt === 1 ? Promise.reject(new Error('x')) : new Promise(() => {});
    }),
  );
  await time.advance(100);
  expect([seen, outcome.status]).toEqual([[1, 2, 2], 'pending']);
});

it('makes no further call when a listener aborts the caller', async () => {
  const { time, policy, legs, task } = setUp();
  const controller = new AbortController();
  policy.on('hedge', () => controller.abort('gone'));
  const outcome = outcomeOf(policy.execute(task, controller.signal));
  await time.advance(100);
  expect([outcome.error, legs.length, time.pending]).toEqual(['gone', 1, 0]);
});

it('a listener that throws does not touch the call', async () => {
  const { time, policy, legs, task } = setUp();
  policy.on('hedge', () => {
    throw new Error('mine');
  });
  const outcome = outcomeOf(policy.execute(task));
  await time.advance(100);
  legs[1]!.gate.resolve('second');
  await settle();
  expect(outcome.value).toBe('second');
});

it.each<[object, string]>([
  [{ delayMs: 5 }, 'idempotent must be true, got undefined: a hedged call may be carried out several times'],
  [{ idempotent: false, delayMs: 5 }, 'idempotent must be true, got false'],
  [{ idempotent: true }, 'hedge needs delayMs or percentile, got neither'],
  [{ idempotent: true, delayMs: -1 }, 'delayMs must be a number of milliseconds >= 0, got -1'],
  [{ idempotent: true, delayMs: Number.POSITIVE_INFINITY }, 'delayMs must be a number of milliseconds >= 0'],
  [{ idempotent: true, percentile: 95 }, 'percentile must be a number between 0 and 1, got 95'],
  [{ idempotent: true, delayMs: 5, maxHedges: 0 }, 'maxHedges must be an integer >= 1, got 0'],
  [{ idempotent: true, delayMs: 5, maxHedges: 11 }, 'maxHedges must be at most 10, got 11'],
  [{ idempotent: true, delayMs: 5, budget: 2 }, 'budget must be a share above 0 and at most 1, or have'],
  [{ idempotent: true, delayMs: 5, budget: null }, 'budget must be a value or undefined, got null'],
  [{ idempotent: true, delayMs: 5, dispose: 1 }, 'dispose must be a function, got 1'],
  [{ idempotent: true, delayMs: 5, delay: 1 }, 'hedge has no option "delay"'],
])('refuses %j', (options, message) => {
  expect(() => hedge(options as never)).toThrow(message);
});

it('whatever the legs do: one outcome, every other result disposed of, at most the budget’s share of hedges', async () => {
  const leg = fc.record({ ms: fc.integer({ min: 0, max: 300 }), ok: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(leg, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 0, max: 3 }),
      fc.option(fc.integer({ min: 0, max: 400 })),
      async (calls, maxHedges, abortAt) => {
        const { time, policy, disposed } = setUp({ maxHedges: maxHedges + 1, delayMs: 50, budget: 0.3 });
        let results = 0;
        const outcomes = calls.map((legs, id) => {
          const controller = new AbortController();
          if (abortAt !== null && id % 3 === 0)
            time.timers.setTimeout(() => controller.abort('gone'), abortAt);
          let made = 0;
          return outcomeOf(
            policy.execute(() => {
              const { ms, ok } = legs[made++ % 4]!;
              const gate = deferred<string>();
              time.timers.setTimeout(() => {
                if (ok) results++;
                if (ok) gate.resolve(`${id}.${made}`);
                else gate.reject(new Error('down'));
              }, ms);
              return gate.promise;
            }, controller.signal),
          );
        });
        await time.advance(5_000);
        expect(outcomes.filter(({ status }) => status === 'pending')).toEqual([]);
        const returned = outcomes.filter(({ status }) => status === 'resolved').length;
        expect(returned + disposed.length).toBe(results);
        expect(policy.snapshot().hedges).toBeLessThanOrEqual(10 + 0.3 * calls.length);
        expect(time.pending).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
}, 30_000);
