import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { getEventListeners } from 'node:events';
import { afterEach, expect, it } from '@jest/globals';
import { isTaskCancelledError } from 'cockatiel';
import fc from 'fast-check';
import {
  circuitBreaker,
  compose,
  DeadlineExceededError,
  deadline,
  remainingMs,
  retry,
  withDeadline,
} from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (ms = 100) => {
  const time = new VirtualClock();
  return { time, policy: deadline({ ms, name: 'order', ...time.time }) };
};
const never = (): Promise<never> => new Promise(() => {});

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

it('rejects when the budget is spent and aborts the signal with that same error', async () => {
  const { time, policy } = setUp();
  let seen: AbortSignal | undefined;
  const outcome = outcomeOf(
    policy.execute(({ signal }) => {
      seen = signal;
      return never();
    }),
  );
  await time.advance(99);
  expect([outcome.status, seen?.aborted]).toEqual(['pending', false]);
  await time.advance(1);
  expect({ ...(outcome.error as object) }).toEqual({
    message: '"order" reached its deadline after 100 ms',
    isTaskCancelledError: true,
    code: 'DEADLINE_EXCEEDED',
    retryable: true,
    safety: 'idempotent-only',
    policy: 'order',
    remainingMs: 0,
    attempts: 1,
    neededMs: undefined,
  });
  expect((outcome.error as Error).name).toBe('DeadlineExceededError');
  expect(isTaskCancelledError(outcome.error)).toBe(true);
  expect(seen?.reason).toBe(outcome.error);
  expect(policy.stats()).toMatchObject({ calls: 1, failures: 1, timeouts: 1, cancelled: 0 });
});

it('tells the rest to whatever runs inside, across awaits, and nothing outside', async () => {
  const { time, policy } = setUp();
  const gate = deferred<void>();
  const seen: number[] = [];
  const call = policy.execute(async () => {
    seen.push(remainingMs());
    await gate.promise;
    seen.push(remainingMs());
  });
  expect(remainingMs()).toBe(Number.POSITIVE_INFINITY);
  await time.advance(30);
  gate.resolve();
  await call;
  expect(seen).toEqual([100, 70]);
  expect(time.pending).toBe(0);
});

it('says 0 to work that goes on after its deadline, and begins no nested call there', async () => {
  const { time, policy } = setUp();
  const gate = deferred<void>();
  const inner = deadline({ ms: 50, name: 'inner', ...time.time });
  const events: unknown[] = [];
  inner.on('deadline', (event) => events.push(event));
  let called = 0;
  const late = deferred<unknown>();
  outcomeOf(
    policy.execute(async () => {
      await gate.promise;
      const error = await inner.execute(() => ++called).catch((thrown: unknown) => thrown);
      late.resolve([remainingMs(), error]);
    }),
  );
  await time.advance(100);
  gate.resolve();
  const [rest, error] = (await late.promise) as [number, DeadlineExceededError];
  expect([rest, called]).toEqual([0, 0]);
  expect(error).toMatchObject({ policy: 'inner', safety: 'not-sent', attempts: 0, remainingMs: 0 });
  expect(error.message).toBe('"inner": the deadline had passed before the call was made');
  expect(events).toEqual([{ policy: 'inner', timeoutMs: 0, madeCall: false }]);
  expect(inner.stats()).toMatchObject({ calls: 1, rejections: 1, failures: 0, timeouts: 1 });
});

it('a nested deadline shortens the outer one and never extends it', async () => {
  const time = new VirtualClock();
  const options = time.time;
  const seen = await withDeadline(
    100,
    async () => [
      await withDeadline(30, () => remainingMs(), options),
      await withDeadline(500, () => remainingMs(), options),
      await withDeadline(Number.POSITIVE_INFINITY, () => remainingMs(), options),
      remainingMs(),
    ],
    options,
  );
  expect(seen).toEqual([30, 100, 100, 100]);
});

it('the tighter outer deadline ends an inner call that was handed no signal', async () => {
  const time = new VirtualClock();
  let reason: unknown;
  const inner = deadline({ ms: 500, name: 'inner', ...time.time });
  outcomeOf(
    withDeadline(
      40,
      () =>
        inner.execute(({ signal }) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
          });
          return never();
        }),
      time.time,
    ),
  );
  await time.advance(40);
  expect(reason).toMatchObject({ code: 'DEADLINE_EXCEEDED', policy: 'inner' });
  expect(time.pending).toBe(0);
});

it.each([0, -5, Number.NEGATIVE_INFINITY])('withDeadline(%p) calls nothing', async (ms) => {
  let called = 0;
  const call = withDeadline(ms, () => ++called, { name: 'queue' });
  await expect(call).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    policy: 'queue',
    safety: 'not-sent',
  });
  expect(called).toBe(0);
});

it('tells a caller’s abort apart, before, during and after', async () => {
  const { time, policy } = setUp();
  const controller = new AbortController();
  const outcome = outcomeOf(policy.execute(never, controller.signal));
  const bare = outcomeOf(withDeadline(100, never, { signal: controller.signal, ...time.time }));
  await time.advance(10);
  controller.abort('gone');
  await settle();
  expect(outcome).toEqual({ status: 'rejected', error: 'gone' });
  expect(bare).toEqual({ status: 'rejected', error: 'gone' });
  expect([time.pending, getEventListeners(controller.signal, 'abort').length]).toEqual([0, 0]);
  expect(policy.stats()).toMatchObject({ cancelled: 1, timeouts: 0 });
  await expect(withDeadline(100, never, { signal: controller.signal })).rejects.toBe('gone');
  const done = new AbortController();
  let seen: AbortSignal | undefined;
  await policy.execute(({ signal }) => {
    seen = signal;
  }, done.signal);
  done.abort();
  expect(seen?.aborted).toBe(false);
});

it('passes falsy results and falsy throws', async () => {
  const { time } = setUp();
  for (const value of [undefined, null, 0, '', false]) {
    expect(await withDeadline(100, () => value, time.time)).toBe(value);
    await expect(withDeadline(100, () => Promise.reject(value), time.time)).rejects.toBe(value);
  }
  expect(time.pending).toBe(0);
});

it('a listener that throws does not touch the call, and the channel has the same payload', async () => {
  const { time, policy } = setUp();
  const published: unknown[] = [];
  const hear = (payload: unknown): number => published.push(payload);
  subscribe('agent4:resilience:deadline', hear);
  stops.push(() => unsubscribe('agent4:resilience:deadline', hear));
  policy.on('deadline', () => {
    throw new Error('mine');
  });
  const outcome = outcomeOf(policy.execute(never));
  await time.advance(100);
  expect(outcome.error).toBeInstanceOf(DeadlineExceededError);
  expect(published).toEqual([{ policy: 'order', timeoutMs: 100, madeCall: true }]);
});

it('a deadline that had passed is no failure of the dependency; one that strikes is', async () => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({ failureThreshold: 1, clock: time.clock });
  const guarded = compose(breaker, deadline({ ms: 10, ...time.time }));
  const gate = deferred<void>();
  const late = deferred<unknown>();
  outcomeOf(
    withDeadline(
      5,
      async () => {
        await gate.promise;
        late.resolve(await guarded.execute(() => 1).catch((error: unknown) => error));
      },
      time.time,
    ),
  );
  await time.advance(5);
  gate.resolve();
  expect(await late.promise).toMatchObject({ safety: 'not-sent' });
  expect(breaker.state).toBe('closed');
  outcomeOf(guarded.execute(never));
  await time.advance(10);
  expect(breaker.state).toBe('open');
});

it('a retry outside gives each attempt a budget of its own', async () => {
  const time = new VirtualClock();
  const policy = compose(
    retry({ maxAttempts: 2, backoff: [0], idempotent: true, ...time.time }),
    deadline({ ms: 10, ...time.time }),
  );
  let calls = 0;
  const outcome = outcomeOf(policy.execute(() => (++calls < 2 ? never() : remainingMs())));
  await time.advance(10);
  expect(outcome).toEqual({ status: 'resolved', value: 10 });
});

it('shares its budget with another copy of the package', async () => {
  const key = Symbol.for('agent4.resilience.deadline.v1');
  const theirs = (globalThis as Record<symbol, unknown>)[key] as {
    run<T>(budget: { remainingMs(): number }, fn: () => T): T;
    getStore(): { remainingMs(): number } | undefined;
  };
  expect(theirs.run({ remainingMs: () => 12 }, remainingMs)).toBe(12);
  const time = new VirtualClock();
  expect(await withDeadline(7, () => theirs.getStore()?.remainingMs(), time.time)).toBe(7);
});

it('wraps a function, keeping this, name and length', async () => {
  const { policy } = setUp();
  const counter = {
    step: 2,
    add: policy(async function add(this: { step: number }, to: number) {
      return to + this.step;
    }),
  };
  expect([await counter.add(1), counter.add.name, counter.add.length]).toEqual([3, 'add', 1]);
});

it('refuses what makes no sense', async () => {
  for (const ms of [0, -1, Number.NaN, '5']) expect(() => deadline(ms as number)).toThrow(/ms|options/);
  expect(() => deadline({ ms: 5, limit: 1 } as never)).toThrow('deadline has no option "limit"');
  await expect(withDeadline(Number.NaN, never)).rejects.toThrow('ms must be a number of milliseconds');
  await expect(withDeadline(5, 'fn' as never)).rejects.toThrow(
    'withDeadline can only call a function, got "fn"',
  );
  await expect(withDeadline(5, never, { signal: 5 as never })).rejects.toThrow(
    'signal must be an AbortSignal',
  );
  await expect(withDeadline(5, never, { ms: 5 } as never)).rejects.toThrow('withDeadline has no option "ms"');
});

it('the rest is the least of all budgets around, whatever their nesting', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 6, maxLength: 6 }),
      async (budgets, pauses) => {
        const time = new VirtualClock();
        let expected = Number.POSITIVE_INFINITY;
        let alive = true;
        const nest = async ([ms, ...rest]: number[], depth: number): Promise<void> => {
          if (ms === undefined || !alive) return;
          await withDeadline(
            ms,
            async () => {
              expected = Math.min(expected, ms);
              expect(remainingMs()).toBe(Math.max(0, expected));
              const pause = Math.min(pauses[depth]!, expected);
              time.now += pause;
              expected -= pause;
              alive = expected > 0;
              expect(remainingMs()).toBe(Math.max(0, expected));
              await nest(rest, depth + 1);
            },
            time.time,
          );
        };
        await nest(budgets, 0);
      },
    ),
  );
});
