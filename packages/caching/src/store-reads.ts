import type { Found } from './found.ts';
import type { Pending } from './pending.ts';
import type { Recall } from './recall.ts';
import type { Settings } from './settings/settings.ts';
import type { Counts } from './stats.ts';
import type { StoredRecord } from './store/envelope.ts';
import { FirstSeen } from './store/first-seen.ts';
import type { StoreSet } from './store-set.ts';
import type { TimeBudget } from './time-budget.ts';

interface StoreReadsParts<V> {
  settings: Settings<V>;
  counts: Counts;
  recall: Recall<V>;
  stores: StoreSet<V>;
  /** May what was written at this stamp, with these tags, still be kept by whom is reading? */
  current: (pending: Pending, tags: readonly string[] | undefined) => boolean;
}

/** Reads through the stores, and fills what is nearer with what it finds. */
export class StoreReads<V> {
  readonly #parts: StoreReadsParts<V>;
  readonly #firstSeen = new FirstSeen();

  constructor(parts: StoreReadsParts<V>) {
    this.#parts = parts;
  }

  /**
   * Asks the stores in turn for what the nearer ones lack. What is found moves to the nearer tiers,
   * unless its key was changed while the store was asked. All of them together have `time`.
   */
  async read(
    pendings: readonly Pending[],
    keepPastTtlMs: number,
    time: TimeBudget,
  ): Promise<Map<string, Found<V>>> {
    const found = new Map<string, Found<V>>();
    let open = pendings;
    for (const [at, store] of this.#parts.stores.all.entries()) {
      if (open.length === 0) break;
      const keys = open.map(({ key }) => key);
      const records = await store.read(keys, time);
      const now = this.#parts.settings.now();
      const counts = this.#parts.counts.stores[at]!;
      open = open.filter((pending) => {
        const record = records.get(pending.key);
        const hit = record && this.#place(pending.key, record, at, now);
        if (hit === undefined) counts.misses++;
        else if (now < hit.expiresAt) counts.hits++;
        else counts.stale++;
        if (hit === undefined || !this.#parts.current({ ...pending, stamp: record!.stamp }, record!.tags))
          return true;
        const earlier = found.get(pending.key);
        if (earlier !== undefined && now >= hit.expiresAt) return true;
        found.set(pending.key, hit);
        this.#promote(pending, record!, hit, at, now, keepPastTtlMs);
        return now >= hit.expiresAt;
      });
    }
    return found;
  }

  #place(key: string, record: StoredRecord<V>, at: number, now: number): Found<V> {
    const { value, stamp, etag, tags, ttlMs } = record;
    const age = this.#firstSeen.age(key, stamp, this.#parts.settings.wall() - record.createdAt, now);
    return {
      value,
      tier: `store:${at}`,
      createdAt: now - age,
      expiresAt: now + ttlMs - age,
      stamp,
      etag,
      tags,
    };
  }

  #promote(
    pending: Pending,
    record: StoredRecord<V>,
    hit: Found<V>,
    at: number,
    now: number,
    keepPastTtlMs: number,
  ): void {
    if (pending.superseded) return;
    const { recall, stores } = this.#parts;
    const keepUntil = hit.expiresAt + keepPastTtlMs;
    if (now >= keepUntil) return;
    const { key } = pending;
    const { value, createdAt, expiresAt } = hit;
    const { stamp, tags } = record;
    recall.remember({ key, value, createdAt, expiresAt, keepUntil, stamp, tags }, record, now);
    if (now >= expiresAt) return;
    const write = { key, record, keepMs: keepUntil - now };
    for (const nearer of stores.all.slice(0, at)) void stores.track(nearer.writer.refill(write));
  }
}
