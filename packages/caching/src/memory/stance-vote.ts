import type { FrequencySketch } from './frequency-sketch.ts';
import { heldByAll, isMoved, SimulatedCache, type Slots, usedWhereProtected } from './simulated-cache.ts';
import { SlotTable } from './slot-table.ts';
import { firstStance, stances } from './stance.ts';

/**
 * One key in so many is sampled: up to eight as long as a simulated cache holds 16 entries or more, up to sixteen as long
 * as it holds 64, and fewer keys still where it would hold more than 256.
 */
const rateFor = (entries: number): number => {
  let rate = 1;
  while (entries / rate > (rate < 8 ? 16 : rate < 16 ? 64 : 256)) rate *= 2;
  return rate;
};

/** Scores are halved after this many times the simulated capacity of sampled uses. */
const memory = 14;
/** Sampled uses from one decision to the next. */
const interval = 16;
/** Before this many times the simulated capacity of sampled uses there is no choice: the simulations are still filling. */
const patience = 4;
/** A stance must promise this much more hit ratio than the present one. */
const margin = 0.01;

/**
 * Chooses the stance: each is simulated on a small sample of the keys (by their hash, so that a sampled key is sampled at
 * each use), with room for as many as the cache itself holds of the sample, and the best hit ratio of late wins.
 */
export class StanceVote implements Slots {
  readonly count: number;
  readonly #sketch: FrequencySketch;
  /** A hash without any of these bits is sampled. */
  readonly unsampled: number;
  /** Where the slot is in each of the simulated caches: a byte for each, so that all four are seen in one number. */
  readonly where: Uint8Array;
  readonly #everywhere: Int32Array;
  /** Which slot a hash has; the arrays are by slot. */
  readonly #slots: SlotTable;
  readonly #free: number[] = [];
  readonly #hashes: Int32Array;
  readonly #holders: Uint8Array;
  readonly #uses: Uint8Array;
  readonly #ages: Int32Array;
  readonly #caches: SimulatedCache[];
  /** Hits of late, but for those that all four had. */
  readonly #hits = stances.map(() => 0);
  readonly #room: number;
  readonly #expected: number;
  #sampledUses = 0;
  #total = 0;
  /** Sampled entries in the real cache now, and on average. */
  #held: number;
  #average: number;
  #capacity = 0;
  #chosen = firstStance;

  /** `entries` = what the cache holds now, being full; `held` counts those of a sample. */
  constructor(
    entries: number,
    sketch: FrequencySketch,
    held: (sampled: (hash: number) => boolean) => number,
  ) {
    const rate = rateFor(entries);
    this.unsampled = rate - 1;
    this.#expected = Math.max(1, Math.round(entries / rate));
    this.#held = held((hash) => this.sampled(hash));
    this.#average = this.#held;
    this.#room = 2 * this.#expected;
    this.count = stances.length * this.#room + 1;
    this.#everywhere = new Int32Array(this.count);
    this.where = new Uint8Array(this.#everywhere.buffer);
    this.#hashes = new Int32Array(this.count);
    this.#slots = new SlotTable(this.#hashes);
    this.#holders = new Uint8Array(this.count);
    this.#uses = new Uint8Array(this.count);
    this.#ages = new Int32Array(this.count);
    for (let slot = this.count - 1; slot >= 0; slot--) this.#free.push(slot);
    this.#sketch = sketch;
    this.#caches = stances.map((stance, at) => new SimulatedCache(stance, this, at));
    this.#resize();
  }

  uses(slot: number): number {
    return this.#uses[slot]! >> Math.min(31, this.#sketch.age - this.#ages[slot]!);
  }

  left(slot: number): void {
    if (--this.#holders[slot]! > 0) return;
    this.#slots.delete(slot);
    this.#free.push(slot);
  }

  sampled(hash: number): boolean {
    return (hash & this.unsampled) === 0;
  }

  /** A sampled entry came into the cache (+1) or left it (-1). */
  holds(change: 1 | -1): void {
    this.#held += change;
  }

  /** A use of a sampled key, by now used `uses` times; the answer is the stance to take, as an index. */
  use(hash: number, uses: number): number {
    const slot = this.#slotOf(hash);
    this.#uses[slot] = uses;
    this.#ages[slot] = this.#sketch.age;
    const where = this.#everywhere[slot]!;
    if (heldByAll(where)) {
      // A hit of all is no hit of any over the others, so none is counted.
      this.#everywhere[slot] = usedWhereProtected(where);
      if (isMoved(where)) for (const cache of this.#caches) cache.move(slot);
    } else this.#tryEach(slot);
    this.#total++;
    if (++this.#sampledUses % interval === 0) this.#decide();
    return this.#chosen;
  }

  /** The key is gone for good, not for want of room. */
  forget(hash: number): void {
    const slot = this.#slots.get(hash);
    if (slot === -1) return;
    for (const cache of this.#caches) cache.remove(slot);
  }

  #tryEach(slot: number): void {
    for (let at = 0; at < this.#caches.length; at++) {
      if (this.#caches[at]!.access(slot)) this.#hits[at]!++;
      else this.#holders[slot]!++;
    }
  }

  #decide(): void {
    this.#average +=
      (interval * (this.#held - this.#average)) /
      Math.min(this.#expected + this.#sampledUses, memory * this.#expected);
    this.#resize();
    if (this.#sampledUses < patience * this.#expected) return;
    let best = this.#chosen;
    for (let at = 0; at < this.#hits.length; at++) if (this.#hits[at]! > this.#hits[best]!) best = at;
    if (this.#hits[best]! - this.#hits[this.#chosen]! > margin * this.#total) this.#chosen = best;
    if (this.#total < memory * this.#expected) return;
    this.#total /= 2;
    for (let at = 0; at < this.#hits.length; at++) this.#hits[at]! /= 2;
  }

  #resize(): void {
    const capacity = Math.min(this.#room, Math.max(1, Math.floor(this.#average)));
    if (capacity === this.#capacity) return;
    this.#capacity = capacity;
    for (const cache of this.#caches) cache.resize(capacity);
  }

  #slotOf(hash: number): number {
    let slot = this.#slots.get(hash);
    if (slot === -1) {
      slot = this.#free.pop()!;
      this.#hashes[slot] = hash;
      this.#slots.add(slot);
    }
    return slot;
  }
}
