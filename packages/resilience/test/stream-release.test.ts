import { describe, expect, it } from '@jest/globals';
import { adaptiveConcurrency, bulkhead, priorityBulkhead, stream } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const never = new Promise<never>(() => {});
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await settle();
};

describe.each([
  ['bulkhead', () => bulkhead({ maxConcurrent: 1 })],
  ['priorityBulkhead', () => priorityBulkhead({ maxConcurrent: 1, priority: () => 0 })],
  ['adaptiveConcurrency', () => adaptiveConcurrency({ min: 1, max: 1 })],
])('the slot of a stream under %s', (_name, limited) => {
  it('is held after an abort until the source has settled, though the reader goes at once', async () => {
    const slots = limited();
    const work = deferred<void>();
    const cleanup = deferred<void>();
    const caller = new AbortController();
    const source = async function* () {
      try {
        yield 1;
        await work.promise;
        yield 2;
      } finally {
        await cleanup.promise;
      }
    };
    const items = stream(slots, source, {}, caller.signal);
    await items.next();
    const next = outcomeOf(items.next());
    caller.abort('gone');
    await turns();
    expect(next).toEqual({ status: 'rejected', error: 'gone' });
    expect(slots.snapshot().running).toBe(1);
    work.resolve();
    await turns();
    expect(slots.snapshot().running).toBe(1);
    cleanup.resolve();
    await turns();
    expect(slots.snapshot().running).toBe(0);
  });

  it('waits for an item that is on its way, though return() has answered already', async () => {
    const slots = limited();
    const work = deferred<IteratorResult<number>>();
    const caller = new AbortController();
    const answers = [Promise.resolve({ done: false as const, value: 1 }), work.promise];
    const iterator = {
      next: () => answers.shift()!,
      return: async () => ({ done: true as const, value: undefined }),
    };
    const items = stream(slots, () => ({ [Symbol.asyncIterator]: () => iterator }), {}, caller.signal);
    await items.next();
    const next = outcomeOf(items.next());
    caller.abort('gone');
    await turns();
    expect([next.status, slots.snapshot().running]).toEqual(['rejected', 1]);
    work.resolve({ done: true, value: undefined });
    await turns();
    expect(slots.snapshot().running).toBe(0);
  });

  it.each([{ gapMs: 50 }, { totalMs: 50 }])(
    'is freed by %p, also when an abort came first',
    async (limit) => {
      const time = new VirtualClock();
      const source = async function* () {
        yield 1;
        await never;
      };
      for (const aborts of [false, true]) {
        const slots = limited();
        const caller = new AbortController();
        const items = stream(slots, source, { ...limit, timers: time.timers }, caller.signal);
        await items.next();
        const next = outcomeOf(items.next());
        if (aborts) caller.abort('gone');
        await time.advance(49);
        expect(slots.snapshot().running).toBe(1);
        await time.advance(1);
        expect(next.error).toEqual(aborts ? 'gone' : expect.objectContaining({ code: 'TIMEOUT' }));
        expect([slots.snapshot().running, time.pending]).toEqual([0, 0]);
      }
    },
  );

  it('is held, when the consumer leaves, until the source has cleaned up', async () => {
    const slots = limited();
    const cleanup = deferred<void>();
    const items = stream(slots, async function* () {
      try {
        yield 1;
        yield 2;
      } finally {
        await cleanup.promise;
      }
    });
    await items.next();
    const left = outcomeOf(items.return(undefined));
    await turns();
    expect([left.status, slots.snapshot().running]).toEqual(['pending', 1]);
    cleanup.resolve();
    await left;
    await turns();
    expect([left.status, slots.snapshot().running]).toEqual(['resolved', 0]);
  });

  it('is held by an attempt that was given up until its source has cleaned up', async () => {
    const slots = limited();
    const work = deferred<void>();
    const cleanup = deferred<void>();
    const caller = new AbortController();
    const source = async function* () {
      try {
        await work.promise;
        yield 1;
      } finally {
        await cleanup.promise;
      }
    };
    const first = outcomeOf(stream(slots, source, {}, caller.signal).next());
    await turns();
    caller.abort('gone');
    work.resolve();
    await turns();
    expect([first.status, slots.snapshot().running]).toEqual(['rejected', 1]);
    cleanup.resolve();
    await turns();
    expect(slots.snapshot().running).toBe(0);
  });
});

it('asks the source for nothing more once the caller has aborted', async () => {
  const caller = new AbortController();
  let asked = 0;
  const iterator = {
    next: async () => ({ done: false as const, value: ++asked }),
    return: async () => ({ done: true as const, value: undefined }),
  };
  const open = () => ({ [Symbol.asyncIterator]: () => iterator });
  const items = stream(bulkhead({ maxConcurrent: 1 }), open, {}, caller.signal);
  await items.next();
  caller.abort('gone');
  await expect(items.next()).rejects.toBe('gone');
  expect(asked).toBe(1);
});
