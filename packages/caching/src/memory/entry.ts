/** One value in memory, and its place in the lists of the eviction policy. Times are of the monotonic clock, in ms. */
export class Entry<V> {
  key: string;
  hash: number;
  value: V;
  size = 0;
  createdAt = 0;
  /** From here on the value is stale. */
  expiresAt = Number.POSITIVE_INFINITY;
  /** From here on the value is of no use even as a stale one. */
  keepUntil = Number.POSITIVE_INFINITY;
  stamp = 0;
  tags: readonly string[] | undefined;
  /** Uses, as the policy counts them. */
  uses = 0;
  /** The age of the policy's counts that `uses` is of. */
  usesAge = 0;
  /** 1 = used since it came to its place, in lists where a hit moves nothing. */
  used: 0 | 1 = 0;
  /** Which of its list's moves brought it to the head. */
  movedAt = 0;
  previous: Entry<V> | undefined;
  next: Entry<V> | undefined;
  list: EntryList<V> | undefined;

  constructor(key: string, value: V, hash: number) {
    this.key = key;
    this.value = value;
    this.hash = hash;
  }
}

/** A doubly linked list in order of use: the head was used last, the tail goes first. */
export class EntryList<V> {
  size = 0;
  /** How often an entry came to the head; 32 bits, so that it stays a small integer. */
  moves = 0;
  #head: Entry<V> | undefined;
  #tail: Entry<V> | undefined;

  get tail(): Entry<V> | undefined {
    return this.#tail;
  }

  push(entry: Entry<V>): void {
    entry.list = this;
    entry.movedAt = this.moves = (this.moves + 1) | 0;
    entry.previous = undefined;
    entry.next = this.#head;
    if (this.#head === undefined) this.#tail = entry;
    else this.#head.previous = entry;
    this.#head = entry;
    this.size++;
  }

  remove(entry: Entry<V>): void {
    if (entry.previous === undefined) this.#head = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.#tail = entry.previous;
    else entry.next.previous = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
    entry.list = undefined;
    this.size--;
  }

  touch(entry: Entry<V>): void {
    const head = this.#head;
    if (head === entry) return;
    // Not the head, so something is before it and the list has a head.
    const { previous, next } = entry;
    previous!.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    entry.previous = undefined;
    entry.next = head;
    entry.movedAt = this.moves = (this.moves + 1) | 0;
    head!.previous = entry;
    this.#head = entry;
  }

  /** From the one used last to the one that goes first. The list must not change meanwhile. */
  *[Symbol.iterator](): Generator<Entry<V>> {
    for (let entry = this.#head; entry !== undefined; entry = entry.next) yield entry;
  }
}

/** Decides who leaves when room is needed. The tier keeps the counts; a policy only orders the entries. */
export interface EvictionPolicy<V> {
  hash(key: string): number;
  /** A new entry, for which there is room. */
  add(entry: Entry<V>): void;
  /** A fresh entry was read, or an entry was written again. */
  touch(entry: Entry<V>): void;
  /** An entry leaves; `ended` = not for want of room, but because it was deleted or its time was up. */
  remove(entry: Entry<V>, ended: boolean): void;
  /** Who leaves to make room; undefined only when the policy holds nothing. `full` = how many entries fit, as seen now. */
  victim(full: number): Entry<V> | undefined;
  /** Every entry, those of most use first. Entries must not come or go meanwhile. */
  hottest(): Iterable<Entry<V>>;
  clear(): void;
}
