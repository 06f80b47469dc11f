import type { Change } from './bus/message.ts';
import type { CacheEvents, TierName } from './events.ts';
import type { Entry } from './memory/entry.ts';
import type { Note } from './notes.ts';
import { openStore } from './open-tiers.ts';
import { type Pending, PendingReads } from './pending.ts';
import { Recall } from './recall.ts';
import type { Settings } from './settings/settings.ts';
import { Invalidations, Stamps } from './stamps.ts';
import type { Counts } from './stats.ts';
import { maxAheadMs, type StoredRecord } from './store/envelope.ts';
import type { StoreTier } from './store/store-tier.ts';

/** What a lookup found. `expiresAt` is of the monotonic clock; a value past it is stale. */
export interface Found<V> {
  value: V;
  tier: TierName;
  createdAt: number;
  expiresAt: number;
  stamp: number;
  etag?: string | undefined;
  tags?: readonly string[] | undefined;
}

/** How long a value lives: fresh for `ttlMs`, of use as a stale one until `keepMs` (>= ttlMs). */
export interface Lifetime {
  ttlMs: number;
  keepMs: number;
}

export interface NewEntry<V> extends Lifetime, Note {
  key: string;
  value: V;
  stamp: number;
  tags: readonly string[] | undefined;
  /** Bytes in memory, where the loader told; undefined = measured. */
  size?: number | undefined;
}

/** Memory in front of the stores, and the rules that keep old values from coming back. */
export class Tiers<V> {
  readonly recall: Recall<V>;
  readonly stores: StoreTier<V>[];
  readonly #settings: Settings<V>;
  readonly #events: CacheEvents;
  readonly #counts: Counts;
  readonly #stamps: Stamps;
  readonly #invalidations = new Invalidations();
  readonly #pending = new PendingReads();
  readonly #writes = new Set<Promise<unknown>>();
  /** Loads begun before this may carry what a tag invalidation voided; later callers must not join them. */
  invalidatedAt = 0;

  constructor(
    settings: Settings<V>,
    events: CacheEvents,
    counts: Counts,
    onReplayed: (keys: readonly string[]) => void,
  ) {
    this.#settings = settings;
    this.#events = events;
    this.#counts = counts;
    this.#stamps = new Stamps(settings.wall);
    const shared = {
      settings,
      events,
      counts,
      stamps: this.#stamps,
      invalidations: this.#invalidations,
      onReplayed,
    };
    this.recall = new Recall(settings, events, counts, this.#invalidations);
    this.stores = settings.stores.map((_store, at) => openStore(shared, at));
  }

  begin(key: string): Pending {
    return this.#pending.begin(key, this.#stamps.next());
  }

  end(pending: Pending): void {
    this.#pending.end(pending);
  }

  /** May what this read or load brought still be kept? */
  current(pending: Pending, tags: readonly string[] | undefined): boolean {
    return !pending.superseded && !this.#invalidations.voids(pending.stamp, tags);
  }

  /**
   * Asks the stores in turn for what the nearer ones lack. What is found moves to the nearer tiers,
   * unless its key was changed while the store was asked.
   */
  async readStores(pendings: readonly Pending[], keepPastTtlMs: number): Promise<Map<string, Found<V>>> {
    const found = new Map<string, Found<V>>();
    let open = pendings;
    for (const [at, store] of this.stores.entries()) {
      if (open.length === 0) break;
      const records = await store.read(open.map(({ key }) => key));
      const now = this.#settings.now();
      const counts = this.#counts.stores[at]!;
      open = open.filter((pending) => {
        const record = records.get(pending.key);
        const hit = record && this.#place(record, at, now);
        if (hit === undefined) counts.misses++;
        else if (now < hit.expiresAt) counts.hits++;
        else counts.stale++;
        if (hit === undefined || !this.current({ ...pending, stamp: record!.stamp }, record!.tags))
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

  /** A fresh entry was read: prolongs it where it is sliding, and has the stores follow. */
  touched(entry: Entry<V>, now: number): void {
    if (!this.recall.slide(entry, now)) return;
    const write = {
      key: entry.key,
      record: this.recall.record(entry, now),
      keepMs: entry.keepUntil - now,
    };
    const { stamp } = entry;
    void this.#eachStore((store) => store.prolong(write)).then((same) => {
      // Another process has replaced or removed it: what is remembered here is outdated.
      if (same.includes(false) && this.recall.tier?.peek(entry.key)?.stamp === stamp)
        this.recall.tier.delete(entry.key);
    });
  }

  /**
   * Puts values into all tiers. Memory has them at once; the promise is of the stores, which are only written when
   * `allowed` says so.
   */
  keep(entries: readonly NewEntry<V>[], byUser: boolean, allowed?: () => Promise<boolean>): Promise<boolean> {
    const now = this.#settings.now();
    const wall = this.#settings.wall();
    const schema = this.#settings.schema?.version;
    const writes = entries.map((entry) => {
      const { key, ttlMs, keepMs, stamp, tags, etag, sliding } = entry;
      if (byUser) this.#pending.supersede(key);
      const value = this.recall.keep(
        {
          ...{ key, value: entry.value, stamp, tags },
          ...{ createdAt: now, expiresAt: now + ttlMs, keepUntil: now + keepMs },
        },
        entry,
        now,
      );
      if (this.#events.wants('set')) this.#events.emit('set', { cache: this.#settings.name, key, ttlMs });
      return { key, record: { value, createdAt: wall, ttlMs, stamp, tags, etag, sliding, schema }, keepMs };
    });
    return this.#everyStore(async (store, at) => {
      if (allowed !== undefined && !(await allowed())) return false;
      const stored = await store.write(writes, byUser);
      if (stored) this.#counts.stores[at]!.sets += writes.length;
      return stored;
    });
  }

  /** Removes from all tiers; true when one of them had something. */
  async remove(keys: readonly string[], byUser = true): Promise<boolean> {
    let had = false;
    for (const key of keys) {
      if (byUser) this.#pending.supersede(key);
      const entry = this.recall.tier?.peek(key);
      if (entry !== undefined) {
        had ||= this.#settings.now() < entry.expiresAt && !this.#invalidations.voids(entry.stamp, entry.tags);
        this.recall.tier!.delete(key);
        this.#counts.memory.deletes++;
      }
      if (this.#events.wants('delete')) this.#events.emit('delete', { cache: this.#settings.name, key });
    }
    const results = await this.#eachStore(async (store, at) => {
      const removed = await store.remove([...keys]);
      if (removed) this.#counts.stores[at]!.deletes++;
      return removed;
    });
    return had || results.includes(true);
  }

  stamp(): number {
    return this.#stamps.next();
  }

  /** Makes a value stale without removing it; it stays of use for `keepMs`. False when there was none. */
  async expire(key: string, keepMs: number): Promise<boolean> {
    this.#pending.supersede(key);
    const pending = this.begin(key);
    const now = this.#settings.now();
    const entry = this.recall.entry(key, now);
    try {
      const found =
        entry === undefined || now >= entry.expiresAt
          ? (await this.readStores([pending], 0)).get(key)
          : this.recall.found(entry);
      if (found === undefined || pending.superseded || now >= found.expiresAt) return false;
      const ageMs = Math.max(0, now - found.createdAt);
      const stamp = this.#stamps.next();
      const { value, createdAt, etag, tags } = found;
      this.recall.remember(
        { key, value, createdAt, expiresAt: now, keepUntil: now + keepMs, stamp, tags },
        { etag },
        now,
      );
      const { wall, schema } = this.#settings;
      const record = {
        value,
        createdAt: wall() - ageMs,
        ttlMs: ageMs,
        stamp,
        tags,
        etag,
        schema: schema?.version,
      };
      await this.#eachStore((store) => store.write([{ key, record, keepMs }], true));
      return true;
    } finally {
      this.end(pending);
    }
  }

  /** Another node changed something: what is remembered of it here is void, and what is under way may be older. */
  hear(change: Change): void {
    // A stamp far ahead would void all that is written until then.
    const ahead = change.stamp > this.#settings.wall() + maxAheadMs;
    if (!ahead) this.#stamps.observe(change.stamp);
    if (ahead || change.kind === 'all') {
      this.#pending.supersedeAll();
      this.recall.distrust();
      return;
    }
    if (change.kind === 'keys') {
      for (const key of change.keys) {
        this.#pending.supersede(key);
        this.recall.tier?.delete(key);
      }
      return;
    }
    this.invalidatedAt = Math.max(this.invalidatedAt, change.stamp);
    if (change.kind === 'clear') this.#invalidations.clear(change.stamp);
    else for (const tag of change.tags) this.#invalidations.tag(tag, change.stamp);
  }

  async invalidateTags(tags: readonly string[], stamp: number): Promise<void> {
    this.invalidatedAt = stamp;
    for (const tag of tags) this.#invalidations.tag(tag, stamp);
    await this.#eachStore((store) => store.markTags(tags, stamp));
  }

  async clear(stamp: number): Promise<void> {
    this.#invalidations.clear(stamp);
    this.recall.tier?.clear();
    this.#pending.supersedeAll();
    await this.#eachStore((store) => store.markCleared(stamp));
  }

  /** Waits for writes under way and sends a last time what stores missed; the store timeout bounds each. What is still read then is not kept. */
  async drain(): Promise<void> {
    while (this.#writes.size > 0) await Promise.all(this.#writes);
    this.#pending.supersedeAll();
    await Promise.all(this.stores.map((store) => store.close()));
  }

  // Age by the wall clock, never negative: an entry "from the future" lives no longer than its own ttl.
  #place(record: StoredRecord<V>, at: number, now: number): Found<V> {
    const age = Math.max(0, this.#settings.wall() - record.createdAt);
    return {
      value: record.value,
      tier: `store:${at}`,
      createdAt: now - age,
      expiresAt: now + record.ttlMs - age,
      stamp: record.stamp,
      etag: record.etag,
      tags: record.tags,
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
    const keepUntil = hit.expiresAt + keepPastTtlMs;
    if (now >= keepUntil) return;
    const { value, createdAt, expiresAt } = hit;
    const { stamp, tags } = record;
    this.recall.remember(
      { key: pending.key, value, createdAt, expiresAt, keepUntil, stamp, tags },
      record,
      now,
    );
    if (now >= hit.expiresAt) return;
    for (const nearer of this.stores.slice(0, at))
      this.#track(
        nearer.write(
          [
            {
              key: pending.key,
              record,
              keepMs: keepUntil - now,
            },
          ],
          false,
        ),
      );
  }

  #everyStore(call: (store: StoreTier<V>, at: number) => Promise<boolean>): Promise<boolean> {
    return this.#eachStore(call).then((results) => !results.includes(false));
  }

  #eachStore<T>(call: (store: StoreTier<V>, at: number) => Promise<T>): Promise<T[]> {
    return this.#track(Promise.all(this.stores.map(call)));
  }

  #track<T>(write: Promise<T>): Promise<T> {
    this.#writes.add(write);
    void write.finally(() => this.#writes.delete(write));
    return write;
  }
}
