import type { Found } from './found.ts';
import type { Entry } from './memory/entry.ts';
import { gainOf, isWorthTelling } from './notes.ts';
import type { Pending } from './pending.ts';
import type { Recall } from './recall.ts';
import type { Settings } from './settings/settings.ts';
import type { Counts } from './stats.ts';
import type { StoredRecord } from './store/envelope.ts';
import { FirstSeen } from './store/first-seen.ts';
import type { StoreTier } from './store/store-tier.ts';
import type { RecordWrite } from './store/store-writer.ts';
import type { StoreSet } from './store-set.ts';
import type { TimeBudget } from './time-budget.ts';

/** How the stores are read. */
export interface StoreRead<V> {
  /** How long past its ttl memory keeps what is found, in ms. */
  keepPastTtlMs: number;
  /** What all stores may take together. */
  time: TimeBudget;
  /** Does this read give a sliding value its ttl anew? */
  prolongs: boolean;
  /** Told of each store that did not answer. */
  onSilent?: (store: StoreTier<V>) => void;
}

interface StoreReadsParts<V> {
  settings: Settings<V>;
  counts: Counts;
  recall: Recall<V>;
  stores: StoreSet<V>;
  /** May what was written at this stamp, with these tags, still be kept by whom is reading? */
  current: (pending: Pending, tags: readonly string[] | undefined) => boolean;
  /** A sliding value was read that memory has, or that the stores alone have: then they hear of its longer life. */
  touched: (entry: Entry<V>, now: number) => void;
  prolong: (write: RecordWrite<V>) => void;
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
   * unless its key was changed while the store was asked.
   */
  async read(pendings: readonly Pending[], how: StoreRead<V>): Promise<Map<string, Found<V>>> {
    const found = new Map<string, Found<V>>();
    let open = pendings;
    for (const [at, store] of this.#parts.stores.all.entries()) {
      if (open.length === 0) break;
      const keys = open.map(({ key }) => key);
      const records = await store.read(keys, how.time);
      if (records === undefined) how.onSilent?.(store);
      const now = this.#parts.settings.now();
      const counts = this.#parts.counts.stores[at]!;
      open = open.filter((pending) => {
        const record = records?.get(pending.key);
        const hit = record && this.#place(pending.key, record, at, now);
        if (hit === undefined) counts.misses++;
        else if (now < hit.expiresAt) counts.hits++;
        else counts.stale++;
        if (hit === undefined || !this.#parts.current({ ...pending, stamp: record!.stamp }, record!.tags))
          return true;
        const earlier = found.get(pending.key);
        if (earlier !== undefined && now >= hit.expiresAt) return true;
        found.set(pending.key, hit);
        this.#promote(pending, record!, hit, at, now, how.keepPastTtlMs);
        if (how.prolongs && !pending.superseded)
          this.#prolong(pending.key, record!, hit, now, how.keepPastTtlMs);
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

  #prolong(key: string, record: StoredRecord<V>, hit: Found<V>, now: number, keepPastTtlMs: number): void {
    const { sliding, stamp } = record;
    if (sliding === undefined || now >= hit.expiresAt) return;
    const gained = gainOf(sliding, hit.createdAt, hit.expiresAt, now);
    if (!(gained > 0)) return;
    const toldAt = hit.expiresAt - sliding.ttlMs;
    hit.expiresAt += gained;
    const entry = this.#parts.recall.tier?.peek(key);
    if (entry?.stamp === stamp) this.#parts.touched(entry, now);
    else if (isWorthTelling(sliding, toldAt, now)) {
      const longer = { ...record, ttlMs: record.ttlMs + gained };
      this.#parts.prolong({ key, record: longer, keepMs: hit.expiresAt + keepPastTtlMs - now });
    }
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
