import { type Level, levels } from './levels.ts';

export type QueuePolicy = 'block' | 'drop-oldest' | 'drop-newest' | 'drop-below-level';

export interface QueuedLine {
  readonly text: string;
  readonly level: Level;
  readonly bytes: number;
}

export interface QueueBounds {
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  readonly policy: QueuePolicy;
  /** With `drop-below-level`: lines of this level and more severe ones stay before others. */
  readonly level: Level;
}

/** Lines in their order, bounded in number and bytes. What does not fit goes by the policy; `block` drops the newest here, its waiting is not a queue's. */
export class LineQueue {
  readonly #bounds: QueueBounds;
  // Entries before #head are taken; an evicted one leaves a hole.
  #lines: Array<QueuedLine | undefined> = [];
  #head = 0;
  #length = 0;
  #bytes = 0;
  #expendable = 0;
  /** No expendable line stands before this place. */
  #from = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True when a line of this size fits as it is. */
  hasRoom(bytes: number): boolean {
    return this.#length < this.#bounds.maxQueued && this.#bytes + bytes <= this.#bounds.maxQueuedBytes;
  }

  /** @returns how many lines were dropped for it, itself included when it was refused. */
  push(line: QueuedLine): number {
    let dropped = 0;
    if (line.bytes > this.#bounds.maxQueuedBytes) return 1;
    while (!this.hasRoom(line.bytes)) {
      if (!this.#evictFor(line)) return dropped + 1;
      dropped++;
    }
    this.#lines.push(line);
    this.#count(line, 1);
    return dropped;
  }

  /** The next line, which stays until it is taken off by `shift`. */
  peek(): QueuedLine | undefined {
    while (this.#head < this.#lines.length && this.#lines[this.#head] === undefined) this.#head++;
    return this.#lines[this.#head];
  }

  shift(): QueuedLine | undefined {
    const line = this.peek();
    if (line === undefined) return undefined;
    this.#lines[this.#head++] = undefined;
    this.#count(line, -1);
    if (this.#head > 1_024 && this.#head * 2 > this.#lines.length) this.#compact();
    return line;
  }

  /** Puts a line that was taken off back to the front; bounds do not matter for it. */
  unshift(line: QueuedLine): void {
    if (this.#head > 0) this.#lines[--this.#head] = line;
    else this.#lines.unshift(line);
    this.#from = this.#head;
    this.#count(line, 1);
  }

  #evictFor(line: QueuedLine): boolean {
    const { policy } = this.#bounds;
    if (policy === 'drop-oldest') return this.shift() !== undefined;
    if (policy !== 'drop-below-level' || this.#isExpendable(line) || this.#expendable === 0) return false;
    for (let at = Math.max(this.#from, this.#head); at < this.#lines.length; at++) {
      const other = this.#lines[at];
      if (other === undefined || !this.#isExpendable(other)) continue;
      this.#lines[at] = undefined;
      this.#from = at + 1;
      this.#count(other, -1);
      return true;
    }
    return false;
  }

  #isExpendable(line: QueuedLine): boolean {
    return levels[line.level] > levels[this.#bounds.level];
  }

  #count(line: QueuedLine, by: 1 | -1): void {
    this.#length += by;
    this.#bytes += by * line.bytes;
    if (this.#isExpendable(line)) this.#expendable += by;
  }

  #compact(): void {
    this.#lines = this.#lines.slice(this.#head);
    this.#from = Math.max(0, this.#from - this.#head);
    this.#head = 0;
  }
}
