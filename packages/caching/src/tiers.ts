import type { Change } from './bus/message.ts';
import type { CacheEvents } from './events.ts';
import { Expiry } from './expiry.ts';
import type { Found, NewEntry } from './found.ts';
import type { Entry } from './memory/entry.ts';
import { openStore } from './open-tiers.ts';
import { type Pending, PendingReads } from './pending.ts';
import { Recall } from './recall.ts';
import { RecentLoads } from './recent-loads.ts';
import type { Settings } from './settings/settings.ts';
import { Invalidations, Stamps } from './stamps.ts';
import type { Counts } from './stats.ts';
import { maxAheadMs } from './store/envelope.ts';
import type { StoreTier } from './store/store-tier.ts';
import type { RecordWrite } from './store/store-writer.ts';
import { type StoreRead, StoreReads } from './store-reads.ts';
import { StoreSet } from './store-set.ts';
import { TimeBudget } from './time-budget.ts';

const done = Promise.resolve(true);

/** Memory in front of the stores, and the rules that keep old values from coming back. */
export class Tiers<V> {
  readonly recall: Recall<V>;
  readonly #settings: Settings<V>;
  readonly #events: CacheEvents;
  readonly #counts: Counts;
  readonly #stamps: Stamps;
  readonly #invalidations = new Invalidations();
  readonly #pending = new PendingReads();
  readonly #stores: StoreSet<V>;
  readonly #reads: StoreReads<V>;
  readonly #expiry: Expiry<V>;
  readonly #recentLoads = new RecentLoads();
  readonly #onChanged: (keys: readonly string[], stamp: number) => void;
  /** Loads begun before this may carry what a tag invalidation voided; later callers must not join them. */
  invalidatedAt = 0;

  /** @param onChanged The stores have changed behind the calls of the user: other nodes should hear of it. */
  constructor(
    settings: Settings<V>,
    events: CacheEvents,
    counts: Counts,
    onChanged: (keys: readonly string[], stamp: number) => void,
  ) {
    this.#settings = settings;
    this.#events = events;
    this.#counts = counts;
    this.#stamps = new Stamps(settings.wall);
    this.#onChanged = onChanged;
    const shared = {
      settings,
      events,
      counts,
      stamps: this.#stamps,
      invalidations: this.#invalidations,
      onReplayed: (keys: readonly string[]) => onChanged(keys, this.#stamps.next()),
    };
    this.recall = new Recall(settings, events, counts, this.#invalidations);
    const stores = new StoreSet(settings.stores.map((_store, at) => openStore<V>(shared, at)));
    const { recall } = this;
    this.#stores = stores;
    this.#reads = new StoreReads({
      settings,
      counts,
      recall,
      stores,
      current: (pending, tags) => this.current(pending, tags),
      touched: (entry, now) => this.touched(entry, now),
      prolong: (write) => this.#prolong(write),
    });
    this.#expiry = new Expiry({
      settings,
      recall,
      stores,
      stamps: this.#stamps,
      pending: this.#pending,
      reads: this.#reads,
    });
  }

  get stores(): readonly StoreTier<V>[] {
    return this.#stores.all;
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

  /** What the stores have of these keys, nearest first. */
  readStores(pendings: readonly Pending[], how: StoreRead<V>): Promise<Map<string, Found<V>>> {
    return this.#reads.read(pendings, how);
  }

  /** A fresh entry was read: prolongs it where it is sliding, and has the stores follow. */
  touched(entry: Entry<V>, now: number): void {
    if (!this.recall.slide(entry, now)) return;
    this.#prolong({
      key: entry.key,
      record: this.recall.record(entry, now),
      keepMs: entry.keepUntil - now,
    });
  }

  #prolong(write: RecordWrite<V>): void {
    void this.#stores
      .each((store) => store.writer.prolong(write))
      .then((same) => {
        if (same.includes(false)) this.#forget(write.key, write.record.stamp);
      });
  }

  /**
   * Puts values into all tiers. Memory has them at once; the promise is of the stores, which are only written when
   * `allowed` says so. `now` = the time, read just now.
   */
  keep(
    entries: readonly NewEntry<V>[],
    byUser: boolean,
    now: number,
    allowed?: () => Promise<boolean>,
  ): Promise<boolean> {
    if (this.#stores.all.length === 0) {
      for (const entry of entries) this.#keepHere(entry, byUser, now);
      return done;
    }
    return this.#keepEverywhere(entries, byUser, now, allowed);
  }

  async #keepEverywhere(
    entries: readonly NewEntry<V>[],
    byUser: boolean,
    now: number,
    allowed: (() => Promise<boolean>) | undefined,
  ): Promise<boolean> {
    const wall = this.#settings.wall();
    const schema = this.#settings.schema?.version;
    const writes = entries.map((entry) => {
      const { key, ttlMs, keepMs, stamp, tags, etag, sliding } = entry;
      const value = this.#keepHere(entry, byUser, now);
      return { key, record: { value, createdAt: wall, ttlMs, stamp, tags, etag, sliding, schema }, keepMs };
    });
    const results = await this.#stores.each(async (store, at) => {
      if (allowed !== undefined && !(await allowed())) return false;
      const { stored, outdated } = await (byUser ? store.writer.write(writes) : store.writer.offer(writes));
      this.#counts.stores[at]!.sets += stored;
      for (const { key, record } of outdated) this.#forget(key, record.stamp);
      return stored === writes.length;
    });
    return !results.includes(false);
  }

  #keepHere(entry: NewEntry<V>, byUser: boolean, now: number): V {
    const { key, value, ttlMs, keepMs, stamp, tags } = entry;
    if (byUser) this.#pending.supersede(key);
    else if (this.#settings.bus !== undefined) this.#recentLoads.note(key, stamp, now);
    const expiresAt = now + ttlMs;
    const record = { key, value, createdAt: now, expiresAt, keepUntil: now + keepMs, stamp, tags };
    const kept = this.recall.keep(record, entry, now);
    if (this.#events.wants('set')) this.#events.emit('set', { cache: this.#settings.name, key, ttlMs });
    return kept;
  }

  /**
   * Removes from all tiers; true when one of them had something.
   * @param loadedAt The stamp of the load that found no value: what a store has that is newer stays. Default: the user removes.
   */
  async remove(keys: readonly string[], loadedAt?: number): Promise<boolean> {
    let had = false;
    for (const key of keys) {
      if (loadedAt === undefined) this.#pending.supersede(key);
      const entry = this.recall.tier?.peek(key);
      if (entry !== undefined) {
        had ||= this.#settings.now() < entry.expiresAt && !this.#invalidations.voids(entry.stamp, entry.tags);
        this.recall.tier!.delete(key);
        this.#counts.memory.deletes++;
      }
      if (this.#events.wants('delete')) this.#events.emit('delete', { cache: this.#settings.name, key });
    }
    const results = await this.#stores.each(async (store, at) => {
      const removed = await (loadedAt === undefined
        ? store.writer.remove(keys)
        : store.writer.withdraw(keys, loadedAt));
      if (removed) this.#counts.stores[at]!.deletes++;
      return removed;
    });
    return had || results.includes(true);
  }

  stamp(): number {
    return this.#stamps.next();
  }

  /** Makes a value stale without removing it; it stays of use for `keepMs`. False when there was none. */
  expire(key: string, keepMs: number): Promise<boolean> {
    return this.#expiry.expire(key, keepMs);
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
      for (const nearer of this.#stores.nearer) nearer.doubtAll(stamp);
      return;
    }
    if (change.kind === 'keys') {
      for (const nearer of this.#stores.nearer) nearer.doubt(change.keys, change.stamp);
      for (const key of change.keys) {
        this.#pending.supersede(key);
        this.recall.tier?.delete(key);
        this.#giveWay(key, change.stamp);
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
    await this.#stores.each((store) => store.writer.markTags(tags, stamp));
  }

  async clear(stamp: number): Promise<void> {
    this.#invalidations.clear(stamp);
    this.recall.tier?.clear();
    this.#pending.supersedeAll();
    await this.#stores.each((store) => store.writer.markCleared(stamp));
  }

  /** Waits for writes under way and sends a last time what stores missed; the store timeout bounds each. What is still read then is not kept. */
  drain(): Promise<void> {
    return this.#stores.drain(() => this.#pending.supersedeAll());
  }

  // What was loaded here before a change elsewhere may have been written over that change: it was not there yet when the
  // two were compared. Others are told with the stamp of the load, so that what is newer is not given up in its turn.
  #giveWay(key: string, stamp: number): void {
    const shared = this.#stores.shared;
    const loadedAt = this.#recentLoads.takeBefore(key, stamp, this.#settings.now());
    if (loadedAt === undefined || shared === undefined) return;
    void this.#stores.track(shared.writer.withdraw([key], loadedAt)).then((removed) => {
      if (removed) this.#onChanged([key], loadedAt);
    });
  }

  // Another process has replaced or removed the value of this stamp: what is remembered here is outdated.
  #forget(key: string, stamp: number): void {
    if (this.recall.tier?.peek(key)?.stamp === stamp) this.recall.tier.delete(key);
  }
}
