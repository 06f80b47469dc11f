import { type Copying, copying } from './clone.ts';
import { describe } from './describe.ts';
import type { CacheEvents } from './events.ts';
import type { Found } from './found.ts';
import type { Entry } from './memory/entry.ts';
import type { MemoryRecord, MemoryTier } from './memory/memory-tier.ts';
import { type Note, Notes } from './notes.ts';
import { openMemory, type SizeHint } from './open-tiers.ts';
import type { Settings } from './options.ts';
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

  /** The entry, fresh or stale, never a void one. */
  entry(key: string, now: number): Entry<V> | undefined {
    const entry = this.tier?.get(key, now);
    if (entry === undefined) return undefined;
    if (!this.#invalidations.voids(entry.stamp, entry.tags)) return entry;
    this.tier!.delete(key);
    return undefined;
  }

  found(entry: Entry<V>): Found<V> {
    const { value, createdAt, expiresAt, stamp, tags } = entry;
    return { value, tier: 'memory', createdAt, expiresAt, stamp, tags, etag: this.#notes.of(entry)?.etag };
  }

  /** A fresh entry was read: prolongs it where it slides; true when the stores should hear of it. */
  slide(entry: Entry<V>, now: number): boolean {
    return this.#notes.any && this.#notes.slide(entry, now);
  }

  /** An entry as the stores know it. */
  record(entry: Entry<V>, now: number): StoredRecord<V> {
    const { value, stamp, tags, createdAt, expiresAt } = entry;
    const { wall, schema } = this.#settings;
    const note = this.#notes.of(entry);
    return {
      value,
      createdAt: wall() - (now - createdAt),
      ttlMs: Math.max(0, expiresAt - createdAt),
      stamp,
      tags,
      etag: note?.etag,
      sliding: note?.sliding,
      schema: schema?.version,
    };
  }

  remember(record: MemoryRecord<V>, note: Note & { size?: number | undefined }, now: number): void {
    if (this.tier === undefined) return;
    const { key } = record;
    try {
      this.#size.given = note.size;
      if (!this.tier.set({ ...record, value: this.copy.into(record.value) })) return;
      this.#counts.memory.sets++;
      if (note.etag !== undefined || note.sliding !== undefined)
        this.#notes.write(this.tier.peek(key)!, note, now);
    } catch (error) {
      this.tier.delete(key);
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
        ({ value, expiresAt, stamp, tags }) =>
          isData(value) && now < expiresAt && !this.#invalidations.voids(stamp, tags),
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
