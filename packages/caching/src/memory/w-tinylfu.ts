import { type Entry, EntryList, type EvictionPolicy } from './entry.ts';
import { FrequencySketch } from './frequency-sketch.ts';

const protectedShare = 0.8;
const firstStep = 0.0625;
const stepDecay = 0.98;
const restartAt = 0.05;
/** An unlucky newcomer this warm is let in now and then, so that keys chosen to collide cannot lock others out. */
const warm = 6;

/**
 * W-TinyLFU: newcomers enter a small window (recency); who leaves it must have been seen more often than the entry that
 * would have to go from the main space (frequency), which is a segmented LRU. The window's share climbs towards the
 * better hit ratio, so that the policy leans to recency or to frequency as the workload asks.
 */
export class WTinyLfuPolicy<V> implements EvictionPolicy<V> {
  readonly #random: () => number;
  readonly #maxEntries: number;
  #sketch: FrequencySketch | undefined;
  #window = new EntryList<V>();
  #probation = new EntryList<V>();
  #protected = new EntryList<V>();
  #capacity: number;
  #windowShare = 0.01;
  #step = -firstStep;
  #hits = 0;
  #misses = 0;
  #previousRatio = 0;

  constructor(maxEntries: number, random: () => number) {
    this.#maxEntries = maxEntries;
    this.#capacity = maxEntries;
    this.#random = random;
  }

  get windowMax(): number {
    return Math.max(1, Math.round(this.#capacity * this.#windowShare));
  }

  hash(key: string): number {
    let hash = 0x811c9dc5;
    for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) | 0;
  }

  add(entry: Entry<V>): void {
    this.#sketch?.increment(entry.hash);
    this.#window.push(entry);
    this.#drainWindow();
  }

  touch(entry: Entry<V>): void {
    this.#hits++;
    this.#sketch?.increment(entry.hash);
    if (entry.list !== this.#probation) {
      entry.list?.touch(entry);
      return;
    }
    this.#probation.remove(entry);
    this.#protected.push(entry);
    const most = Math.floor((this.#capacity - this.windowMax) * protectedShare);
    while (this.#protected.size > most && this.#protected.size > 1) {
      const demoted = this.#protected.tail!;
      this.#protected.remove(demoted);
      this.#probation.push(demoted);
    }
  }

  remove(entry: Entry<V>): void {
    entry.list?.remove(entry);
  }

  miss(): void {
    this.#misses++;
    this.#climb();
  }

  victim(full: number): Entry<V> | undefined {
    // Counting starts with the first need to choose: a cache that never fills pays nothing for it.
    this.#sketch ??= new FrequencySketch(this.#maxEntries);
    // A byte limit can bind long before the entry limit: shares are of what really fits.
    this.#capacity = Math.max(1, Math.min(this.#maxEntries, full));
    const main = this.#probation.tail ?? this.#protected.tail;
    if (main === undefined) return this.#window.tail;
    const candidate = this.#window.size >= this.windowMax ? this.#window.tail : undefined;
    if (candidate === undefined) return main;
    if (!this.#admits(candidate.hash, main.hash)) return candidate;
    this.#window.remove(candidate);
    this.#probation.push(candidate);
    return main;
  }

  clear(): void {
    this.#sketch = undefined;
    this.#window = new EntryList<V>();
    this.#probation = new EntryList<V>();
    this.#protected = new EntryList<V>();
  }

  #admits(candidate: number, main: number): boolean {
    const ours = this.#sketch!.estimate(candidate);
    if (ours > this.#sketch!.estimate(main)) return true;
    return ours >= warm && this.#random() < 1 / 128;
  }

  #drainWindow(): void {
    const most = this.windowMax;
    while (this.#window.size > most) {
      const moved = this.#window.tail!;
      this.#window.remove(moved);
      this.#probation.push(moved);
    }
  }

  #climb(): void {
    const lookups = this.#hits + this.#misses;
    if (lookups < 10 * this.#capacity || this.#sketch === undefined) return;
    const ratio = this.#hits / lookups;
    const change = ratio - this.#previousRatio;
    if (change < 0) this.#step = -this.#step;
    const moved = this.#windowShare + this.#step;
    this.#windowShare = Math.min(0.8, Math.max(1 / this.#capacity, moved));
    this.#step = Math.abs(change) >= restartAt ? Math.sign(this.#step) * firstStep : this.#step * stepDecay;
    this.#previousRatio = ratio;
    this.#hits = 0;
    this.#misses = 0;
    this.#drainWindow();
  }
}
