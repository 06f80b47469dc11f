import { StoreError } from '../errors.ts';
import type { StoreKeys } from '../keys.ts';
import type { Invalidations, Stamps } from '../stamps.ts';
import { decodeMark, decodeRecord, encodeMark, encodeRecord, type StoredRecord } from './envelope.ts';
import type { Guarded, StoreGuard } from './guard.ts';
import type { KeyvStore } from './keyv-store.ts';

export type StoreOperation = 'get' | 'set' | 'delete' | 'clear' | 'invalidate-tags' | 'disconnect';

/** A record to write, and how long it may be of use (ttl and grace), in ms. */
export interface RecordWrite<V> {
  key: string;
  record: StoredRecord<V>;
  keepMs: number;
}

interface Doubt {
  stamp: number;
  lasting: boolean;
}

const maxDoubts = 10_000;
const longestMs = 100 * 365 * 86_400_000;

export interface StoreTierParts {
  tier: string;
  store: KeyvStore;
  guard: StoreGuard;
  keys: StoreKeys;
  stamps: Stamps;
  invalidations: Invalidations;
  wall: () => number;
  onFailure: (operation: StoreOperation, error: StoreError | undefined, key: string | undefined) => void;
}

/** One store behind its guard. Nothing here rejects: a store that fails is a store that has nothing. */
export class StoreTier<V> {
  readonly tier: string;
  readonly #parts: StoreTierParts;
  /** Per key the write under way: writes of one key reach the store in the order they were made. */
  readonly #tails = new Map<string, Promise<unknown>>();
  /**
   * Keys whose set or delete has not, or not surely, reached the store: what it holds from before that stamp is not
   * to be believed. A lasting doubt follows a failure, since a timed-out write may still land later.
   */
  readonly #doubts = new Map<string, Doubt>();
  #doubtAllBefore = 0;

  constructor(parts: StoreTierParts) {
    this.tier = parts.tier;
    this.#parts = parts;
  }

  get guard(): StoreGuard {
    return this.#parts.guard;
  }

  /** The records of these keys that are not void; expired ones too, whoever asks decides about them. */
  async read(keys: string[]): Promise<Map<string, StoredRecord<V>>> {
    const { store, guard, stamps, invalidations, onFailure } = this.#parts;
    const names = keys.map((key) => this.#parts.keys.entry(key));
    const corrupt: string[] = [];
    const answer = await guard.run(async () => {
      const [cleared, ...raws] = await store.getMany([this.#parts.keys.cleared, ...names]);
      const clearedAt = decodeMark(cleared, stamps.next());
      if (clearedAt !== undefined) {
        stamps.observe(clearedAt);
        invalidations.clear(clearedAt);
      }
      const records = new Map<string, StoredRecord<V>>();
      const tags = new Set<string>();
      raws.forEach((raw, at) => {
        if (raw === undefined || raw === null) return;
        const record = decodeRecord<V>(raw);
        if (record === 'corrupt') corrupt.push(keys[at]!);
        else if (record !== 'newer') {
          records.set(keys[at]!, record);
          for (const tag of record.tags ?? []) tags.add(tag);
        }
      });
      if (tags.size > 0) await this.#readTags([...tags]);
      return records;
    });
    if (!answer.ok) {
      onFailure('get', answer.error, keys[0]);
      // A text that cannot be parsed fails at every read until it is gone.
      if (answer.error?.code === 'CACHE_STORE_CORRUPT' && keys.length === 1) void this.#discard(keys);
      return new Map();
    }
    if (corrupt.length > 0) {
      const text = `The store holds something under ${JSON.stringify(corrupt[0])} that is not a cache entry; it is removed`;
      onFailure('get', new StoreError(text, 'CACHE_STORE_CORRUPT'), corrupt[0]);
      void this.#discard(corrupt);
    }
    for (const [key, record] of answer.value)
      if (invalidations.voids(record.stamp, record.tags) || this.#doubted(key, record.stamp))
        answer.value.delete(key);
    return answer.value;
  }

  /** `mistrust`: until it is written, what the store holds of these keys is not believed (a set by the user, not a load). */
  async write(writes: RecordWrite<V>[], mistrust: boolean): Promise<boolean> {
    if (writes.length === 0) return true;
    const keys = writes.map(({ key }) => key);
    if (mistrust) for (const { key, record } of writes) this.#doubt(key, record.stamp);
    const answer = await this.#ordered(keys, () =>
      this.#parts.store.setMany(
        writes.map(({ key, record, keepMs }) => ({
          key: this.#parts.keys.entry(key),
          value: encodeRecord(record),
          // Never 0, which a store takes for "without end".
          ttlMs: keepMs < longestMs ? Math.max(1, Math.ceil(keepMs)) : undefined,
        })),
      ),
    );
    for (const { key, record } of writes) this.#settleDoubt(key, record.stamp, answer.ok, mistrust);
    if (!answer.ok) this.#parts.onFailure('set', answer.error, keys[0]);
    return answer.ok;
  }

  /** True when the store had one of them. */
  async remove(keys: string[]): Promise<boolean> {
    const stamp = this.#parts.stamps.next();
    for (const key of keys) this.#doubt(key, stamp);
    const answer = await this.#ordered(keys, () =>
      this.#parts.store.deleteMany(keys.map((key) => this.#parts.keys.entry(key))),
    );
    for (const key of keys) this.#settleDoubt(key, stamp, answer.ok, true);
    if (!answer.ok) this.#parts.onFailure('delete', answer.error, keys[0]);
    return answer.ok && answer.value;
  }

  async markCleared(stamp: number): Promise<void> {
    await this.#mark('clear', [this.#parts.keys.cleared], stamp);
  }

  async markTags(tags: readonly string[], stamp: number): Promise<void> {
    await this.#mark(
      'invalidate-tags',
      tags.map((tag) => this.#parts.keys.tag(tag)),
      stamp,
    );
  }

  async disconnect(): Promise<void> {
    const answer = await this.#parts.guard.run(() => this.#parts.store.disconnect());
    if (!answer.ok) this.#parts.onFailure('disconnect', answer.error, undefined);
  }

  async #readTags(tags: string[]): Promise<void> {
    const { store, keys, stamps, invalidations } = this.#parts;
    const marks = await store.getMany(tags.map((tag) => keys.tag(tag)));
    marks.forEach((raw, at) => {
      const stamp = decodeMark(raw, stamps.next());
      if (stamp === undefined) return;
      stamps.observe(stamp);
      invalidations.tag(tags[at]!, stamp);
    });
  }

  // Marks have no end: they must outlive every entry they void.
  async #mark(operation: StoreOperation, names: string[], stamp: number): Promise<void> {
    const answer = await this.#ordered(names, () =>
      this.#parts.store.setMany(names.map((key) => ({ key, value: encodeMark(stamp), ttlMs: undefined }))),
    );
    if (!answer.ok) this.#parts.onFailure(operation, answer.error, undefined);
  }

  async #discard(keys: string[]): Promise<void> {
    await this.#ordered(keys, () =>
      this.#parts.store.deleteMany(keys.map((key) => this.#parts.keys.entry(key))),
    );
  }

  #ordered<T>(keys: string[], call: () => Promise<T>): Promise<Guarded<T>> {
    const earlier = keys.flatMap((key) => this.#tails.get(key) ?? []);
    const run =
      earlier.length === 0
        ? this.#parts.guard.run(call)
        : Promise.all(earlier).then(() => this.#parts.guard.run(call));
    for (const key of keys) this.#tails.set(key, run);
    void run.then(() => {
      for (const key of keys) if (this.#tails.get(key) === run) this.#tails.delete(key);
    });
    return run;
  }

  #doubted(key: string, stamp: number): boolean {
    return stamp < this.#doubtAllBefore || stamp < (this.#doubts.get(key)?.stamp ?? 0);
  }

  #doubt(key: string, stamp: number): void {
    const lasting = this.#doubts.get(key)?.lasting ?? false;
    this.#doubts.delete(key);
    this.#doubts.set(key, { stamp, lasting });
    if (this.#doubts.size <= maxDoubts) return;
    this.#doubts.clear();
    this.#doubtAllBefore = stamp;
  }

  #settleDoubt(key: string, stamp: number, reached: boolean, mistrust: boolean): void {
    const doubt = this.#doubts.get(key);
    if (doubt === undefined) return;
    if (!reached && mistrust) doubt.lasting = true;
    else if (reached && !doubt.lasting && doubt.stamp <= stamp) this.#doubts.delete(key);
  }
}
