import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { type RetryPolicy, retry } from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (options: RetryPolicy = {}) => {
  const clock = new VirtualClock();
  const policy = retry({ jitter: 'none', ...clock.time, ...options });
  const delays: number[] = [];
  policy.on('retry', ({ delayMs }) => delays.push(delayMs));
  return { clock, policy, delays };
};

const failing = (errors: unknown[]) => {
  const calls: number[] = [];
  const fn = ({ attempt }: { attempt: number }): string => {
    calls.push(attempt);
    if (calls.length <= errors.length) throw errors[calls.length - 1];
    return 'done';
  };
  return { calls, fn };
};

describe('retry', () => {
  it('counts the first call in maxAttempts', async () => {
    const { clock, policy, delays } = setUp({ maxAttempts: 3 });
    const errors = [new Error('one'), new Error('two'), new Error('three'), new Error('four')];
    const { calls, fn } = failing(errors);
    const outcome = outcomeOf(policy.execute(fn));
    await clock.advance(10_000);
    expect(calls).toEqual([1, 2, 3]);
    expect(delays).toEqual([1_000, 2_000]);
    expect(outcome.error).toBe(errors[2]);
  });

  it('makes three calls and waits 1 s, then 2 s, by default', async () => {
    const clock = new VirtualClock();
    const policy = retry({ ...clock.time, random: () => 1 });
    const { calls, fn } = failing([1, 2, 3]);
    outcomeOf(policy.execute(fn));
    await clock.advance(999);
    expect(calls).toEqual([1]);
    await clock.advance(1);
    expect(calls).toEqual([1, 2]);
    await clock.advance(1_999);
    expect(calls).toEqual([1, 2]);
    await clock.advance(1);
    expect(calls).toEqual([1, 2, 3]);
  });

  it('calls once with maxAttempts 1', async () => {
    const { clock, policy } = setUp({ maxAttempts: 1 });
    const { calls, fn } = failing(['no']);
    await expect(policy.execute(fn)).rejects.toBe('no');
    expect(calls).toEqual([1]);
    expect(clock.pending).toBe(0);
  });

  it('answers with the first success', async () => {
    const { clock, policy } = setUp();
    const { fn } = failing([new Error('once')]);
    const outcome = outcomeOf(policy.execute(fn));
    await clock.advance(1_000);
    expect(outcome).toEqual({ status: 'resolved', value: 'done' });
  });

  it('takes a falsy throw for a failure and a falsy result for a result', async () => {
    const { clock, policy, delays } = setUp();
    const { fn } = failing([undefined]);
    const outcome = outcomeOf(policy.execute(fn));
    await clock.advance(1_000);
    expect(outcome).toEqual({ status: 'resolved', value: 'done' });
    await expect(policy.execute(() => undefined)).resolves.toBeUndefined();
    await expect(policy.execute(() => 0)).resolves.toBe(0);
    expect(delays).toEqual([1_000]);
  });

  it('sets no timer for a delay of zero', async () => {
    const { clock, policy } = setUp({ initialDelayMs: 0, maxAttempts: 50 });
    const { calls, fn } = failing(Array.from({ length: 49 }, () => 'no'));
    clock.timers.setTimeout = () => {
      throw new Error('a timer was set');
    };
    await expect(policy.execute(fn)).resolves.toBe('done');
    expect(calls).toHaveLength(50);
  });

  it('never calls when the signal is aborted already, and rejects with its reason by identity', async () => {
    const { policy } = setUp();
    const { calls, fn } = failing([]);
    const reason = { why: 'shutdown' };
    await expect(policy.execute(fn, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(calls).toEqual([]);
  });

  it('rejects with signal.reason at once when aborted in mid-wait, and calls no more', async () => {
    const { clock, policy } = setUp();
    const { calls, fn } = failing(['no', 'no']);
    const controller = new AbortController();
    const outcome = outcomeOf(policy.execute(fn, controller.signal));
    await clock.advance(20);
    const reason = new Error('shutdown');
    controller.abort(reason);
    await settle();
    expect(outcome.error).toBe(reason);
    expect(clock.pending).toBe(0);
    await clock.advance(10_000);
    expect(calls).toEqual([1]);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('rejects at once when aborted during a call that ignores its signal', async () => {
    const { policy } = setUp();
    const controller = new AbortController();
    const outcome = outcomeOf(policy.execute(() => new Promise(() => {}), controller.signal));
    await settle();
    controller.abort('gone');
    await settle();
    expect(outcome).toEqual({ status: 'rejected', error: 'gone' });
  });

  it('does not start another call when a listener of the retry event aborts', async () => {
    const { clock, policy } = setUp({ initialDelayMs: 0 });
    const controller = new AbortController();
    policy.on('retry', () => controller.abort('enough'));
    const { calls, fn } = failing(['no']);
    await expect(policy.execute(fn, controller.signal)).rejects.toBe('enough');
    expect(calls).toEqual([1]);
    expect(clock.pending).toBe(0);
  });

  it('begins no wait that would end after maxElapsedMs', async () => {
    const { clock, policy, delays } = setUp({ maxAttempts: 10, maxElapsedMs: 3_000 });
    const { calls, fn } = failing(['a', 'b', 'c', 'd']);
    const outcome = outcomeOf(policy.execute(fn));
    await clock.advance(3_000);
    expect(delays).toEqual([1_000, 2_000]);
    expect(calls).toEqual([1, 2, 3]);
    expect(outcome).toEqual({ status: 'rejected', error: 'c' });
  });

  it('tries a bad result again and returns the last one as it is', async () => {
    const { clock, policy } = setUp({ retryOnResult: (value) => value === 'busy' });
    let calls = 0;
    const outcome = outcomeOf(
      policy.execute(() => {
        calls++;
        return 'busy';
      }),
    );
    await clock.advance(3_000);
    expect(calls).toBe(3);
    expect(outcome).toEqual({ status: 'resolved', value: 'busy' });
  });

  it('turns a synchronous throw into a rejection', async () => {
    const { policy } = setUp({ maxAttempts: 1 });
    const error = new Error('sync');
    const promise = policy.execute(() => {
      throw error;
    });
    await expect(promise).rejects.toBe(error);
  });

  it('waits longer than 2^31 ms in pieces', async () => {
    const { clock, policy } = setUp({ backoff: [5_000_000_000], maxDelayMs: Number.POSITIVE_INFINITY });
    const { calls, fn } = failing(['no']);
    outcomeOf(policy.execute(fn));
    await clock.advance(4_999_999_999);
    expect(calls).toEqual([1]);
    await clock.advance(1);
    expect(calls).toEqual([1, 2]);
  });

  it('keeps concurrent calls apart', async () => {
    const { clock, policy } = setUp();
    const first = failing(['x']);
    const second = failing([]);
    const outcomes = [outcomeOf(policy.execute(first.fn)), outcomeOf(policy.execute(second.fn))];
    await clock.advance(1_000);
    expect(outcomes.map(({ status }) => status)).toEqual(['resolved', 'resolved']);
    expect(first.calls).toEqual([1, 2]);
    expect(second.calls).toEqual([1]);
  });
});
