import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { isTaskCancelledError } from 'cockatiel';
import { retry, timeout } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (ms = 100) => {
  const time = new VirtualClock();
  return { time, policy: timeout({ ms, name: 'search', ...time.time }) };
};

it('rejects when the limit is reached and aborts the signal with that same error', async () => {
  const { time, policy } = setUp();
  let seen: AbortSignal | undefined;
  const outcome = outcomeOf(
    policy.execute(({ signal }) => {
      seen = signal;
      return new Promise(() => {});
    }),
  );
  await time.advance(99);
  expect([outcome.status, seen?.aborted]).toEqual(['pending', false]);
  await time.advance(1);
  expect({ ...(outcome.error as object) }).toEqual({
    message: '"search" timed out after 100 ms',
    isTaskCancelledError: true,
    code: 'TIMEOUT',
    retryable: true,
    safety: 'idempotent-only',
    policy: 'search',
    timeoutMs: 100,
  });
  expect((outcome.error as Error).name).toBe('TimeoutError');
  expect(isTaskCancelledError(outcome.error)).toBe(true);
  expect(seen?.reason).toBe(outcome.error);
  expect(policy.stats()).toMatchObject({ calls: 1, failures: 1, timeouts: 1, cancelled: 0 });
});

it('tells a caller’s abort apart from the limit', async () => {
  const { time, policy } = setUp(1_000);
  const controller = new AbortController();
  const events: unknown[] = [];
  policy.on('timeout', (event) => events.push(event));
  let inner: AbortSignal | undefined;
  const outcome = outcomeOf(
    policy.execute(({ signal }) => {
      inner = signal;
      return new Promise(() => {});
    }, controller.signal),
  );
  await time.advance(10);
  const reason = { why: 'closed tab' };
  controller.abort(reason);
  await settle();
  expect(outcome.error).toBe(reason);
  expect(inner?.reason).toBe(reason);
  expect(time.pending).toBe(0);
  await time.advance(10_000);
  expect(events).toEqual([]);
  expect(policy.stats()).toMatchObject({ cancelled: 1, timeouts: 0, failures: 0 });
});

it('leaves the signal alone on success, and sets no timer or listener in its wake', async () => {
  const { time, policy } = setUp();
  const controller = new AbortController();
  let seen: AbortSignal | undefined;
  const value = await policy.execute(({ signal }) => {
    seen = signal;
    return 'body';
  }, controller.signal);
  expect(value).toBe('body');
  expect(time.pending).toBe(0);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  await time.advance(1_000);
  expect(seen?.aborted).toBe(false);
});

it('has no limit with Infinity, and reaches limits beyond 2^31 ms', async () => {
  const endless = setUp(Number.POSITIVE_INFINITY);
  outcomeOf(endless.policy.execute(() => new Promise(() => {})));
  await settle();
  expect(endless.time.pending).toBe(0);

  const long = setUp(3_000_000_000);
  const outcome = outcomeOf(long.policy.execute(() => new Promise(() => {})));
  await long.time.advance(2_999_999_999);
  expect(outcome.status).toBe('pending');
  await long.time.advance(1);
  expect(outcome.error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 3_000_000_000 });
});

it.each([Number.NaN, -1, 0, '5' as unknown as number])('refuses a limit of %p', (ms) => {
  expect(() => timeout({ ms })).toThrow(/^ms must be a number of milliseconds > 0 or Infinity, got /);
});

it('swallows what the call does after its time was up', async () => {
  const { time, policy } = setUp();
  const late = deferred<never>();
  const outcome = outcomeOf(policy.execute(() => late.promise));
  await time.advance(100);
  late.reject(new Error('too late'));
  await settle();
  await settle();
  expect(outcome.error).toMatchObject({ code: 'TIMEOUT' });
});

it('stops the retries inside it: no call is made after the limit', async () => {
  const { time, policy } = setUp(150);
  const inner = retry({
    initialDelayMs: 100,
    backoff: 'constant',
    jitter: 'none',
    maxAttempts: 10,
    ...time.time,
  });
  let calls = 0;
  const outcome = outcomeOf(
    policy.execute(({ signal }) =>
      inner.execute(() => {
        calls++;
        throw new Error('down');
      }, signal),
    ),
  );
  await time.advance(5_000);
  expect(calls).toBe(2);
  expect(outcome.error).toMatchObject({ code: 'TIMEOUT' });
  expect(time.pending).toBe(0);
});

it('takes no notice of a timer that fires although it was cleared', async () => {
  const fired: (() => void)[] = [];
  const timers = { setTimeout: (callback: () => void) => fired.push(callback), clearTimeout: () => {} };
  const policy = timeout({ ms: 100, timers });
  expect(await policy.execute(() => 1)).toBe(1);
  expect(await policy.execute(() => 2, new AbortController().signal)).toBe(2);
  for (const fire of fired) fire();
  expect(fired).toHaveLength(2);
  expect(policy.stats()).toMatchObject({ successes: 2, timeouts: 0 });
});
