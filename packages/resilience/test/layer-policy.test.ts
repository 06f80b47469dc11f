import { expect, it } from '@jest/globals';
import { Emitter } from '../src/events.ts';
import { compose, type Policy, retry, timeout } from '../src/index.ts';
import { definePolicy } from '../src/policy.ts';
import { Recorder } from '../src/stats.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

// A policy that is no stage: what it does around a call is an async function, as a policy with waits of its own needs it.
const twice = (log: string[]): Policy<never, 'success' | 'failure'> =>
  definePolicy({
    emitter: new Emitter('twice', ['success', 'failure']),
    clock: () => 0,
    recorder: new Recorder(),
    layer: async (task, scope, attempt) => {
      await task(scope, attempt);
      log.push(`first of attempt ${attempt}`);
      return task(scope, attempt);
    },
  });

it('runs between the stages of others, sees the attempt and is counted', async () => {
  const log: string[] = [];
  const middle = twice(log);
  const inner = retry({ name: 'inner', maxAttempts: 2, initialDelayMs: 0 });
  let calls = 0;
  const policy = compose(retry({ maxAttempts: 2, initialDelayMs: 0 }), middle, inner);
  const answer = await policy.execute(({ attempt }) => {
    if (++calls === 1) throw new Error('once');
    return `inner attempt ${attempt}`;
  });
  expect([answer, calls, log]).toEqual(['inner attempt 1', 3, ['first of attempt 1']]);
  expect([middle.stats().successes, inner.stats().successes, inner.stats().retries]).toEqual([1, 2, 1]);
});

it('is cut off by a limit further out, whose signal reaches the call', async () => {
  const time = new VirtualClock();
  const policy = compose(timeout({ ms: 10, ...time.time }), twice([]), timeout({ ms: 50, ...time.time }));
  let reason: unknown;
  const call = outcomeOf(
    policy.execute(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(reason);
          });
        }),
    ),
  );
  await time.advance(10);
  expect(call.error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 });
  expect(reason).toBe(call.error);
  expect(time.pending).toBe(0);
});

it('ends at once with its caller’s reason', async () => {
  const policy = compose(twice([]));
  const controller = new AbortController();
  const call = outcomeOf(policy.execute(() => new Promise(() => {}), controller.signal));
  controller.abort('gone');
  await settle();
  expect(call.error).toBe('gone');
});
