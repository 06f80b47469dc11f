import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineQueue, type QueuedLine, type QueuePolicy } from '../src/line-queue.ts';

const bounds = { maxQueued: 5, maxQueuedBytes: 30, level: 'warn' } as const;

/** The same rules, written for clarity instead of speed. */
class Model {
  readonly lines: QueuedLine[] = [];
  readonly #policy: QueuePolicy;

  constructor(policy: QueuePolicy) {
    this.#policy = policy;
  }

  push(line: QueuedLine): number {
    if (line.bytes > bounds.maxQueuedBytes) return 1;
    const severe = (one: QueuedLine): boolean => one.level === 'error' || one.level === 'warn';
    for (let dropped = 0; ; dropped++) {
      const bytes = this.lines.reduce((sum, one) => sum + one.bytes, 0);
      if (this.lines.length < bounds.maxQueued && bytes + line.bytes <= bounds.maxQueuedBytes) {
        this.lines.push(line);
        return dropped;
      }
      const victim =
        this.#policy === 'drop-oldest'
          ? 0
          : this.#policy === 'drop-below-level' && severe(line)
            ? this.lines.findIndex((one) => !severe(one))
            : -1;
      if (victim === -1) return dropped + 1;
      this.lines.splice(victim, 1);
    }
  }
}

const line = fc.record({
  level: fc.constantFrom('error', 'warn', 'info', 'silly'),
  bytes: fc.integer({ min: 1, max: 32 }),
});
const step = fc.oneof(
  { weight: 3, arbitrary: line.map((of) => ({ push: of })) },
  { weight: 2, arbitrary: fc.constant('shift' as const) },
  { weight: 1, arbitrary: fc.constant('put back' as const) },
);

it.each<QueuePolicy>(['drop-oldest', 'drop-newest', 'drop-below-level', 'block'])(
  'keeps exactly what the policy %s says, in order, and counts every line it drops',
  (policy) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new LineQueue({ ...bounds, policy });
        const model = new Model(policy);
        let taken: QueuedLine | undefined;
        for (const [at, what] of steps.entries()) {
          if (typeof what === 'object') {
            const next = { text: `${at}`, ...what.push } as QueuedLine;
            expect(queue.push(next)).toBe(model.push(next));
            taken = undefined;
          } else if (what === 'shift') {
            taken = queue.shift();
            expect(taken).toBe(model.lines.shift());
          } else if (taken !== undefined) {
            queue.unshift(taken);
            model.lines.unshift(taken);
            taken = undefined;
          }
          expect(queue.peek()).toBe(model.lines[0]);
          expect([queue.length, queue.bytes]).toEqual([
            model.lines.length,
            model.lines.reduce((sum, { bytes }) => sum + bytes, 0),
          ]);
        }
      }),
      { numRuns: 500 },
    );
  },
);

it('takes and gives 100,000 lines without moving the others each time', () => {
  const queue = new LineQueue({
    maxQueued: 100_000,
    maxQueuedBytes: 1e9,
    policy: 'drop-below-level',
    level: 'warn',
  });
  for (let at = 0; at < 100_000; at++) queue.push({ text: `${at}`, level: 'info', bytes: 1 });
  for (let at = 0; at < 100_000; at++) queue.push({ text: `${at}`, level: 'error', bytes: 1 });
  expect([queue.length, queue.peek()!.level]).toEqual([100_000, 'error']);
  for (let at = 0; at < 100_000; at++) expect(queue.shift()!.text).toBe(`${at}`);
});
