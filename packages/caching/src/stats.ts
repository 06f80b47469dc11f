import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { BusStats } from './bus/link.ts';
import type { HitRateAdvice } from './memory/hit-rate-advisor.ts';
import type { EvictionCause } from './memory/memory-tier.ts';
import type { StoreState } from './store/guard.ts';

/**
 * Counts of one store. `skipped` = calls not made, in a cool-down or for want of time; `errors` includes `timeouts`. Of the changes the
 * store missed, `missed` wait to be sent again, `replayed` were, and `lost` never will be.
 */
export interface StoreTierStats {
  tier: string;
  hits: number;
  misses: number;
  stale: number;
  sets: number;
  deletes: number;
  errors: number;
  timeouts: number;
  skipped: number;
  missed: number;
  replayed: number;
  lost: number;
  state: StoreState;
}

/** Counts of the memory tier. `bytes` is `null` when no byte limit asks for measuring. */
export interface MemoryTierStats {
  hits: number;
  misses: number;
  stale: number;
  sets: number;
  deletes: number;
  /** Values that could not be copied or measured, and so stayed out. */
  errors: number;
  evictions: Record<EvictionCause, number>;
  entries: number;
  bytes: number | null;
  /** The hit ratio to expect of half, twice and four times the entries; `null` unless `memory.advice` and full for some time. */
  advice: HitRateAdvice | null;
}

/** How long loader calls took, in ms; all 0 before the first. */
export interface LoadTimes {
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/** What a cache has counted since it was made, and what it holds now. */
export interface CacheStats {
  name: string;
  /** Lookups by `get`, `getMany`, `getOrSet`, `getOrSetMany`, one a key: each is a hit, a stale answer or a miss. */
  hits: number;
  stale: number;
  misses: number;
  /** hits / lookups; `null` before the first lookup. */
  hitRate: number | null;
  /** Loader calls that answered, and those that failed. */
  loads: number;
  loadErrors: number;
  loadTimeMs: LoadTimes;
  memory: MemoryTierStats | null;
  stores: StoreTierStats[];
  /** `null` without a bus. */
  bus: BusStats | null;
}

class TierCounts {
  hits = 0;
  misses = 0;
  stale = 0;
  sets = 0;
  deletes = 0;
  errors = 0;
}

class StoreCounts extends TierCounts {
  timeouts = 0;
  skipped = 0;
  replayed = 0;
  lost = 0;
}

/** The share of lookups that were fresh hits; `null` before the first lookup. */
export const hitRateOf = (counts: { hits: number; stale: number; misses: number }): number | null => {
  const lookups = counts.hits + counts.stale + counts.misses;
  return lookups === 0 ? null : counts.hits / lookups;
};

/** The running counts of a cache. */
export class Counts {
  hits = 0;
  stale = 0;
  misses = 0;
  loads = 0;
  loadErrors = 0;
  readonly memory = new TierCounts();
  readonly stores: StoreCounts[];
  readonly evictions: Record<EvictionCause, number> = { size: 0, expired: 0, 'too-large': 0 };
  #times: RecordableHistogram | undefined;

  constructor(stores: number) {
    this.stores = Array.from({ length: stores }, () => new StoreCounts());
  }

  loaded(durationMs: number, failed: boolean): void {
    if (failed) this.loadErrors++;
    else this.loads++;
    this.#times ??= createHistogram();
    // Kept in whole microseconds, which is what the histogram can hold.
    this.#times.record(Math.max(1, Math.round(durationMs * 1_000)));
  }

  /** How long a load takes on the average, in ms; 0 before the first. */
  get meanLoadMs(): number {
    return this.#times === undefined ? 0 : this.#times.mean / 1_000;
  }

  /** Everything counted so far, with what only the tiers know of themselves. */
  snapshot(
    name: string,
    memory: Pick<MemoryTierStats, 'entries' | 'bytes' | 'advice'> | undefined,
    stores: readonly Pick<StoreTierStats, 'tier' | 'missed' | 'state'>[],
    bus: BusStats | null,
  ): CacheStats {
    const { hits, stale, misses, loads, loadErrors } = this;
    return {
      name,
      hits,
      stale,
      misses,
      hitRate: hitRateOf(this),
      loads,
      loadErrors,
      loadTimeMs: this.#loadTimes(),
      memory: memory
        ? {
            ...this.memory,
            evictions: { ...this.evictions },
            entries: memory.entries,
            bytes: memory.bytes,
            advice: memory.advice,
          }
        : null,
      stores: stores.map(({ tier, missed, state }, at) => ({ tier, ...this.stores[at]!, missed, state })),
      bus,
    };
  }

  #loadTimes(): LoadTimes {
    const times = this.#times;
    if (times === undefined) return { p50: 0, p90: 0, p99: 0, max: 0 };
    return {
      p50: times.percentile(50) / 1_000,
      p90: times.percentile(90) / 1_000,
      p99: times.percentile(99) / 1_000,
      max: times.max / 1_000,
    };
  }
}
