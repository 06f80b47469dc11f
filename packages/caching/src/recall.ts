import { type Copying, copying } from './clone.ts';
import { describe } from './describe.ts';
import type { CacheEvents } from './events.ts';
import type { Found } from './found.ts';
import type { Entry } from './memory/entry.ts';
import type { MemoryRecord, MemoryTier } from './memory/memory-tier.ts';
import { type Note, Notes } from './notes.ts';
import { openMemory, type SizeHint } from './open-tiers.ts';
import type { Settings } from './settings/settings.ts';
import type { Invalidations } from './stamps.ts';
import type { Counts } from './stats.ts';
import { decodeRecord, encodeRecord, isData, maxAheadMs, type StoredRecord } from './store/envelope.ts';

/** Entries of memory as plain data: JSON, where the values are. Made by `dump`, read by `restore`. */
export interface CacheDump {
  a4: 1;
  /** When it was made, in wall-clock ms. */
  at: number;
  /** Hottest first. `keepMs` = how long from `at` the entry is of use, `null` = without end. */
  entries: { key: string; keepMs: number | null; record: unknown }[];
}

/** What this process remembers: the memory tier, with copies, notes and voided entries seen to. */
export class Recall<V> {
  readonly tier: MemoryTier<V> | undefined;
  readonly copy: Copying;
  readonly #settings: Settings<V>;
  readonly #events: CacheEvents;
  readonly #counts: Counts;
  readonly #invalidations: Invalidations;
  readonly #notes = new Notes<V>();
  readonly #size: SizeHint = { given: undefined };

  constructor(settings: Settings<V>, events: CacheEvents, counts: Counts, invalidations: Invalidations) {
    this.#settings = settings;
    this.#events = events;
    this.#counts = counts;
    this.#invalidations = invalidations;
    this.copy = copying[settings.clone];
    this.tier = openMemory(settings, events, counts, this.#size);
  }

  /** The entry, fresh or stale, never a void one. Parameters as of {@link MemoryTier.get}. */
  entry(key: string, now: number, exact?: () => number): Entry<V> | undefined {
    const entry = this.tier?.get(key, now, exact);
    if (entry === undefined) return undefined;
    if (!this.#invalidations.voids(entry.stamp, entry.tags)) return entry;
    this.tier!.delete(key);
    return undefined;
  }

  found(entry: Entry<V>): Found<V> {
    const { value, createdAt, stamp, tags } = entry;
    const expiresAt = this.endOf(entry);
    return { value, tier: 'memory', createdAt, expiresAt, stamp, tags, etag: this.#notes.of(entry)?.etag };
  }

  /** When the ttl of this entry's value ends; memory may serve it less long. */
  endOf(entry: Entry<V>): number {
    return this.#notes.endOf(entry);
  }

  /** For how long past its ttl an entry is of use, in ms; undefined when there is none, or it has no ttl to be past of. */
  coverOf(key: string): number | undefined {
    const entry = this.tier?.peek(key);
    const endsAt = entry && this.endOf(entry);
    return endsAt === undefined || endsAt === Number.POSITIVE_INFINITY
      ? undefined
      : entry!.keepUntil - endsAt;
  }

  /** A fresh entry was read: prolongs it where it slides; true when the stores should hear of it. */
  slide(entry: Entry<V>, now: number): boolean {
    return this.#notes.any && this.#notes.slide(entry, now);
  }

  /** An entry as the stores know it. */
  record(entry: Entry<V>, now: number): StoredRecord<V> {
    const { value, stamp, tags, createdAt } = entry;
    const { wall, schema } = this.#settings;
    const note = this.#notes.of(entry);
    return {
      value,
      createdAt: wall() - (now - createdAt),
      ttlMs: Math.max(0, this.endOf(entry) - createdAt),
      stamp,
      tags,
      etag: note?.etag,
      sliding: note?.sliding,
      schema: schema?.version,
    };
  }

  /**
   * Keeps a value that a caller gave, as `clone` says. The answer is what the stores should have: the copy, which is
   * nobody else's, or the value itself where it cannot be copied; memory is then without it. The record is used up.
   */
  keep(record: MemoryRecord<V>, note: Note & { size?: number | undefined }, now: number): V {
    try {
      record.value = this.copy.into(record.value);
      this.#set(record, note, now);
    } catch (error) {
      this.#refused(record.key, error);
    }
    return record.value;
  }

  /** Keeps what a store had. */
  remember(record: MemoryRecord<V>, note: Note & { size?: number | undefined }, now: number): void {
    if (this.tier !== undefined) this.keep(record, note, now);
  }

  #set(record: MemoryRecord<V>, note: Note & { size?: number | undefined }, now: number): void {
    this.#size.given = note.size;
    const leavesAt = now + (this.#settings.memory?.ttlMs ?? 0);
    const endsAt = leavesAt < record.expiresAt ? record.expiresAt : undefined;
    if (endsAt !== undefined) record.expiresAt = leavesAt;
    if (this.tier?.set(record) !== true) return;
    this.#counts.memory.sets++;
    if (note.etag === undefined && note.sliding === undefined && endsAt === undefined) return;
    // A listener of the evictions may have removed it already.
    const entry = this.tier.peek(record.key);
    if (entry !== undefined) this.#notes.write(entry, note, endsAt, now);
  }

  #refused(key: string, error: unknown): void {
    if (this.tier === undefined) return;
    this.tier.delete(key);
    this.#counts.memory.errors++;
    const cache = this.#settings.name;
    if (this.#events.wants('store-error'))
      this.#events.emit('store-error', { cache, tier: 'memory', operation: 'set', error, key });
  }

  /** Makes all stale rather than gone: the next lookup asks further, and grace still covers a failing loader. */
  distrust(): void {
    if (this.tier === undefined) return;
    const now = this.#settings.now();
    for (const key of this.tier.keys()) {
      const entry = this.tier.peek(key)!;
      entry.expiresAt = Math.min(entry.expiresAt, now);
    }
  }

  /** The hottest fresh entries as plain data. */
  dump(count: number): CacheDump {
    const now = this.#settings.now();
    const entries = (this.tier?.hottest(count) ?? [])
      .filter(
        (entry) =>
          isData(entry.value) &&
          now < this.endOf(entry) &&
          !this.#invalidations.voids(entry.stamp, entry.tags),
      )
      .map((entry) => {
        const keepMs = entry.keepUntil - now;
        return {
          key: entry.key,
          keepMs: keepMs === Number.POSITIVE_INFINITY ? null : keepMs,
          record: encodeRecord({ ...this.record(entry, now), value: this.copy.outOf(entry.value) }),
        };
      });
    return { a4: 1, at: this.#settings.wall(), entries };
  }

  /** Takes up what is still fresh and not older than what is there; the answer: how many entries. */
  restore(dump: CacheDump): number {
    if (dump?.a4 !== 1 || !Array.isArray(dump.entries) || typeof dump.at !== 'number')
      throw new TypeError(`restore() takes what dump() made, got ${describe(dump)}`);
    const now = this.#settings.now();
    const wall = this.#settings.wall();
    let restored = 0;
    // The hottest last, so that it was used last.
    for (const dumped of [...dump.entries].reverse()) {
      const record = decodeRecord<V>(dumped?.record);
      if (typeof record === 'string' || typeof dumped.key !== 'string' || dumped.key === '') continue;
      if (dumped.keepMs !== null && !(dumped.keepMs >= 0)) continue;
      if (record.stamp > wall + maxAheadMs) continue;
      if ((record.schema ?? 0) !== (this.#settings.schema?.version ?? 0)) continue;
      if (this.#invalidations.voids(record.stamp, record.tags)) continue;
      if ((this.tier?.peek(dumped.key)?.stamp ?? -1) >= record.stamp) continue;
      const createdAt = now - Math.max(0, wall - record.createdAt);
      const expiresAt = createdAt + record.ttlMs;
      if (now >= expiresAt) continue;
      const left = dumped.keepMs === null ? Number.POSITIVE_INFINITY : dumped.keepMs - (wall - dump.at);
      const { value, stamp, tags } = record;
      const keepUntil = Math.max(expiresAt, now + left);
      this.remember({ key: dumped.key, value, createdAt, expiresAt, keepUntil, stamp, tags }, record, now);
      if (this.tier?.peek(dumped.key) !== undefined) restored++;
    }
    return restored;
  }
}
