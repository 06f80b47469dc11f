import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { adaptiveConcurrency, priorityBulkhead, withDeadline } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const urgency = new AsyncLocalStorage<number>();

const setUp = (maxQueue = 10, options: { queueTimeoutMs?: number } = {}) => {
  const time = new VirtualClock();
  const policy = priorityBulkhead({
    ...{ maxConcurrent: 1, maxQueue, name: 'db', priority: () => urgency.getStore() ?? 0 },
    ...time.time,
    ...options,
  });
  const started: string[] = [];
  const call = (id: string, priority: number, signal?: AbortSignal) => {
    const gate = deferred<void>();
    const task = () => {
      started.push(id);
      return gate.promise;
    };
    return { gate, outcome: outcomeOf(urgency.run(priority, () => policy.execute(task, signal))) };
  };
  return { time, policy, started, call };
};

it('serves the higher priority first, equals in the order of their coming', async () => {
  const { started, call } = setUp();
  const calls = [
    call('running', 0),
    ...[call('low', -1), call('a', 0), call('high', 5), call('b', 0), call('high 2', 5)],
  ];
  await settle();
  for (const { gate } of calls) gate.resolve();
  await settle();
  expect(started).toEqual(['running', 'high', 'high 2', 'a', 'b', 'low']);
});

it('a full queue gives the place of the last of the lowest priority to a higher one', async () => {
  const { policy, call, started } = setUp(2);
  const reasons: unknown[] = [];
  policy.on('reject', ({ reason }) => reasons.push(reason));
  const running = call('running', 0);
  const [old, young] = [call('old', 0), call('young', 0)];
  const equal = call('equal', 0);
  const high = call('high', 1);
  await settle();
  expect(young.outcome.error).toMatchObject({ code: 'BULKHEAD_FULL', reason: 'full' });
  expect(equal.outcome.error).toMatchObject({ code: 'BULKHEAD_FULL', reason: 'full' });
  expect([old.outcome.status, high.outcome.status]).toEqual(['pending', 'pending']);
  expect(reasons).toEqual(['full', 'displaced']);
  for (const { gate } of [running, old, high]) gate.resolve();
  await settle();
  expect(started).toEqual(['running', 'high', 'old']);
  expect(policy.stats()).toMatchObject({ calls: 5, successes: 3, rejections: 2 });
});

it('asks a wrapped function’s priority of its arguments', async () => {
  const policy = priorityBulkhead({
    ...{ maxConcurrent: 1, maxQueue: 5 },
    priority: (user: { paying: boolean }) => (user.paying ? 1 : 0),
  });
  const served: boolean[] = [];
  const serve = policy(async ({ paying }: { paying: boolean }) => {
    served.push(paying);
    await settle();
  });
  await Promise.all([false, false, true].map((paying) => serve({ paying })));
  expect(served).toEqual([false, true, false]);
});

it('a priority that throws, is no number or has no arguments to go by counts as 0', async () => {
  for (const priority of [
    () => {
      throw new Error('mine');
    },
    () => 'high' as never,
    () => Number.NaN,
    (user: { level: number }) => user.level,
  ]) {
    const policy = priorityBulkhead({ maxConcurrent: 1, maxQueue: 5, priority });
    expect(await Promise.all([1, 2, 3].map((n) => policy.execute(() => n)))).toEqual([1, 2, 3]);
  }
});

it('a queued caller’s own deadline ends its wait', async () => {
  const { time, policy, call } = setUp();
  const running = call('running', 0);
  const queued = outcomeOf(withDeadline(30, () => policy.execute(() => 1), time.time));
  await time.advance(30);
  expect(queued.error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect([policy.snapshot().queued, policy.stats().failures]).toEqual([0, 0]);
  running.gate.resolve();
  await settle();
  expect(policy.snapshot()).toEqual({ name: 'db', running: 0, queued: 0, maxConcurrent: 1, maxQueue: 10 });
});

it('a caller whose deadline has passed is not queued', async () => {
  const { time, policy, call } = setUp();
  call('running', 0);
  const late = withDeadline(
    10,
    () => {
      time.now = 10;
      return policy.execute(() => 1);
    },
    time.time,
  );
  await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', safety: 'not-sent' });
  expect(policy.snapshot().queued).toBe(0);
});

it('queueTimeoutMs keeps a low priority from waiting for ever', async () => {
  const { time, call } = setUp(10, { queueTimeoutMs: 20 });
  call('running', 0);
  const low = call('low', -5);
  await time.advance(20);
  expect(low.outcome.error).toMatchObject({ reason: 'queue-timeout' });
});

it('adaptiveConcurrency has the same queue', async () => {
  const policy = adaptiveConcurrency({
    ...{ min: 1, max: 1, maxQueue: 5 },
    priority: (level: number) => level,
  });
  const served: number[] = [];
  const serve = policy(async (level: number) => {
    served.push(level);
    await settle();
  });
  await Promise.all([0, 1, 9, 5].map((level) => serve(level)));
  expect(served).toEqual([0, 9, 5, 1]);
});

it('takes points in time for priorities: as many levels as callers', async () => {
  const { call, started } = setUp(2_000);
  const calls = [call('running', 0)];
  const order = Array.from({ length: 1_000 }, (_, n) => ({ n, at: (n * 7_919) % 10_007 }));
  for (const { n, at } of order) calls.push(call(String(n), -at));
  await settle();
  for (const { gate } of calls) gate.resolve();
  await settle();
  const sorted = order.sort((a, b) => a.at - b.at).map(({ n }) => String(n));
  expect(started).toEqual(['running', ...sorted]);
});

it('refuses a missing priority and unknown options', () => {
  expect(() => priorityBulkhead({ maxConcurrent: 1 } as never)).toThrow('priority must be a function');
  expect(() => priorityBulkhead({ maxConcurrent: 1, priority: () => 0, max: 1 } as never)).toThrow(
    'priorityBulkhead has no option "max"',
  );
});

it('for any arrivals, ends and aborts: the next one served is the first of the highest priority waiting', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('call' as const), priority: fc.integer({ min: -2, max: 2 }) }),
    fc.record({ do: fc.constant('end' as const), priority: fc.constant(0) }),
    fc.record({ do: fc.constant('abort' as const), priority: fc.nat(30) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 50 }),
      fc.integer({ min: 0, max: 4 }),
      async (steps, maxQueue) => {
        const { policy, started, call } = setUp(maxQueue);
        const expected: string[] = [];
        let running: string | undefined;
        let queue: { id: string; priority: number }[] = [];
        const calls = new Map<string, ReturnType<typeof call> & { abort: AbortController }>();
        const next = (): void => {
          const best = queue.reduce<(typeof queue)[number] | undefined>(
            (first, each) => (first === undefined || each.priority > first.priority ? each : first),
            undefined,
          );
          running = best?.id;
          queue = queue.filter((each) => each !== best);
          if (running !== undefined) expected.push(running);
        };
        for (const [at, { do: what, priority }] of steps.entries()) {
          if (what === 'call') {
            const id = String(at);
            const abort = new AbortController();
            calls.set(id, { ...call(id, priority, abort.signal), abort });
            if (queue.length >= maxQueue && running !== undefined) {
              const lowest = Math.min(...queue.map((each) => each.priority));
              const out = queue.findLast((each) => each.priority === lowest);
              if (out !== undefined && lowest < priority) {
                queue = queue.filter((each) => each !== out);
                queue.push({ id, priority });
              }
            } else queue.push({ id, priority });
            if (running === undefined) next();
          } else if (what === 'end') {
            if (running === undefined) continue;
            calls.get(running)!.gate.resolve();
            next();
          } else {
            const out = queue[priority % Math.max(1, queue.length)];
            if (out === undefined) continue;
            calls.get(out.id)!.abort.abort('gone');
            queue = queue.filter((each) => each !== out);
          }
          await settle();
          expect(started).toEqual(expected);
          expect(policy.snapshot()).toMatchObject({
            running: running === undefined ? 0 : 1,
            queued: queue.length,
          });
        }
      },
    ),
    { numRuns: 200 },
  );
}, 30_000);
