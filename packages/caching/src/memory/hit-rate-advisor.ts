import { hashOf } from './hash.ts';
import type { MemoryRecord, MemoryTier } from './memory-tier.ts';

/** The hit ratio to expect of memory with other room, 0 to 1. */
export interface HitRateAdvice {
  half: number;
  twice: number;
  fourTimes: number;
}

const factors = { half: 0.5, twice: 2, fourTimes: 4 } as const;
const names = Object.keys(factors) as (keyof HitRateAdvice)[];
/** The sample is this many entries at most of what memory holds. */
const sampleEntries = 500;
/** Counts are halved after this many times the capacity of lookups, so that the advice follows the load. */
const fadeAfter = 50;

// Kept for good, so that the small tiers need no sweeping; whether it has ended is asked at each lookup.
const withoutValue = ({
  key,
  createdAt,
  expiresAt,
  stamp,
}: MemoryRecord<unknown>): MemoryRecord<undefined> => ({
  ...{ key, value: undefined, createdAt, expiresAt, stamp, tags: undefined },
  keepUntil: Number.POSITIVE_INFINITY,
});

/**
 * Estimates what other capacities would bring: small tiers with the same policy see the sampled keys alone (by hash), each
 * with its share of half, twice and four times the room. What the sample lacks in lookups counts as hits of keys that are
 * asked for so often that they would be held in any case.
 */
export class HitRateAdvisor {
  readonly #seed: number;
  readonly #rate: number;
  readonly #capacity: number;
  readonly #tiers: MemoryTier<undefined>[];
  readonly #hits = names.map(() => 0);
  #lookups = 0;
  #sampled = 0;

  /** `capacity` = entries that fit; `makeTier` makes a tier of the same policy for that many. */
  constructor(
    capacity: number,
    random: () => number,
    makeTier: (maxEntries: number) => MemoryTier<undefined>,
  ) {
    let rate = 1;
    while (capacity / rate > sampleEntries) rate *= 2;
    this.#rate = rate;
    this.#capacity = capacity;
    this.#seed = Math.floor(random() * 2 ** 32);
    this.#tiers = names.map((name) => makeTier(Math.max(1, Math.round((capacity / rate) * factors[name]))));
  }

  /** A lookup, and what memory had for it. */
  lookup(key: string, now: number, held: MemoryRecord<unknown> | undefined): void {
    this.#lookups++;
    if (!this.#isSampled(key)) return;
    this.#sampled++;
    for (const [at, tier] of this.#tiers.entries()) {
      const found = tier.get(key, now);
      if (found !== undefined && now < found.expiresAt) this.#hits[at]!++;
      else if (held !== undefined) tier.set(withoutValue(held));
    }
    if (this.#lookups >= fadeAfter * this.#capacity) this.#fade();
  }

  stored(record: MemoryRecord<unknown>): void {
    if (!this.#isSampled(record.key)) return;
    for (const tier of this.#tiers) tier.set(withoutValue(record));
  }

  deleted(key: string): void {
    for (const tier of this.#tiers) tier.delete(key);
  }

  /** `null` until as many lookups as five times the capacity were seen. */
  advice(): HitRateAdvice | null {
    if (this.#lookups < 5 * this.#capacity) return null;
    const expected = this.#lookups / this.#rate;
    const ratio = (at: number): number =>
      Math.min(1, Math.max(0, (this.#hits[at]! + expected - this.#sampled) / expected));
    return { half: ratio(0), twice: ratio(1), fourTimes: ratio(2) };
  }

  #isSampled(key: string): boolean {
    return (hashOf(key, this.#seed) & (this.#rate - 1)) === 0;
  }

  #fade(): void {
    this.#lookups /= 2;
    this.#sampled /= 2;
    for (let at = 0; at < this.#hits.length; at++) this.#hits[at]! /= 2;
  }
}
