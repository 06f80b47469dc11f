import { createHook } from 'node:async_hooks';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NOW, type Timed, TimerList } from '../src/timer-list.ts';
import { systemTimers } from '../src/timers.ts';

const MS = 8;

class Entry implements Timed {
  place = -1;
  stop: (() => void) | undefined = undefined;
  readonly since = performance.now();
  readonly ended: Entry[];
  after = 0;

  constructor(ended: Entry[]) {
    this.ended = ended;
  }

  expire(): void {
    this.after = performance.now() - this.since;
    this.ended.push(this);
  }
}

// How many come, and which share of those that are there leaves: so many that the list gets busy, grows, and is full of holes.
const moves = fc.array(
  fc.record({
    come: fc.integer({ min: 0, max: 200 }),
    leave: fc.constantFrom(0, 1, 2, 3, 7),
    waitMs: fc.constantFrom(0, 0, 0, 1, 3),
  }),
  { minLength: 1, maxLength: 30 },
);

it('ends those limits that have not left, each once, in the order of their coming and never early', async () => {
  await fc.assert(
    fc.asyncProperty(moves, async (script) => {
      const list = new TimerList(MS, systemTimers);
      const ended: Entry[] = [];
      let held: Entry[] = [];
      const gone = new Set<Entry>();
      const all: Entry[] = [];
      const leave = (entry: Entry): void => {
        list.remove(entry);
        gone.add(entry);
      };
      for (const { come, leave: every, waitMs } of script) {
        for (let each = 0; each < come; each++) {
          const entry = new Entry(ended);
          all.push(entry);
          held.push(entry);
          list.add(entry, NOW);
        }
        if (every > 0) {
          for (const [at, entry] of held.entries()) if (at % every === 0) leave(entry);
          held = held.filter((_, at) => at % every !== 0);
        }
        // To leave twice does nothing.
        for (const entry of gone) list.remove(entry);
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
        held = held.filter((entry) => !ended.includes(entry));
      }
      const left = all.filter((entry) => !gone.has(entry));
      const until = performance.now() + 5_000;
      while (ended.length < left.length && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, 2));
      await new Promise((resolve) => setTimeout(resolve, 2 * MS));
      expect(ended.map((entry) => all.indexOf(entry))).toEqual(left.map((entry) => all.indexOf(entry)));
      for (const { after } of ended) expect(after).toBeGreaterThanOrEqual(MS - 0.01);
    }),
    { numRuns: 40 },
  );
}, 60_000);

const listOf = (ms: number) => {
  const list = new TimerList(ms, systemTimers);
  const ended: Entry[] = [];
  const come = (): Entry => {
    const entry = new Entry(ended);
    list.add(entry, NOW);
    return entry;
  };
  return { list, ended, come };
};

it('has room for few again after there were many, and for one that stays while thousands come and go', async () => {
  const { list, ended, come } = listOf(30_000);
  const first = come();
  for (let each = 0; each < 10_000; each++) {
    const entry = come();
    // Of the places, 8 are enough for two.
    expect(entry.place - first.place).toBeLessThan(8);
    list.remove(entry);
  }
  list.remove(first);
  expect(ended).toEqual([]);
});

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('leaves no timer behind where it is of one limit', async () => {
  const timers = new Set<number>();
  const hook = createHook({
    init: (id, type) => {
      if (type === 'Timeout') timers.add(id);
    },
    destroy: (id) => timers.delete(id),
  }).enable();
  const list = new TimerList(30_000, systemTimers, true);
  const entry = new Entry([]);
  list.add(entry, NOW);
  expect(timers.size).toBe(1);
  list.remove(entry);
  await new Promise((resolve) => setImmediate(resolve));
  hook.disable();
  expect(timers.size).toBe(0);
});

it('is not late: before a timer of the platform that is due a little later', async () => {
  const list = new TimerList(60, systemTimers);
  const ended: Entry[] = [];
  list.add(new Entry(ended), NOW);
  await wait(90);
  expect(ended).toHaveLength(1);
});

it('gives a limit that takes the place of an earlier one a time of its own', async () => {
  const { list, ended, come } = listOf(400);
  const first = come();
  const others = [come()];
  // A busy list, whose 256 places are all taken.
  while (others.at(-1)!.place - first.place < 255) others.push(come());
  await wait(20);
  for (const other of others) list.remove(other);
  const last = come();
  while (!ended.includes(last)) await wait(5);
  expect(ended).toEqual([first, last]);
  expect(last.after).toBeGreaterThanOrEqual(400 - 0.01);
});
