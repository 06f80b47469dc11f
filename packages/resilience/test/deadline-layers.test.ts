import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  bulkhead,
  circuitBreaker,
  compose,
  DeadlineExceededError,
  deadline,
  pipeline,
  remainingMs,
  retry,
  timeout,
  withDeadline,
} from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const never = (): Promise<never> => new Promise(() => {});

it('a timeout gets the smaller of its own limit and the rest, though no signal was handed on', async () => {
  const time = new VirtualClock();
  const limit = timeout({ ms: 100, name: 'db', ...time.time });
  const events: unknown[] = [];
  limit.on('timeout', (event) => events.push(event));
  const errors: unknown[] = [];
  const run = (budget: number) =>
    outcomeOf(
      withDeadline(
        budget,
        () => limit.execute(never).catch((error: unknown) => errors.push(error)),
        time.time,
      ),
    );
  run(500);
  await time.advance(100);
  expect(errors).toMatchObject([{ code: 'TIMEOUT', timeoutMs: 100 }]);
  run(40);
  await time.advance(40);
  expect(errors[1]).toBeInstanceOf(DeadlineExceededError);
  expect(errors[1]).toMatchObject({ policy: 'db', message: '"db" reached its deadline after 40 ms' });
  expect(events).toEqual([
    { policy: 'db', timeoutMs: 100 },
    { policy: 'db', timeoutMs: 40 },
  ]);
  expect(limit.stats()).toMatchObject({ calls: 2, failures: 2, timeouts: 2 });
  await time.advance(500);
  expect(time.pending).toBe(0);
});

it('timeout(Infinity) obeys the deadline alone', async () => {
  const time = new VirtualClock();
  const limit = timeout({ ms: Number.POSITIVE_INFINITY, ...time.time });
  const seen: unknown[] = [];
  outcomeOf(
    withDeadline(30, () => limit.execute(never).catch((error: unknown) => seen.push(error)), time.time),
  );
  await time.advance(30);
  expect(seen).toMatchObject([{ code: 'DEADLINE_EXCEEDED' }]);
});

it('a timeout calls nothing once the deadline has passed, and a breaker outside counts nothing', async () => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({ failureThreshold: 1, clock: time.clock });
  const guarded = compose(breaker, timeout({ ms: 100, name: 'db', ...time.time }));
  let calls = 0;
  const late = withDeadline(
    10,
    () => {
      time.now = 10;
      return guarded.execute(() => ++calls);
    },
    time.time,
  );
  await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', safety: 'not-sent' });
  expect([calls, breaker.state, breaker.stats().rejections]).toEqual([0, 'closed', 1]);
});

it('a retry does not begin a wait that the rest cannot cover: what was tried is told', async () => {
  const time = new VirtualClock();
  const down = new Error('down');
  const policy = retry({ maxAttempts: 10, backoff: [20, 50, 100], name: 'db', ...time.time });
  let calls = 0;
  const outcome = outcomeOf(
    withDeadline(100, () => policy.execute(() => Promise.reject(++calls < 9 ? down : 0)), time.time),
  );
  await time.advance(70);
  expect({ ...(outcome.error as object) }).toEqual({
    message: '"db" has 30 ms left and would wait 100 ms; calls made: 3',
    isTaskCancelledError: true,
    code: 'DEADLINE_EXCEEDED',
    retryable: true,
    safety: 'idempotent-only',
    policy: 'db',
    remainingMs: 30,
    attempts: 3,
    neededMs: 100,
  });
  expect((outcome.error as Error).cause).toBe(down);
  expect([calls, time.now, time.pending, policy.stats().retries]).toEqual([3, 70, 0, 2]);
});

it('a wait that just fits is begun; one that ends with the deadline is not', async () => {
  for (const [budget, calls] of [
    [51, 2],
    [50, 1],
  ] as const) {
    const time = new VirtualClock();
    let made = 0;
    const policy = retry({ maxAttempts: 2, backoff: [50], ...time.time });
    outcomeOf(withDeadline(budget, () => policy.execute(() => Promise.reject(++made)), time.time));
    await time.advance(200);
    expect(made).toBe(calls);
  }
});

it('a falsy failure is told as it was, and a bad result is returned as it is', async () => {
  const time = new VirtualClock();
  const waiting = { maxAttempts: 3, backoff: [50], ...time.time };
  const failed = withDeadline(10, () => retry(waiting).execute(() => Promise.reject(0)), time.time);
  await expect(failed).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', cause: 0 });
  const poor = retry({ ...waiting, retryOnResult: () => true });
  expect(await withDeadline(10, () => poor.execute(() => 'poor'), time.time)).toBe('poor');
});

it('each attempt’s timeout gets what the attempts before it have left', async () => {
  const time = new VirtualClock();
  const policy = pipeline({
    ...{ name: 'shop', deadlineMs: 100, timeoutMs: 40, ...time.time },
    retry: { maxAttempts: 9, backoff: [10], idempotent: true },
  });
  const given: number[] = [];
  const limits: number[] = [];
  policy.on('timeout', ({ timeoutMs }) => limits.push(timeoutMs));
  const outcome = outcomeOf(
    policy.execute(() => {
      given.push(remainingMs());
      return never();
    }),
  );
  await time.advance(100);
  expect([given, limits]).toEqual([
    [100, 50],
    [40, 40],
  ]);
  expect(outcome.error).toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    remainingMs: 10,
    attempts: 2,
    neededMs: 10,
  });
  expect(time.pending).toBe(0);
});

it('changes nothing where no deadline is in force', async () => {
  const time = new VirtualClock();
  let calls = 0;
  const policy = compose(retry({ maxAttempts: 3, backoff: [1_000], ...time.time }), timeout(1_000));
  const outcome = outcomeOf(policy.execute(() => (++calls < 3 ? Promise.reject(new Error('x')) : calls)));
  await time.advance(2_000);
  expect(outcome.value).toBe(3);
});

it('for any budget, waits and durations: nothing is begun that would end after the deadline', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 300 }),
      fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 }),
      async (budget, backoff, durations) => {
        const time = new VirtualClock();
        const begun: number[] = [];
        const policy = compose(
          deadline({ ms: budget, ...time.time }),
          retry({ maxAttempts: 20, backoff, idempotent: true, ...time.time }),
          timeout({ ms: 60, ...time.time }),
        );
        let ended = -1;
        const end = (): void => {
          ended = time.now;
        };
        policy
          .execute(() => {
            begun.push(time.now);
            const ms = durations[begun.length % durations.length]!;
            return new Promise((_, reject) => time.timers.setTimeout(() => reject(new Error('x')), ms));
          })
          .then(end, end);
        await time.advance(10_000);
        expect(begun.every((at) => at < budget)).toBe(true);
        expect(ended).toBeLessThanOrEqual(budget);
        expect(ended).toBeGreaterThanOrEqual(0);
        expect(time.pending).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
}, 30_000);

it('a deadline that strikes during a call tells how many there were, and the failure before it', async () => {
  const down = new Error('down');
  const parts = { maxAttempts: 5, backoff: [10], idempotent: true };
  const time = new VirtualClock();
  const policies = [
    compose(deadline({ ms: 100, ...time.time }), retry({ ...parts, ...time.time })),
    pipeline({ deadlineMs: 100, retry: parts, circuitBreaker: {}, timeoutMs: 90, ...time.time }),
  ];
  for (const policy of policies) {
    const outcome = outcomeOf(
      policy.execute(({ attempt }) => (attempt < 3 ? Promise.reject(down) : new Promise(() => {}))),
    );
    await time.advance(100);
    expect(outcome.error).toMatchObject({ code: 'DEADLINE_EXCEEDED', attempts: 3, cause: down });
  }
});

it('a deadline that strikes during the first call has no cause, and one in a wait counts the calls before', async () => {
  const time = new VirtualClock();
  const slots = bulkhead({ maxConcurrent: 1, maxQueue: 1, ...time.time });
  const policy = compose(
    deadline({ ms: 100, ...time.time }),
    retry({ backoff: [10], idempotent: true, ...time.time }),
    slots,
  );
  const first = outcomeOf(
    policy.execute(() => new Promise((done) => time.timers.setTimeout(() => done(1), 300))),
  );
  await time.advance(100);
  expect(first.error).toMatchObject({ attempts: 1, safety: 'idempotent-only' });
  expect((first.error as Error).cause).toBeUndefined();
  await time.advance(300);
  const second = outcomeOf(
    policy.execute(() => {
      throw 'thrown at once';
    }),
  );
  await settle();
  outcomeOf(slots.execute(() => new Promise(() => {})));
  await time.advance(100);
  expect(second.error).toMatchObject({ attempts: 1, safety: 'idempotent-only', cause: 'thrown at once' });
});
