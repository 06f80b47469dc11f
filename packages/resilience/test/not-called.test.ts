import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  adaptiveConcurrency,
  bulkhead,
  chaos,
  circuitBreaker,
  coalesce,
  compose,
  deadline,
  type Policy,
  pipeline,
  priorityBulkhead,
  rateLimit,
  retry,
  timeout,
} from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const healthy = (time: VirtualClock, ms: number) => () =>
  new Promise((resolve) => time.timers.setTimeout(() => resolve('ok'), ms));

const queues: Record<string, (time: VirtualClock) => Policy> = {
  bulkhead: (time) => bulkhead({ maxConcurrent: 1, maxQueue: 50, ...time.time }) as Policy,
  priorityBulkhead: (time) =>
    priorityBulkhead({ maxConcurrent: 1, maxQueue: 50, priority: () => 1, ...time.time }) as Policy,
  rateLimit: (time) => rateLimit({ limit: 1, perMs: 100, burst: 1, maxQueue: 50, ...time.time }) as Policy,
};

it.each(Object.keys(queues))(
  'a time-out in the queue of a %s is no failure of the dependency',
  async (name) => {
    const time = new VirtualClock();
    const queue = queues[name]!(time);
    const orders = [
      (breaker: Policy) => compose(breaker, timeout({ ms: 30, ...time.time }), queue),
      (breaker: Policy) => compose(timeout({ ms: 30, ...time.time }), breaker, queue),
      (breaker: Policy) => compose(deadline({ ms: 30, ...time.time }), breaker, queue),
    ];
    for (const order of orders) {
      const breaker = circuitBreaker({ failureThreshold: 3, clock: time.clock });
      const policy = order(breaker as Policy);
      const calls = Array.from({ length: 8 }, () => outcomeOf(policy.execute(healthy(time, 20))));
      await time.advance(1_000);
      expect(calls.filter(({ status }) => status === 'resolved').length).toBeGreaterThan(0);
      expect(calls.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(3);
      // The second call gets its slot with 10 ms left, and is cut off while it runs.
      expect([breaker.state, breaker.stats().failures]).toEqual(['closed', name === 'rateLimit' ? 0 : 1]);
    }
  },
);

it('a time-out before the call is a rejection that is safe to repeat, one during the call is not', async () => {
  const time = new VirtualClock();
  const limit = timeout({ ms: 30, name: 'limit', ...time.time });
  const policy = compose(limit, bulkhead({ maxConcurrent: 1, maxQueue: 1, ...time.time }));
  const running = outcomeOf(policy.execute(() => new Promise(() => {})));
  const queued = outcomeOf(policy.execute(() => 'never'));
  await time.advance(30);
  expect(running.error).toMatchObject({ code: 'TIMEOUT', safety: 'idempotent-only' });
  expect(queued.error).toMatchObject({ code: 'TIMEOUT', safety: 'not-sent' });
  expect((queued.error as Error).message).toBe('"limit" timed out after 30 ms, before the call was made');
  expect(limit.stats()).toMatchObject({ calls: 2, failures: 1, rejections: 1, timeouts: 2 });
});

it('counts the attempt that waits, not the one before it', async () => {
  const time = new VirtualClock();
  const slots = bulkhead({ maxConcurrent: 1, maxQueue: 5, ...time.time });
  const breaker = circuitBreaker({ failureThreshold: 2, clock: time.clock });
  const limit = timeout({ ms: 30, ...time.time });
  const policy = compose(limit, retry({ backoff: [5], idempotent: true, ...time.time }), breaker, slots);
  const call = outcomeOf(policy.execute(() => Promise.reject(new Error('down'))));
  await settle();
  outcomeOf(slots.execute(() => new Promise(() => {})));
  await time.advance(30);
  // The first attempt was sent, so the whole may not be repeated at will; the second one still waits for its slot.
  expect(call.error).toMatchObject({ code: 'TIMEOUT', safety: 'idempotent-only' });
  expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { failures: 1 } });
});

it('a wait for an answer is no queue: chaos and coalesce stand in for the call', async () => {
  const time = new VirtualClock();
  const slow = chaos({ latencyMs: 1_000, rate: 1, ...time.time });
  const shared = coalesce({ key: () => 1, ...time.time });
  outcomeOf(shared.execute(() => new Promise(() => {})));
  for (const inside of [slow, shared]) {
    const breaker = circuitBreaker({ failureThreshold: 1, clock: time.clock });
    const call = outcomeOf(compose(timeout({ ms: 30, ...time.time }), breaker, inside).execute(() => 'x'));
    await time.advance(30);
    expect(call.error).toMatchObject({ code: 'TIMEOUT', safety: 'idempotent-only' });
    expect(breaker.state).toBe('open');
  }
});

it('a breaker opens when a call that was made is cut off, and for no wait in a queue', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ pause: fc.integer({ min: 0, max: 25 }), ms: fc.integer({ min: 0, max: 28 }) }), {
        maxLength: 30,
      }),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      async (calls, maxConcurrent, outside) => {
        const time = new VirtualClock();
        const breaker = circuitBreaker({ failureThreshold: 1, clock: time.clock });
        const limit = timeout({ ms: 30, ...time.time });
        const slots = bulkhead({ maxConcurrent, maxQueue: 30, ...time.time });
        const policy = outside ? compose(breaker, limit, slots) : compose(limit, breaker, slots);
        const made: { begun: boolean; code: string | undefined; safety: string | undefined }[] = [];
        for (const { pause, ms } of calls) {
          await time.advance(pause);
          const call = { begun: false, code: undefined, safety: undefined };
          made.push(call);
          const task = () => {
            call.begun = true;
            return healthy(time, ms)();
          };
          policy.execute(task).catch(({ code, safety }) => Object.assign(call, { code, safety }));
        }
        await time.advance(1_000);
        const late = made.filter(({ code }) => code === 'TIMEOUT');
        for (const { begun, safety } of late) expect(safety).toBe(begun ? 'idempotent-only' : 'not-sent');
        expect(breaker.state).toBe(late.some(({ begun }) => begun) ? 'open' : 'closed');
      },
    ),
    { numRuns: 100 },
  );
});

it('a deadline that ends in a queue has made no call: the breaker outside stays closed', async () => {
  const time = new VirtualClock();
  const slots = [
    ...[queues.bulkhead!(time), queues.priorityBulkhead!(time)],
    adaptiveConcurrency({ initial: 1, max: 1, maxQueue: 50, ...time.time }),
  ];
  for (const slot of slots) {
    const breaker = circuitBreaker({ failureThreshold: 3, clock: time.clock });
    const limit = deadline({ ms: 30, name: 'limit', ...time.time });
    const told: unknown[] = [];
    limit.on('deadline', ({ madeCall }) => told.push(madeCall));
    outcomeOf(slot.execute(healthy(time, 80)));
    let made = 0;
    const calls = [1, 2, 3].map(() =>
      outcomeOf(compose(breaker, limit, slot as Policy).execute(() => ++made)),
    );
    await time.advance(30);
    for (const { error } of calls)
      expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', safety: 'not-sent', attempts: 0 });
    expect([made, breaker.state, breaker.stats().failures]).toEqual([0, 'closed', 0]);
    expect(told.every((each) => each === false)).toBe(true);
    expect(limit.stats()).toMatchObject({ calls: 3, rejections: 3, failures: 0 });
    await time.advance(1_000);
  }
});

it('a pipeline counts calls that its deadline ended in the queue as rejections', async () => {
  const time = new VirtualClock();
  const shop = pipeline({ deadlineMs: 30, bulkhead: { maxConcurrent: 1, maxQueue: 9 }, ...time.time });
  outcomeOf(shop.execute(() => new Promise(() => {})));
  const queued = outcomeOf(shop.execute(() => 'never'));
  await time.advance(30);
  expect(queued.error).toMatchObject({ safety: 'not-sent', attempts: 0 });
  expect(shop.stats()).toMatchObject({ calls: 2, failures: 1, rejections: 1 });
});

it('to a deadline, too, chaos and coalesce stand in for the call', async () => {
  const time = new VirtualClock();
  const slow = chaos({ latencyMs: 1_000, rate: 1, ...time.time });
  const shared = coalesce({ key: () => 1, ...time.time });
  outcomeOf(shared.execute(() => new Promise(() => {})));
  for (const inside of [slow, shared]) {
    const call = outcomeOf(compose(deadline({ ms: 30, ...time.time }), inside).execute(() => 'x'));
    await time.advance(30);
    expect(call.error).toMatchObject({ safety: 'idempotent-only', attempts: 1 });
  }
});
