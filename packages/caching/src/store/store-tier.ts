import { StoreError } from '../errors.ts';
import type { Invalidations } from '../stamps.ts';
import type { TimeBudget } from '../time-budget.ts';
import { decodeRecord, maxAheadMs, type StoredRecord } from './envelope.ts';
import { inTime, type StoreGuard } from './guard.ts';
import { type Batch, batches } from './listing.ts';
import { Marks } from './marks.ts';
import { fits, type SchemaSettings } from './schema.ts';
import { StoreWriter, type StoreWriterParts } from './store-writer.ts';

interface Held<V> {
  records: Map<string, StoredRecord<V>>;
  corrupt: Map<string, StoreError>;
}

const notOurs = (key: string): StoreError =>
  new StoreError(
    `The store holds something under ${JSON.stringify(key)} that is not a cache entry; it is removed`,
    'CACHE_STORE_CORRUPT',
  );

export interface StoreTierParts extends StoreWriterParts {
  tier: string;
  invalidations: Invalidations;
  schema: SchemaSettings | undefined;
}

/** One store behind its guard. Nothing here rejects: a store that fails is a store that has nothing. */
export class StoreTier<V> {
  readonly tier: string;
  readonly writer: StoreWriter<V>;
  readonly #parts: StoreTierParts;
  readonly #marks: Marks;

  constructor(parts: StoreTierParts) {
    this.tier = parts.tier;
    this.#parts = parts;
    this.writer = new StoreWriter<V>(parts);
    this.#marks = new Marks({
      ...parts,
      ordered: (names, call) => this.writer.ordered(names, call),
      onDamaged: (error) => parts.onFailure('get', error, undefined),
    });
  }

  /** Changes the store missed and will be sent. */
  get missed(): number {
    return this.writer.recovery.size;
  }

  get guard(): StoreGuard {
    return this.#parts.guard;
  }

  /**
   * The records of these keys that are not void; expired ones too, whoever asks decides about them.
   * Own writes of these keys that are under way are waited for first. Undefined when the store did not answer.
   * @param time What the lookup may still take.
   */
  async read(keys: string[], time: TimeBudget): Promise<Map<string, StoredRecord<V>> | undefined> {
    const { store, guard, invalidations, onFailure } = this.#parts;
    const names = keys.map((key) => this.#parts.keys.entry(key));
    const writes = this.writer.over(names);
    const left = time.left();
    if (writes !== undefined && left > 0) await inTime(left, () => writes).catch(() => {});
    const answer = await guard.run(
      async () => {
        const [cleared, ...raws] = await store.getMany([this.#parts.keys.cleared, ...names]);
        this.#marks.noteCleared(cleared);
        const held = this.#decode(keys, raws);
        await this.#marks.readTags(new Set([...held.records.values()].flatMap(({ tags }) => tags ?? [])));
        return held;
      },
      { withinMs: time.left() },
    );
    if (!answer.ok) {
      onFailure('get', answer.error, keys[0]);
      return undefined;
    }
    this.writer.recovery.kick();
    const { records, corrupt } = answer.value;
    for (const [key, error] of corrupt) onFailure('get', error, key);
    // What cannot be read fails at every read until it is gone.
    if (corrupt.size > 0) void this.writer.discard([...corrupt.keys()]);
    for (const [key, { stamp, tags }] of records)
      if (invalidations.voids(stamp, tags) || this.writer.doubts.doubted(key, stamp)) records.delete(key);
    return records;
  }

  /** Another process changed these keys: what this store holds from before `stamp` may be outdated. */
  doubt(keys: readonly string[], stamp: number): void {
    for (const key of keys) this.writer.doubts.raise(key, stamp);
  }

  /** Changes by other processes may have been missed. */
  doubtAll(stamp: number): void {
    this.writer.doubts.raiseAll(stamp);
  }

  /** Removes the entries that a clear or a tag invalidation voided; the answer: how many. Ends early where the store fails. */
  async purge(): Promise<number> {
    let removed = 0;
    for await (const batch of batches(this.#parts)) {
      const dead = await this.#dead(batch);
      if (dead.length === 0) continue;
      const answer = await this.writer.ordered(dead, () => this.#parts.store.deleteMany(dead));
      if (answer.ok) removed += dead.length;
      else this.#parts.onFailure('purge', answer.error, undefined);
    }
    return removed;
  }

  /** Sends a last time what the store missed. */
  close(): Promise<void> {
    return this.writer.recovery.close();
  }

  async disconnect(): Promise<void> {
    const { guard, store, keys, onFailure } = this.#parts;
    // A client that is closed politely while its server hangs waits for good, and cannot be closed otherwise any more.
    const there = await guard.run(() => store.getMany([keys.cleared]), { forced: true });
    const answer = await guard.run(() => store.disconnect(!there.ok), { forced: true });
    if (!answer.ok) onFailure('disconnect', answer.error, undefined);
  }

  async #dead(batch: Batch): Promise<string[]> {
    const { store, keys, guard, invalidations } = this.#parts;
    const records = batch.map(([name, raw]) => [name, decodeRecord(raw)] as const);
    const tags = records.flatMap(([, record]) => (typeof record === 'object' ? (record.tags ?? []) : []));
    const read = await guard.run(async () => {
      const [cleared] = await store.getMany([keys.cleared]);
      this.#marks.noteCleared(cleared);
      await this.#marks.readTags(new Set(tags));
    });
    if (!read.ok) return [];
    return records.flatMap(([name, record]) =>
      typeof record === 'object' && invalidations.voids(record.stamp, record.tags) ? [name] : [],
    );
  }

  #decode(keys: string[], raws: unknown[]): Held<V> {
    const { stamps, wall } = this.#parts;
    const records = new Map<string, StoredRecord<V>>();
    const corrupt = new Map<string, StoreError>();
    raws.forEach((raw, at) => {
      const key = keys[at]!;
      if (raw === undefined || raw === null) return;
      const record = decodeRecord<V>(raw);
      if (record === 'corrupt') corrupt.set(key, raw instanceof StoreError ? raw : notOurs(key));
      else if (record !== 'newer') {
        if (record.stamp <= wall() + maxAheadMs) stamps.observe(record.stamp);
        if (fits(record, this.#parts)) records.set(key, record);
      }
    });
    return { records, corrupt };
  }
}
