import type { LineQueue, QueuedLine } from './line-queue.ts';

const bytesPerWrite = 65_536;
/** So often a line may fail alone before the next one is tried in its place. */
const suspectAfter = 10;

/**
 * What to hand over next, and what a failure means: that the destination takes nothing, in which case every line is kept, or that it
 * refuses one line for ever, which must not hold up the others.
 */
export class Retries {
  readonly #queue: LineQueue;
  #attempts = 0;
  /** One line at a time after a failure, so that a bad one is found. */
  #single = false;
  /** Set aside so that the next line can show whose fault it is. */
  #suspect: QueuedLine | undefined;
  /** Another line passed: if this one fails now, it is its own fault. */
  #accused: QueuedLine | undefined;

  constructor(queue: LineQueue) {
    this.#queue = queue;
  }

  /** Takes as many lines off the queue as go into one write. */
  take(): QueuedLine[] {
    if (this.#attempts >= suspectAfter && this.#queue.length > 1) this.#suspect = this.#queue.shift();
    const lines: QueuedLine[] = [];
    for (let bytes = 0; this.#queue.length > 0; ) {
      bytes += this.#queue.peek()!.bytes;
      if (lines.length > 0 && (this.#single || bytes > bytesPerWrite)) break;
      lines.push(this.#queue.shift()!);
    }
    return lines;
  }

  /** @returns false when a line that failed before goes back to the front, to be tried again. */
  worked(): boolean {
    const suspect = this.#suspect;
    this.#suspect = undefined;
    this.#accused = suspect;
    this.#attempts = 0;
    this.#single = suspect !== undefined;
    if (suspect === undefined) return true;
    this.#queue.unshift(suspect);
    return false;
  }

  /** Puts the lines back where they were. @returns how many were given up instead: 1 for a line at fault, else 0. */
  failed(lines: readonly QueuedLine[]): number {
    const refused = lines[0] === this.#accused;
    if (!refused) for (const line of lines.toReversed()) this.#queue.unshift(line);
    if (this.#suspect !== undefined) this.#queue.unshift(this.#suspect);
    this.#suspect = undefined;
    this.#accused = undefined;
    this.#attempts = lines.length === 1 && !refused ? this.#attempts + 1 : 0;
    this.#single = true;
    return refused ? 1 : 0;
  }
}
