import type { Change } from './bus/message.ts';
import { type Copying, copying } from './clone.ts';
import type { CacheEvents, TierName } from './events.ts';
import type { Entry } from './memory/entry.ts';
import type { MemoryRecord, MemoryTier } from './memory/memory-tier.ts';
import { type Note, Notes } from './notes.ts';
import { openMemory, openStore, type SizeHint } from './open-tiers.ts';
import type { Settings } from './options.ts';
import { type Pending, PendingReads } from './pending.ts';
import { Invalidations, Stamps } from './stamps.ts';
import type { Counts } from './stats.ts';
import type { StoredRecord } from './store/envelope.ts';
import type { StoreTier } from './store/store-tier.ts';

/** What a lookup found. `expiresAt` is of the monotonic clock; a value past it is stale. */
export interface Found<V> {
  value: V;
  tier: TierName;
  createdAt: number;
  expiresAt: number;
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
  readonly memory: MemoryTier<V> | undefined;
  readonly stores: StoreTier<V>[];
  readonly copy: Copying;
  readonly #settings: Settings<V>;
  readonly #events: CacheEvents;
  readonly #counts: Counts;
  readonly #stamps: Stamps;
  readonly #invalidations = new Invalidations();
  readonly #pending = new PendingReads();
  readonly #notes = new Notes<V>();
  readonly #sizes: SizeHint = { given: undefined };
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
    this.copy = copying[settings.clone];
    const shared = {
      settings,
      events,
      counts,
      stamps: this.#stamps,
      invalidations: this.#invalidations,
      onReplayed,
    };
    this.memory = openMemory(shared, this.#sizes);
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

  /** The entry in memory, fresh or stale, never a void one. */
  remembered(key: string, now: number): Entry<V> | undefined {
    const entry = this.memory?.get(key, now);
    if (entry === undefined) return undefined;
    if (!this.#invalidations.voids(entry.stamp, entry.tags)) return entry;
    this.memory!.delete(key);
    return undefined;
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

  /** What a lookup found in memory. */
  found(entry: Entry<V>): Found<V> {
    const { value, createdAt, expiresAt, tags } = entry;
    return { value, tier: 'memory', createdAt, expiresAt, tags, etag: this.#notes.of(entry)?.etag };
  }

  /** A fresh entry was read: prolongs it where it is sliding, and has the stores follow. */
  touched(entry: Entry<V>, now: number): void {
    if (!this.#notes.any || !this.#notes.slide(entry, now)) return;
    const { key, value, stamp, tags, createdAt, expiresAt, keepUntil } = entry;
    const { etag, sliding } = this.#notes.of(entry)!;
    const record = {
      value,
      createdAt: this.#settings.wall() - (now - createdAt),
      ttlMs: expiresAt - createdAt,
      stamp,
      tags,
      etag,
      sliding,
      schema: this.#settings.schema?.version,
    };
    for (const store of this.stores)
      this.#track(store.write([{ key, record, keepMs: keepUntil - now }], false));
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
      this.#remember(
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
      const entry = this.memory?.peek(key);
      if (entry !== undefined) {
        had ||= this.#settings.now() < entry.expiresAt && !this.#invalidations.voids(entry.stamp, entry.tags);
        this.memory!.delete(key);
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
    const pending = this.begin(key);
    const now = this.#settings.now();
    const entry = this.remembered(key, now);
    try {
      const found = entry === undefined ? (await this.readStores([pending], 0)).get(key) : this.found(entry);
      if (found === undefined || pending.superseded) return false;
      this.#pending.supersede(key);
      const ageMs = Math.max(0, now - found.createdAt);
      const stamp = this.#stamps.next();
      const { value, createdAt, etag, tags } = found;
      this.#remember(
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
      return now < found.expiresAt;
    } finally {
      this.end(pending);
    }
  }

  /** Another node changed something: what is remembered of it here is void, and what is under way may be older. */
  hear(change: Change): void {
    this.#stamps.observe(change.stamp);
    if (change.kind === 'all') return this.#distrust();
    if (change.kind === 'keys') {
      for (const key of change.keys) {
        this.#pending.supersede(key);
        this.memory?.delete(key);
      }
      return;
    }
    this.invalidatedAt = Math.max(this.invalidatedAt, change.stamp);
    if (change.kind === 'clear') this.#invalidations.clear(change.stamp);
    else for (const tag of change.tags) this.#invalidations.tag(tag, change.stamp);
  }

  // Stale rather than gone: the next lookup asks the stores or the loader, and grace still covers a failing one.
  #distrust(): void {
    this.#pending.supersedeAll();
    if (this.memory === undefined) return;
    const now = this.#settings.now();
    for (const key of this.memory.keys()) {
      const entry = this.memory.peek(key)!;
      entry.expiresAt = Math.min(entry.expiresAt, now);
    }
  }

  async invalidateTags(tags: readonly string[], stamp: number): Promise<void> {
    this.invalidatedAt = stamp;
    for (const tag of tags) this.#invalidations.tag(tag, stamp);
    await this.#eachStore((store) => store.markTags(tags, stamp));
  }

  async clear(stamp: number): Promise<void> {
    this.#invalidations.clear(stamp);
    this.memory?.clear();
    this.#pending.supersedeAll();
    await this.#eachStore((store) => store.markCleared(stamp));
  }

  /** Waits for writes under way and sends a last time what stores missed; the store timeout bounds each. */
  async drain(): Promise<void> {
    while (this.#writes.size > 0) await Promise.all(this.#writes);
    await Promise.all(this.stores.map((store) => store.close()));
  }

  #remember(record: MemoryRecord<V>, note: Note & { size?: number | undefined }, now: number): void {
    if (this.memory === undefined) return;
    const { key } = record;
    try {
      this.#sizes.given = note.size;
      if (!this.memory.set({ ...record, value: this.copy.into(record.value) })) return;
      this.#counts.memory.sets++;
      if (note.etag !== undefined || note.sliding !== undefined)
        this.#notes.write(this.memory.peek(key)!, note, now);
    } catch (error) {
      this.memory.delete(key);
      this.#counts.memory.errors++;
      if (this.#events.wants('store-error'))
        this.#events.emit('store-error', {
          cache: this.#settings.name,
          tier: 'memory',
          operation: 'set',
          error,
          key,
        });
    }
  }

  // Age by the wall clock, never negative: an entry "from the future" lives no longer than its own ttl.
  #place(record: StoredRecord<V>, at: number, now: number): Found<V> {
    const age = Math.max(0, this.#settings.wall() - record.createdAt);
    return {
      value: record.value,
      tier: `store:${at}`,
      createdAt: now - age,
      expiresAt: now + record.ttlMs - age,
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
    this.#remember({ key: pending.key, value, createdAt, expiresAt, keepUntil, stamp, tags }, record, now);
    if (now >= hit.expiresAt) return;
    for (const nearer of this.stores.slice(0, at))
      this.#track(
        nearer.write(
          [
            {
              key: pending.key,
              record: { ...record, schema: this.#settings.schema?.version },
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
