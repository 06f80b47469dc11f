import { expect, it } from '@jest/globals';
import { bulkhead, compose, type Policy, priorityBulkhead, retry, withDeadline } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

// A deadline that the call is handed no signal of.
const spentFor = async (time: VirtualClock, policy: Policy): Promise<unknown> => {
  let calls = 0;
  const call = outcomeOf(
    withDeadline(
      10,
      async () => {
        time.now = 10;
        return policy.execute(() => ++calls);
      },
      time.time,
    ),
  );
  await settle();
  return [calls, (call.error as { code?: string } | undefined)?.code];
};

it.each([
  ['bulkhead', (time: VirtualClock) => bulkhead({ maxConcurrent: 1, ...time.time })],
  ['priorityBulkhead', () => priorityBulkhead({ maxConcurrent: 1, priority: () => 0 })],
  ['retry', (time: VirtualClock) => retry(time.time)],
] as const)('%s makes no call after the deadline, alone or as a part', async (_name, make) => {
  for (const part of [false, true]) {
    const time = new VirtualClock();
    const policy = make(time) as Policy;
    expect(await spentFor(time, part ? compose(policy) : policy)).toEqual([0, 'DEADLINE_EXCEEDED']);
    expect(policy.stats()).toMatchObject({ calls: 1, rejections: 1 });
  }
});

it.each([
  ['alone', false],
  ['as a part', true],
])('a caller in the queue leaves it at its deadline: %s', async (_name, part) => {
  const time = new VirtualClock();
  const slots = bulkhead({ maxConcurrent: 1, maxQueue: 3, queueTimeoutMs: 50, name: 'db', ...time.time });
  const policy = part ? compose(slots) : slots;
  const reasons: string[] = [];
  slots.on('reject', ({ reason }) => reasons.push(reason));
  const gate = deferred<string>();
  outcomeOf(policy.execute(() => gate.promise));
  const made: string[] = [];
  const under = (ms: number, id: string) =>
    withDeadline(ms, () => outcomeOf(policy.execute(() => made.push(id))), time.time);
  const short = await under(30, 'short');
  const long = await under(80, 'long');
  const free = outcomeOf(policy.execute(() => made.push('free')));
  await time.advance(30);
  expect([short.error, long.status, slots.snapshot().queued]).toMatchObject([
    { code: 'DEADLINE_EXCEEDED', policy: 'db', safety: 'not-sent' },
    'pending',
    2,
  ]);
  await time.advance(20);
  expect([long.error, free.error]).toMatchObject([
    { code: 'BULKHEAD_FULL', reason: 'queue-timeout' },
    { code: 'BULKHEAD_FULL', reason: 'queue-timeout' },
  ]);
  gate.resolve('done');
  await settle();
  expect([made, time.pending, reasons]).toEqual([[], 0, ['deadline', 'queue-timeout', 'queue-timeout']]);
  expect(slots.snapshot()).toMatchObject({ running: 0, queued: 0 });
});

it('measures the wait in the queue with the call, whether anybody listens or not', async () => {
  for (const heard of [false, true]) {
    const time = new VirtualClock();
    const slots = bulkhead({ maxConcurrent: 1, maxQueue: 3, ...time.time });
    if (heard) slots.on('success', () => {});
    for (let call = 0; call < 3; call++)
      slots.execute(() => new Promise<void>((resolve) => time.timers.setTimeout(resolve, 60)));
    await time.advance(180);
    const { count, p99 } = slots.stats().latencyMs!;
    expect(count).toBe(3);
    expect(p99).toBeGreaterThan(175);
  }
});
