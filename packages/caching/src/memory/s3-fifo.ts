import { type Entry, EntryList, type EvictionPolicy } from './entry.ts';
import { hashOf } from './hash.ts';

const smallShare = 0.1;
const mostUses = 3;
/** Uses in the small queue that earn a place in the main one. */
const usesToStay = 2;

/**
 * S3-FIFO: newcomers pass a small queue; only those used twice there, or come back soon after leaving it, reach the main
 * queue, where each use spares an entry one round. A hit only counts, it moves nothing: the cheapest hits of the policies.
 */
export class S3FifoPolicy<V> implements EvictionPolicy<V> {
  readonly #seed: number;
  #small = new EntryList<V>();
  #main = new EntryList<V>();
  /** Hashes that left the small queue lately, with their place in the ring that forgets the oldest. */
  readonly #ghosts = new Map<number, number>();
  #ring: number[] = [];
  #oldest = 0;

  constructor(random: () => number) {
    this.#seed = Math.floor(random() * 2 ** 32);
  }

  hash(key: string): number {
    return hashOf(key, this.#seed);
  }

  add(entry: Entry<V>): void {
    entry.uses = 0;
    if (this.#ghosts.delete(entry.hash)) this.#main.push(entry);
    else this.#small.push(entry);
  }

  touch(entry: Entry<V>): void {
    if (entry.uses < mostUses) entry.uses++;
  }

  remove(entry: Entry<V>): void {
    entry.list?.remove(entry);
  }

  victim(full: number): Entry<V> | undefined {
    const smallMax = Math.max(1, Math.floor(full * smallShare));
    // Ends: each turn spares an entry of the small queue for good, or takes one use off an entry of the main queue.
    for (;;) {
      const fromSmall = this.#small.size > 0 && (this.#main.size <= full - smallMax || this.#main.size === 0);
      const oldest = fromSmall ? this.#small.tail : this.#main.tail;
      if (oldest === undefined) return undefined;
      if (fromSmall) {
        if (oldest.uses < usesToStay) {
          this.#remember(oldest.hash, full - smallMax);
          return oldest;
        }
        oldest.uses = 0;
        this.#small.remove(oldest);
        this.#main.push(oldest);
      } else {
        if (oldest.uses === 0) return oldest;
        oldest.uses--;
        this.#main.touch(oldest);
      }
    }
  }

  *hottest(): Iterable<Entry<V>> {
    yield* this.#main;
    yield* this.#small;
  }

  clear(): void {
    this.#small = new EntryList<V>();
    this.#main = new EntryList<V>();
    this.#ghosts.clear();
    this.#ring = [];
    this.#oldest = 0;
  }

  #remember(hash: number, most: number): void {
    // A smaller `most` (a byte limit with larger entries) takes effect as the ring comes round.
    if (this.#oldest >= Math.max(1, most)) this.#oldest = 0;
    const forgotten = this.#ring[this.#oldest];
    if (forgotten !== undefined && this.#ghosts.get(forgotten) === this.#oldest)
      this.#ghosts.delete(forgotten);
    this.#ring[this.#oldest] = hash;
    this.#ghosts.set(hash, this.#oldest++);
  }
}
