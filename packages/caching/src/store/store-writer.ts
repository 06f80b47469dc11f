import type { StoreError } from '../errors.ts';
import type { StoreKeys } from '../keys.ts';
import type { Stamps } from '../stamps.ts';
import { Doubts } from './doubts.ts';
import { decodeRecord, encodeMark, encodeRecord, heldSince, type StoredRecord } from './envelope.ts';
import { type Guarded, isLate, isUnwritable, type StoreGuard } from './guard.ts';
import type { KeyvStore } from './keyv-store.ts';
import { physicalTtl } from './physical-ttl.ts';
import { Recovery, type RecoveryParts } from './recovery.ts';
import { WriteOrder } from './write-order.ts';

export type StoreOperation = 'get' | 'set' | 'delete' | 'clear' | 'invalidate-tags' | 'purge' | 'disconnect';

/** A record to write, and how long it may be of use (ttl and grace), in ms. */
export interface RecordWrite<V> {
  key: string;
  record: StoredRecord<V>;
  keepMs: number;
}

/** How many were stored, and those the store has something newer of. */
export interface WriteOutcome {
  stored: number;
  outdated: readonly { key: string; record: { stamp: number } }[];
}

/** `outdated` = the store has something newer; `left-alone` = it has what only a later release understands. */
type Ending = 'stored' | 'outdated' | 'left-alone';

export interface StoreWriterParts {
  store: KeyvStore;
  guard: StoreGuard;
  keys: StoreKeys;
  stamps: Stamps;
  now: () => number;
  wall: () => number;
  recovery: Pick<RecoveryParts, 'maxEntries' | 'retryMs' | 'maxRetryMs' | 'onReplayed' | 'onLost'>;
  onFailure: (operation: StoreOperation, error: StoreError | undefined, key: string | undefined) => void;
}

/** What changes one store: each key in the order its changes were made, with what was missed sent again. Nothing here rejects. */
export class StoreWriter<V> {
  readonly doubts = new Doubts();
  readonly recovery: Recovery<V>;
  readonly #parts: StoreWriterParts;
  readonly #order = new WriteOrder();

  constructor(parts: StoreWriterParts) {
    this.#parts = parts;
    this.recovery = new Recovery<V>({ ...parts, ...parts.recovery, order: this.#order });
  }

  /** Resolves when the writes of these names that are under way are over; undefined when there are none. */
  over(names: readonly string[]): Promise<unknown> | undefined {
    return this.#order.over(names);
  }

  /** Writes what the user has set: until it is there, what the store holds of these keys is not believed. */
  async write(writes: RecordWrite<V>[]): Promise<WriteOutcome> {
    for (const { key, record } of writes) this.doubts.raise(key, record.stamp);
    return this.#put(writes, true);
  }

  /** Writes what was loaded, but over nothing that is newer, in time or in shape: another process may have set the key during the load. */
  offer(writes: RecordWrite<V>[]): Promise<WriteOutcome> {
    return this.#put(writes, false);
  }

  /** Writes what a farther store has confirmed just now. */
  async refill(write: RecordWrite<V>): Promise<void> {
    const confirm = this.doubts.confirming(write.key, write.record.stamp);
    const { stored } = await this.offer([write]);
    if (stored > 0) confirm();
  }

  /** Writes the longer life of a value that was read, if the store still holds that very value; false when it does not. */
  async prolong({ key, record, keepMs }: RecordWrite<V>): Promise<boolean> {
    const { keys, store } = this.#parts;
    const name = keys.entry(key);
    const answer = await this.ordered([name], async () => {
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
  remove(keys: readonly string[]): Promise<boolean> {
    return this.#delete(keys, this.#parts.stamps.next(), (names) => this.#parts.store.deleteMany(names));
  }

  /** As `remove`, but of nothing newer than `stamp`: a load that began then has found that there is no value. */
  withdraw(keys: readonly string[], stamp: number): Promise<boolean> {
    const { store, wall } = this.#parts;
    return this.#delete(keys, stamp, async (names) => {
      const raws = await store.getMany(names);
      const old = names.filter((_, at) => heldSince(raws[at], wall()) <= stamp);
      return old.length > 0 && (await store.deleteMany(old));
    });
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

  /** Removes what cannot be read. */
  async discard(keys: string[]): Promise<void> {
    const names = keys.map((key) => this.#parts.keys.entry(key));
    await this.ordered(names, () => this.#parts.store.deleteMany(names));
  }

  /** Runs a call behind the guard, in the order of the writes of these names. */
  // Settled before the next write of one of these names may begin, so that nothing older is sent again after it.
  async ordered<T>(
    names: string[],
    call: () => Promise<T>,
    settle?: (answer: Guarded<T>) => void,
  ): Promise<Guarded<T>> {
    const answer = await this.#order.after(names, async () => {
      const done = await this.#parts.guard.run(call);
      settle?.(done);
      return done;
    });
    if (answer.ok) this.recovery.kick();
    return answer;
  }

  async #put(writes: RecordWrite<V>[], byUser: boolean): Promise<WriteOutcome> {
    const names = writes.map(({ key }) => this.#parts.keys.entry(key));
    const usefulFrom = this.#parts.now();
    const answers = await this.#order.after(names, async () => {
      const done = await this.#send(writes, !byUser);
      writes.forEach(({ key, record, keepMs }, at) => {
        const { stamp } = record;
        this.doubts.settle(key, stamp, done[at]!.ok, byUser);
        const usefulUntil = usefulFrom + keepMs;
        const missed = { kind: 'set', name: names[at]!, key, stamp, record, usefulUntil } as const;
        this.recovery.settle(missed, !byUser, done[at]!);
      });
      return done;
    });
    if (answers.some(({ ok }) => ok)) this.recovery.kick();
    for (const answer of new Set(answers))
      if (!answer.ok) this.#parts.onFailure('set', answer.error, writes[answers.indexOf(answer)]!.key);
    // What such a value would have replaced must not live on for others.
    const lost = byUser ? writes.filter((_, at) => isUnwritable(answers[at]!)) : [];
    if (lost.length > 0)
      await this.withdraw(
        lost.map(({ key }) => key),
        lost[0]!.record.stamp,
      );
    const ending = (as: Ending) => writes.filter((_, at) => answers[at]!.ok && answers[at]!.value === as);
    return { stored: ending('stored').length, outdated: ending('outdated') };
  }

  // Together; but one value that cannot be written must not keep the others from being so.
  async #send(writes: RecordWrite<V>[], compare: boolean): Promise<Guarded<Ending>[]> {
    let sending: Promise<unknown> | undefined;
    const answer = await this.#parts.guard.run(() => {
      const sent = this.#sendFit(writes, compare);
      sending = sent;
      return sent;
    });
    if (isLate(answer)) sending?.then(() => this.#landed(writes)).catch(() => {});
    if (answer.ok) return answer.value.map((value) => ({ ok: true, value }));
    if (writes.length === 1 || !isUnwritable(answer)) return writes.map(() => answer);
    return (await Promise.all(writes.map((write) => this.#send([write], compare)))).flat();
  }

  // A write that was given up has reached the store after all: over what was changed since, it must not stay.
  async #landed(writes: readonly RecordWrite<V>[]): Promise<void> {
    for (const { key, record } of writes)
      if (this.doubts.doubted(key, record.stamp)) await this.withdraw([key], record.stamp);
  }

  async #sendFit(writes: RecordWrite<V>[], compare: boolean): Promise<Ending[]> {
    const { store, keys, wall } = this.#parts;
    const names = writes.map(({ key }) => keys.entry(key));
    const raws = compare ? await store.getMany(names) : [];
    const endings = writes.map(({ record }, at): Ending => {
      const since = heldSince(raws[at], wall(), record.schema ?? 0);
      if (since === Number.POSITIVE_INFINITY) return 'left-alone';
      return since > record.stamp ? 'outdated' : 'stored';
    });
    const fit = writes.flatMap(({ record, keepMs }, at) =>
      endings[at] === 'stored'
        ? [{ key: names[at]!, value: encodeRecord(record), ttlMs: physicalTtl(keepMs) }]
        : [],
    );
    if (fit.length > 0) await store.setMany(fit);
    return endings;
  }

  async #delete(
    keys: readonly string[],
    stamp: number,
    call: (names: string[]) => Promise<boolean>,
  ): Promise<boolean> {
    for (const key of keys) this.doubts.raise(key, stamp);
    const names = keys.map((key) => this.#parts.keys.entry(key));
    const answer = await this.ordered(
      names,
      () => call(names),
      (done) => {
        keys.forEach((key, at) => {
          this.doubts.settle(key, stamp, done.ok, true);
          this.recovery.settle({ kind: 'delete', name: names[at]!, key, stamp }, false, done);
        });
      },
    );
    if (!answer.ok) this.#parts.onFailure('delete', answer.error, keys[0]);
    return answer.ok && answer.value;
  }

  // Marks have no end: they must outlive every entry they void.
  async #mark(operation: StoreOperation, names: string[], stamp: number): Promise<void> {
    const answer = await this.ordered(
      names,
      () =>
        this.#parts.store.setMany(names.map((key) => ({ key, value: encodeMark(stamp), ttlMs: undefined }))),
      (done) => {
        for (const name of names) this.recovery.settle({ kind: 'mark', name, stamp }, false, done);
      },
    );
    if (!answer.ok) this.#parts.onFailure(operation, answer.error, undefined);
  }
}
