import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bulkhead, compose, withDeadline } from '../src/index.ts';
import { deferred, settle, VirtualClock } from './virtual-clock.ts';

const QUEUE_MS = 50;

type Step =
  | { do: 'call'; deadlineMs: number | undefined }
  | { do: 'end' | 'abort'; which: number }
  | { do: 'pass'; ms: number }
  | { do: 'configure'; maxConcurrent: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      deadlineMs: fc.constantFrom(undefined, undefined, 0, 20, 90),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('end' as const, 'end' as const, 'abort' as const),
      which: fc.nat(20),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 15, 35) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      maxConcurrent: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

interface Waiter {
  id: string;
  dueAt: number;
}

/** Who should run and who should wait: first come first served, each slot taken until its call has settled. */
class Model {
  maxConcurrent: number;
  readonly maxQueue: number;
  started: string[] = [];
  running: string[] = [];
  queue: Waiter[] = [];

  constructor(maxConcurrent: number, maxQueue: number) {
    this.maxConcurrent = maxConcurrent;
    this.maxQueue = maxQueue;
  }

  call(id: string, now: number, deadlineMs = Number.POSITIVE_INFINITY): void {
    if (deadlineMs === 0) return;
    if (this.running.length < this.maxConcurrent) this.start(id);
    else if (this.queue.length < this.maxQueue)
      this.queue.push({ id, dueAt: now + Math.min(QUEUE_MS, deadlineMs) });
  }

  start(id: string): void {
    this.running.push(id);
    this.started.push(id);
  }

  end(id: string): void {
    this.running = this.running.filter((other) => other !== id);
    this.fill();
  }

  fill(): void {
    while (this.running.length < this.maxConcurrent && this.queue.length > 0)
      this.start(this.queue.shift()!.id);
  }

  /** A caller that goes leaves the queue; its call, once begun, keeps the slot. */
  leave(id: string): void {
    this.queue = this.queue.filter((other) => other.id !== id);
  }

  look(now: number): void {
    this.queue = this.queue.filter(({ dueAt }) => dueAt > now);
  }
}

const play = async (
  steps: readonly Step[],
  maxConcurrent: number,
  maxQueue: number,
  part: boolean,
): Promise<void> => {
  const time = new VirtualClock();
  const slots = bulkhead({ maxConcurrent, maxQueue, queueTimeoutMs: QUEUE_MS, ...time.time });
  const policy = part ? compose(slots) : slots;
  const model = new Model(maxConcurrent, maxQueue);
  const started: string[] = [];
  const calls = new Map<string, { gate: PromiseWithResolvers<string>; abort: AbortController }>();
  const call = (deadlineMs: number | undefined): void => {
    const id = String(calls.size + 1);
    const made = { gate: deferred<string>(), abort: new AbortController() };
    calls.set(id, made);
    const task = () => {
      started.push(id);
      return made.gate.promise;
    };
    // Half of them without a signal, which is another way through.
    const signal = calls.size % 2 === 0 ? made.abort.signal : undefined;
    const execute = () => policy.execute(task, signal);
    (deadlineMs === undefined ? execute() : withDeadline(deadlineMs, execute, time.time)).catch(() => {});
    model.call(id, time.now, deadlineMs);
  };
  for (const each of steps) {
    if (each.do === 'call') call(each.deadlineMs);
    else if (each.do === 'pass') {
      await time.advance(each.ms);
      model.look(time.now);
    } else if (each.do === 'configure') {
      slots.configure({ maxConcurrent: each.maxConcurrent });
      model.maxConcurrent = each.maxConcurrent;
      model.fill();
    } else {
      const pool = each.do === 'end' ? model.running : [...model.running, ...model.queue.map(({ id }) => id)];
      const id = pool[each.which % Math.max(1, pool.length)];
      if (id === undefined) continue;
      if (each.do === 'end') {
        calls.get(id)!.gate.resolve('done');
        model.end(id);
      } else if (Number(id) % 2 === 0) {
        calls.get(id)!.abort.abort('gone');
        model.leave(id);
      }
    }
    await settle();
    expect(started).toEqual(model.started);
    expect(slots.snapshot()).toMatchObject({ running: model.running.length, queued: model.queue.length });
  }
  for (const { gate } of calls.values()) gate.resolve('done');
  await time.advance(1_000);
  expect([slots.snapshot(), time.pending]).toMatchObject([{ running: 0, queued: 0 }, 0]);
};

it('serves first come first served within its bounds, whatever ends, aborts, expires or changes in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40, size: 'max' }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      play,
    ),
    { numRuns: 200 },
  );
}, 60_000);
