import type { Change } from './bus/message.ts';
import type { CacheEvents, TierName } from './events.ts';
import type { Entry } from './memory/entry.ts';
import type { Note } from './notes.ts';
import { openStore } from './open-tiers.ts';
import type { Settings } from './options.ts';
import { type Pending, PendingReads } from './pending.ts';
import { Recall } from './recall.ts';
import { Invalidations, Stamps } from './stamps.ts';
import type { Counts } from './stats.ts';
import { maxAheadMs, type StoredRecord } from './store/envelope.ts';
import { FirstSeen } from './store/first-seen.ts';
import type { StoreTier } from './store/store-tier.ts';
import { TimeBudget } from './time-budget.ts';

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
  readonly #firstSeen = new FirstSeen();
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

  /** For one lookup: what all stores, and the lock, may take together. */
  timeBudget(): TimeBudget {
    return new TimeBudget(this.#settings.storeTimeoutMs);
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
   * unless its key was changed while the store was asked. All of them together have `time`.
   */
  async readStores(
    pendings: readonly Pending[],
    keepPastTtlMs: number,
    time = this.timeBudget(),
  ): Promise<Map<string, Found<V>>> {
    const found = new Map<string, Found<V>>();
    let open = pendings;
    for (const [at, store] of this.stores.entries()) {
      if (open.length === 0) break;
      const keys = open.map(({ key }) => key);
      const records = await store.read(keys, time.left());
      const now = this.#settings.now();
      const counts = this.#counts.stores[at]!;
      open = open.filter((pending) => {
        const record = records.get(pending.key);
        const hit = record && this.#place(pending.key, record, at, now);
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
    void this.#eachStore((store) => store.writer.prolong(write)).then((same) => {
      if (same.includes(false)) this.#forget(entry.key, stamp);
    });
  }

  /**
   * Puts values into all tiers. Memory has them at once; the promise is of the stores, which are only written when
   * `allowed` says so.
   */
  keep(entries: readonly NewEntry<V>[], byUser: boolean, allowed?: () => Promise<boolean>): Promise<boolean> {
    const now = this.#settings.now();
    const wall = this.#settings.wall();
    for (const entry of entries) {
      const { key, value, ttlMs, keepMs, stamp, tags } = entry;
      if (byUser) this.#pending.supersede(key);
      this.recall.remember(
        { key, value, createdAt: now, expiresAt: now + ttlMs, keepUntil: now + keepMs, stamp, tags },
        entry,
        now,
      );
      if (this.#events.wants('set')) this.#events.emit('set', { cache: this.#settings.name, key, ttlMs });
    }
    const schema = this.#settings.schema?.version;
    const writes = entries.map(({ key, value, ttlMs, keepMs, stamp, tags, etag, sliding }) => ({
      key,
      record: { value, createdAt: wall, ttlMs, stamp, tags, etag, sliding, schema },
      keepMs,
    }));
    return this.#everyStore(async (store, at) => {
      if (allowed !== undefined && !(await allowed())) return false;
      const { stored, outdated } = await (byUser ? store.writer.write(writes) : store.writer.offer(writes));
      this.#counts.stores[at]!.sets += stored;
      for (const { key, record } of outdated) this.#forget(key, record.stamp);
      return stored === writes.length;
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
      const removed = await store.writer.remove([...keys]);
      if (removed) this.#counts.stores[at]!.deletes++;
      return removed;
    });
    return had || results.includes(true);
  }

  // Another process has replaced or removed the value of this stamp: what is remembered here is outdated.
  #forget(key: string, stamp: number): void {
    if (this.recall.tier?.peek(key)?.stamp === stamp) this.recall.tier.delete(key);
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
        entry === undefined ? (await this.readStores([pending], 0)).get(key) : this.recall.found(entry);
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
      await this.#eachStore((store) => store.writer.write([{ key, record, keepMs }]));
      return true;
    } finally {
      this.end(pending);
    }
  }

  /**
   * Another node changed something: what is remembered of it here is void, and what is under way may be older. The last
   * store, which the nodes share, has the change; those before it may not.
   */
  hear(change: Change): void {
    // A stamp far ahead would void all that is written until then.
    const ahead = change.stamp > this.#settings.wall() + maxAheadMs;
    if (!ahead) this.#stamps.observe(change.stamp);
    if (ahead || change.kind === 'all') {
      this.#pending.supersedeAll();
      this.recall.distrust();
      const stamp = this.#stamps.next();
      for (const nearer of this.stores.slice(0, -1)) nearer.doubtAll(stamp);
      return;
    }
    if (change.kind === 'keys') {
      for (const nearer of this.stores.slice(0, -1)) nearer.doubt(change.keys, change.stamp);
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
    await this.#eachStore((store) => store.writer.markTags(tags, stamp));
  }

  async clear(stamp: number): Promise<void> {
    this.#invalidations.clear(stamp);
    this.recall.tier?.clear();
    this.#pending.supersedeAll();
    await this.#eachStore((store) => store.writer.markCleared(stamp));
  }

  /** Waits for writes under way and sends a last time what stores missed; the store timeout bounds each. */
  async drain(): Promise<void> {
    while (this.#writes.size > 0) await Promise.all(this.#writes);
    await Promise.all(this.stores.map((store) => store.close()));
  }

  #place(key: string, record: StoredRecord<V>, at: number, now: number): Found<V> {
    const { value, stamp, etag, tags, ttlMs } = record;
    const age = this.#firstSeen.age(key, stamp, this.#settings.wall() - record.createdAt, now);
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
    const keepUntil = hit.expiresAt + keepPastTtlMs;
    if (now >= keepUntil) return;
    const { key } = pending;
    const { value, createdAt, expiresAt } = hit;
    const { stamp, tags } = record;
    this.recall.remember({ key, value, createdAt, expiresAt, keepUntil, stamp, tags }, record, now);
    if (now >= expiresAt) return;
    const write = { key, record, keepMs: keepUntil - now };
    for (const nearer of this.stores.slice(0, at)) this.#track(nearer.writer.refill(write));
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
