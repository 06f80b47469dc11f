import { StoreError } from '../errors.ts';
import type { StoreKeys } from '../keys.ts';
import type { Invalidations, Stamps } from '../stamps.ts';
import { Doubts } from './doubts.ts';
import { decodeMark, decodeRecord, encodeMark, encodeRecord, type StoredRecord } from './envelope.ts';
import type { Guarded, StoreGuard } from './guard.ts';
import type { KeyvStore } from './keyv-store.ts';
import { type Batch, batches } from './listing.ts';
import { physicalTtl } from './physical-ttl.ts';
import { Recovery, type RecoveryParts } from './recovery.ts';
import { fits, type SchemaSettings } from './schema.ts';
import { WriteOrder } from './write-order.ts';

export type StoreOperation = 'get' | 'set' | 'delete' | 'clear' | 'invalidate-tags' | 'purge' | 'disconnect';

/** A record to write, and how long it may be of use (ttl and grace), in ms. */
export interface RecordWrite<V> {
  key: string;
  record: StoredRecord<V>;
  keepMs: number;
}

export interface StoreTierParts {
  tier: string;
  store: KeyvStore;
  guard: StoreGuard;
  keys: StoreKeys;
  stamps: Stamps;
  invalidations: Invalidations;
  now: () => number;
  wall: () => number;
  schema: SchemaSettings | undefined;
  recovery: Pick<RecoveryParts, 'maxEntries' | 'retryMs' | 'maxRetryMs' | 'onReplayed' | 'onLost'>;
  onFailure: (operation: StoreOperation, error: StoreError | undefined, key: string | undefined) => void;
}

/** One store behind its guard. Nothing here rejects: a store that fails is a store that has nothing. */
export class StoreTier<V> {
  readonly tier: string;
  readonly #parts: StoreTierParts;
  readonly #order = new WriteOrder();
  readonly #doubts = new Doubts();
  readonly #recovery: Recovery<V>;

  constructor(parts: StoreTierParts) {
    this.tier = parts.tier;
    this.#parts = parts;
    this.#recovery = new Recovery<V>({ ...parts, ...parts.recovery, order: this.#order });
  }

  /** Changes the store missed and will be sent. */
  get missed(): number {
    return this.#recovery.size;
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
        else if (record !== 'newer' && fits(record, this.#parts)) {
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
      if (answer.error?.code !== 'CACHE_STORE_CORRUPT') return new Map();
      if (keys.length === 1) {
        void this.#discard(keys);
        return new Map();
      }
      // Apart, the others can be read.
      const apart = await Promise.all(keys.map((key) => this.read([key])));
      return new Map(apart.flatMap((records) => [...records]));
    }
    this.#recovery.kick();
    if (corrupt.length > 0) {
      const text = `The store holds something under ${JSON.stringify(corrupt[0])} that is not a cache entry; it is removed`;
      onFailure('get', new StoreError(text, 'CACHE_STORE_CORRUPT'), corrupt[0]);
      void this.#discard(corrupt);
    }
    for (const [key, record] of answer.value)
      if (invalidations.voids(record.stamp, record.tags) || this.#doubts.doubted(key, record.stamp))
        answer.value.delete(key);
    return answer.value;
  }

  /** `mistrust`: until it is written, what the store holds of these keys is not believed (a set by the user, not a load). */
  async write(writes: RecordWrite<V>[], mistrust: boolean): Promise<boolean> {
    if (writes.length === 0) return true;
    const { keys, store, onFailure } = this.#parts;
    if (mistrust) for (const { key, record } of writes) this.#doubts.raise(key, record.stamp);
    const names = writes.map(({ key }) => keys.entry(key));
    const usefulFrom = this.#parts.now();
    const answer = await this.#ordered(
      names,
      () =>
        store.setMany(
          writes.map(({ record, keepMs }, at) => ({
            key: names[at]!,
            value: encodeRecord(record),
            ttlMs: physicalTtl(keepMs),
          })),
        ),
      (done) => {
        writes.forEach(({ key, record, keepMs }, at) => {
          this.#doubts.settle(key, record.stamp, done.ok, mistrust);
          const usefulUntil = usefulFrom + keepMs;
          const name = names[at]!;
          const { stamp } = record;
          const missed = { kind: 'set', name, key, stamp, record, usefulUntil } as const;
          this.#recovery.settle(missed, !mistrust, done);
        });
      },
    );
    if (!answer.ok) onFailure('set', answer.error, writes[0]!.key);
    return answer.ok;
  }

  /** Writes the longer life of a value that was read, if the store still holds that very value; false when it does not. */
  async prolong({ key, record, keepMs }: RecordWrite<V>): Promise<boolean> {
    const { keys, store } = this.#parts;
    const name = keys.entry(key);
    const answer = await this.#ordered([name], async () => {
      const [raw] = await store.getMany([name]);
      const there = decodeRecord(raw);
      if (typeof there !== 'object' || there.stamp !== record.stamp) return false;
      await store.setMany([{ key: name, value: encodeRecord(record), ttlMs: physicalTtl(keepMs) }]);
      return true;
    });
    if (!answer.ok) this.#parts.onFailure('set', answer.error, key);
    return !answer.ok || answer.value;
  }

  /** True when the store had one of them. */
  async remove(keys: string[]): Promise<boolean> {
    const stamp = this.#parts.stamps.next();
    for (const key of keys) this.#doubts.raise(key, stamp);
    const names = keys.map((key) => this.#parts.keys.entry(key));
    const answer = await this.#ordered(
      names,
      () => this.#parts.store.deleteMany(names),
      (done) => {
        keys.forEach((key, at) => {
          this.#doubts.settle(key, stamp, done.ok, true);
          this.#recovery.settle({ kind: 'delete', name: names[at]!, key, stamp }, false, done);
        });
      },
    );
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

  /** Removes the entries that a clear or a tag invalidation voided; the answer: how many. Ends early where the store fails. */
  async purge(): Promise<number> {
    let removed = 0;
    for await (const batch of batches(this.#parts)) {
      const dead = await this.#dead(batch);
      if (dead.length === 0) continue;
      const answer = await this.#ordered(dead, () => this.#parts.store.deleteMany(dead));
      if (answer.ok) removed += dead.length;
      else this.#parts.onFailure('purge', answer.error, undefined);
    }
    return removed;
  }

  /** Sends a last time what the store missed. */
  close(): Promise<void> {
    return this.#recovery.close();
  }

  async disconnect(): Promise<void> {
    const { guard, store, keys, onFailure } = this.#parts;
    // A client that is closed politely while its server hangs waits for good, and cannot be closed otherwise any more.
    const there = await guard.run(() => store.getMany([keys.cleared]), true);
    const answer = await guard.run(() => store.disconnect(!there.ok), true);
    if (!answer.ok) onFailure('disconnect', answer.error, undefined);
  }

  async #dead(batch: Batch): Promise<string[]> {
    const { store, keys, stamps, guard, invalidations } = this.#parts;
    const records = batch.map(([name, raw]) => [name, decodeRecord(raw)] as const);
    const tags = new Set(
      records.flatMap(([, record]) => (typeof record === 'object' ? (record.tags ?? []) : [])),
    );
    const read = await guard.run(async () => {
      const [cleared] = await store.getMany([keys.cleared]);
      const clearedAt = decodeMark(cleared, stamps.next());
      if (clearedAt !== undefined) invalidations.clear(clearedAt);
      if (tags.size > 0) await this.#readTags([...tags]);
    });
    if (!read.ok) return [];
    return records.flatMap(([name, record]) =>
      typeof record === 'object' && invalidations.voids(record.stamp, record.tags) ? [name] : [],
    );
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
    const answer = await this.#ordered(
      names,
      () =>
        this.#parts.store.setMany(names.map((key) => ({ key, value: encodeMark(stamp), ttlMs: undefined }))),
      (done) => {
        for (const name of names) this.#recovery.settle({ kind: 'mark', name, stamp }, false, done);
      },
    );
    if (!answer.ok) this.#parts.onFailure(operation, answer.error, undefined);
  }

  async #discard(keys: string[]): Promise<void> {
    const names = keys.map((key) => this.#parts.keys.entry(key));
    await this.#ordered(names, () => this.#parts.store.deleteMany(names));
  }

  // Settled before the next write of one of these names may begin, so that nothing older is sent again after it.
  async #ordered<T>(
    names: string[],
    call: () => Promise<T>,
    settle?: (answer: Guarded<T>) => void,
  ): Promise<Guarded<T>> {
    const answer = await this.#order.after(names, async () => {
      const done = await this.#parts.guard.run(call);
      settle?.(done);
      return done;
    });
    if (answer.ok) this.#recovery.kick();
    return answer;
  }
}
