import { describe, expect, it } from '@jest/globals';
import {
  adaptiveConcurrency,
  bulkhead,
  compose,
  type Policy,
  type PolicyLike,
  priorityBulkhead,
  retry,
  timeout,
} from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

// How long a slot is taken, where the caller, or a time limit, gives the call up before it has settled.
const kinds: Record<string, (time: VirtualClock) => Policy & { snapshot(): { running: number } }> = {
  bulkhead: (time) => bulkhead({ maxConcurrent: 1, ...time.time }) as never,
  priorityBulkhead: (time) =>
    priorityBulkhead({ maxConcurrent: 1, priority: () => 0, ...time.time }) as never,
  adaptiveConcurrency: (time) => adaptiveConcurrency({ max: 1, ...time.time }) as never,
};

describe.each(Object.entries(kinds))('%s', (_name, make) => {
  const setUp = (around: (slots: Policy, time: VirtualClock) => PolicyLike) => {
    const time = new VirtualClock();
    const slots = make(time);
    const gate = deferred<string>();
    const controller = new AbortController();
    const policy = around(slots, time);
    const call = outcomeOf(policy.execute(() => gate.promise, controller.signal));
    return { time, gate, controller, call, running: () => slots.snapshot().running };
  };

  it.each([
    [
      'a time limit inside',
      (slots: Policy, time: VirtualClock) => compose(slots, timeout({ ms: 100, ...time.time })),
    ],
    ['a retry inside', (slots: Policy, time: VirtualClock) => compose(slots, retry(time.time))],
    [
      'time limits on both sides',
      (slots: Policy, time: VirtualClock) =>
        compose(
          timeout({ ms: 500, ...time.time }),
          slots,
          retry(time.time),
          timeout({ ms: 100, ...time.time }),
        ),
    ],
    ['nothing inside', (slots: Policy) => slots],
  ] as const)('holds the slot of an aborted call until it has settled: %s', async (_what, around) => {
    const { time, gate, controller, call, running } = setUp(around);
    await settle();
    controller.abort('gone');
    await settle();
    expect([call.error, running()]).toEqual(['gone', 1]);
    gate.resolve('late');
    await settle();
    expect([running(), time.pending]).toEqual([0, 0]);
  });

  it('frees the slot of an aborted call that never settles when a time limit inside would have', async () => {
    const { time, controller, call, running } = setUp((slots, { time }) =>
      compose(slots, timeout({ ms: 100, ...time })),
    );
    await time.advance(30);
    controller.abort('gone');
    await time.advance(69);
    expect([call.error, running()]).toEqual(['gone', 1]);
    await time.advance(1);
    expect([running(), time.pending]).toEqual([0, 0]);
  });

  it('frees the slot when a time limit inside strikes, although the call still runs', async () => {
    const { time, gate, call, running } = setUp((slots, { time }) =>
      compose(slots, timeout({ ms: 100, ...time })),
    );
    await time.advance(100);
    expect([call.error, running()]).toMatchObject([{ code: 'TIMEOUT' }, 0]);
    gate.resolve('late');
    await settle();
    expect(running()).toBe(0);
  });

  it('holds the slot when a time limit outside strikes, until the call has settled', async () => {
    const { time, gate, call, running } = setUp((slots, { time }) =>
      compose(timeout({ ms: 100, ...time }), slots),
    );
    await time.advance(100);
    expect([call.error, running()]).toMatchObject([{ code: 'TIMEOUT' }, 1]);
    gate.reject(new Error('late'));
    await settle();
    expect([running(), time.pending]).toEqual([0, 0]);
  });
});
