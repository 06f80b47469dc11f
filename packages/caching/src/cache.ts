import type { BusLink } from './bus/link.ts';
import type { Change } from './bus/message.ts';
import { openLink } from './bus/open-link.ts';
import type { Call } from './call.ts';
import {
  type CloseOptions,
  type GetOrSetOptions,
  readCall,
  readClose,
  type SetOptions,
} from './call-options.ts';
import { CacheClosedError } from './errors.ts';
import { type CacheEventName, CacheEvents, type CacheListener } from './events.ts';
import type { Answer } from './flight.ts';
import { checkKey, checkTags, uniqueKeys } from './keys.ts';
import { checkLoader, type Loader, type ManyLoader, many, one } from './loader.ts';
import { Loading } from './loading.ts';
import { Lookups } from './lookups.ts';
import type { Entry } from './memory/entry.ts';
import { positiveInteger } from './option-checks.ts';
import type { CacheOptions } from './options.ts';
import type { CacheDump } from './recall.ts';
import { readOptions, type Settings } from './settings/settings.ts';
import { type CacheStats, Counts } from './stats.ts';
import { Tiers } from './tiers.ts';
import { type WarmOptions, type WarmUp, warmUp } from './warm-up.ts';
import { Writes } from './writes.ts';

/** A read-through cache: one memory tier and any number of Keyv stores. Made by {@link createCache}. */
export class Cache<V = unknown> {
  readonly name: string;
  readonly #settings: Settings<V>;
  /** What a `getOrSet` without options asks for. */
  readonly #plainCall: Call<V>;
  readonly #events = new CacheEvents();
  readonly #counts: Counts;
  readonly #tiers: Tiers<V>;
  readonly #loading: Loading<V>;
  readonly #lookups: Lookups<V>;
  readonly #writes: Writes<V>;
  readonly #link: BusLink | undefined;
  #closed = false;

  constructor(options: CacheOptions<V> = {}) {
    this.#settings = readOptions(options);
    this.name = this.#settings.name;
    this.#plainCall = readCall('getOrSet', {}, this.#settings);
    this.#counts = new Counts(this.#settings.stores.length);
    this.#tiers = new Tiers(this.#settings, this.#events, this.#counts, (keys, stamp) =>
      this.#tell({ kind: 'keys', keys, stamp }),
    );
    this.#loading = new Loading(this.#settings, this.#tiers, this.#counts, this.#events);
    this.#link = openLink(this.#settings, this.#events, (change) => {
      if (change.kind === 'keys') for (const key of change.keys) this.#loading.failures.forget(key);
      else if (change.kind !== 'all') this.#loading.failures.forgetAll();
      this.#tiers.hear(change);
    });
    this.#lookups = new Lookups(this.#settings, this.#tiers, this.#loading, this.#counts, this.#events);
    this.#writes = new Writes(this.#settings, this.#tiers, this.#loading.failures, this.#events, (change) =>
      this.#tell(change),
    );
  }

  /** The fresh value, `undefined` when there is none (or when undefined itself is cached: see `has`). */
  async get(key: string): Promise<V | undefined> {
    this.#check(key);
    const { recent, now } = this.#settings;
    const entry = this.#tiers.recall.entry(key, recent(), now);
    if (entry !== undefined && recent() < entry.expiresAt) return this.#lookups.hit(entry, recent());
    return this.#lookups.fromStores([key], entry).then((found) => found.get(key));
  }

  /** Is there a fresh value? Not counted as a lookup. */
  async has(key: string): Promise<boolean> {
    this.#check(key);
    const now = this.#settings.now();
    const entry = this.#tiers.recall.entry(key, now);
    if (entry !== undefined && now < entry.expiresAt) return true;
    return (await this.#lookups.readStores([key], false)).has(key);
  }

  /** The fresh values of those keys that have one. */
  async getMany(keys: Iterable<string>): Promise<Map<string, V>> {
    const unique = this.#checkAll(keys);
    const now = this.#settings.now();
    const found = new Map<string, V>();
    const missing: string[] = [];
    for (const key of unique) {
      const entry = this.#tiers.recall.entry(key, now);
      if (entry !== undefined && now < entry.expiresAt) found.set(key, this.#lookups.hit(entry, now));
      else missing.push(key);
    }
    if (missing.length > 0)
      for (const [key, value] of await this.#lookups.fromStores(missing, undefined)) found.set(key, value);
    return found;
  }

  /**
   * Stores a value in every tier. A store that fails is told of by `store-error`, and not believed about this key until
   * it is written again.
   * @throws TypeError or RangeError for a wrong key or option, `CacheClosedError` after `close()`.
   */
  async set(key: string, value: V, options: SetOptions<V> = {}): Promise<void> {
    this.#check(key);
    await this.#writes.put([[key, value]], readCall('set', options, this.#settings));
  }

  /** As `set`, for many keys in one call of each store. Nothing is written when one of the keys is refused. */
  async setMany(entries: Iterable<readonly [string, V]>, options: SetOptions<V> = {}): Promise<void> {
    this.#open();
    await this.#writes.put(entries, readCall('setMany', options, this.#settings));
  }

  /**
   * Removes the value from every tier; true when a tier had one.
   * @throws TypeError for a wrong key, `CacheClosedError` after `close()`.
   */
  async delete(key: string): Promise<boolean> {
    this.#check(key);
    return this.#writes.delete(key);
  }

  /**
   * Makes a value stale without removing it: the next `getOrSet` loads, and the stale value still covers a failing or
   * slow loader for its `grace`, or is served at once within `staleWhileRevalidate`. The grace is that of the cache where
   * memory does not have the value, or the value has no ttl; without any the value is removed, and so it is from a store
   * that does not answer, where memory does not have it. True when there was a fresh value that could be told.
   */
  async expire(key: string): Promise<boolean> {
    this.#check(key);
    return this.#writes.expire(key);
  }

  /**
   * The value, from the nearest tier or from the loader, which runs once however many ask at the same time.
   * @throws What the loader failed with, by identity, when no stale value within `grace` covers it.
   * @throws LoaderTimeoutError once `loaderTimeoutMs` has passed, `signal.reason` when aborted, `CacheClosedError` after
   * `close()`, TypeError or RangeError for a wrong key, loader or option.
   */
  async getOrSet(key: string, loader: Loader<V>, options?: GetOrSetOptions<V>): Promise<V> {
    if (options !== undefined) return (await this.getOrSetWithMeta(key, loader, options)).value;
    this.#check(key);
    checkLoader(loader);
    const entry = this.#tiers.recall.entry(key, this.#settings.recent(), this.#settings.now);
    const now = this.#settings.recent();
    if (entry === undefined || now >= entry.expiresAt) {
      // As `account` does, with one promise less: promises are what a plain miss spends its time on.
      const wait = this.#lookups.obtain(key, loader, this.#plainCall, entry, now);
      let answer: Answer<V> | undefined;
      try {
        answer = await wait;
      } catch (error) {
        this.#lookups.missed(key);
        throw error;
      }
      return this.#lookups.answered(key, answer)!.value;
    }
    if (this.#settings.eager !== undefined) this.#renew(entry, loader, this.#plainCall, now);
    return this.#lookups.hit(entry, now);
  }

  /** As `getOrSet`, and tells where the value came from, how old it is, whether it is stale and why. */
  async getOrSetWithMeta(
    key: string,
    loader: Loader<V>,
    options: GetOrSetOptions<V> = {},
  ): Promise<Answer<V>> {
    this.#check(key);
    checkLoader(loader);
    const call = readCall('getOrSet', options, this.#settings);
    call.signal?.throwIfAborted();
    const now = this.#settings.now();
    const entry = this.#tiers.recall.entry(key, now);
    if (entry !== undefined && now < entry.expiresAt && !call.forced) {
      this.#renew(entry, loader, call, now);
      return this.#lookups.answer(entry, now);
    }
    // A loader of one key has a value for it, or fails.
    return (await this.#lookups.account(key, this.#lookups.obtain(key, loader, call, entry, now)))!;
  }

  /**
   * The values of all these keys. One loader call brings those that no tier has and nobody loads already.
   * @throws What the loader failed with, when a key has no stale value within `grace` to fall back on; else as `getOrSet`.
   */
  async getOrSetMany(
    keys: Iterable<string>,
    loader: ManyLoader<V>,
    options: GetOrSetOptions<V> = {},
  ): Promise<Map<string, V>> {
    const answers = await this.getOrSetManyWithMeta(keys, loader, options);
    return new Map([...answers].map(([key, { value }]) => [key, value]));
  }

  /** As `getOrSetMany`, and tells of each value what `getOrSetWithMeta` tells. */
  async getOrSetManyWithMeta(
    keys: Iterable<string>,
    loader: ManyLoader<V>,
    options: GetOrSetOptions<V> = {},
  ): Promise<Map<string, Answer<V>>> {
    const unique = this.#checkAll(keys);
    checkLoader(loader);
    const call = readCall('getOrSetMany', options, this.#settings);
    call.signal?.throwIfAborted();
    return this.#lookups.obtainMany(unique, many(loader), call);
  }

  /** Voids every entry that carries one of these tags, in all tiers, at a cost that does not depend on how many there are. */
  async invalidateTags(tags: readonly string[]): Promise<void> {
    this.#open();
    const checked = checkTags(tags);
    if (checked !== undefined) await this.#writes.invalidateTags(checked);
  }

  /** Empties memory and voids what the stores hold of this namespace; other namespaces are untouched. */
  async clear(): Promise<void> {
    this.#open();
    await this.#writes.clear();
  }

  /**
   * Removes from the stores what `clear` and `invalidateTags` have voided and no ttl would remove; live entries stay.
   * Reads the whole store, so it is for a quiet hour. The answer: how many entries. Of a store whose adapter
   * cannot list its keys nothing is removed; one that fails is told of by `store-error`.
   */
  async purge(): Promise<number> {
    this.#open();
    const removed = await Promise.all(this.#tiers.stores.map((store) => store.purge()));
    return removed.reduce((sum, count) => sum + count, 0);
  }

  /**
   * Loads the keys that no tier has, each by `loader`, a few at a time; a failed one does not stop the others.
   * @param options.concurrency Loads at the same time. Default 8. The other options are those of `getOrSet`.
   */
  async warm(keys: Iterable<string>, loader: Loader<V>, options: WarmOptions<V> = {}): Promise<WarmUp> {
    const unique = this.#checkAll(keys);
    checkLoader(loader);
    readCall('warm', options, this.#settings);
    const { concurrency = 8, ...call } = options;
    return warmUp(unique, positiveInteger('concurrency', concurrency), (key) =>
      this.getOrSetWithMeta(key, loader, call),
    );
  }

  /**
   * The fresh entries of memory that are used most, as plain data for `restore` after a restart.
   * @param count At most so many. Default 1_000.
   */
  dump(count = 1_000): CacheDump {
    this.#open();
    return this.#tiers.recall.dump(positiveInteger('count', count));
  }

  /**
   * Takes a dump up into memory, with the times that are left; stores are not written. Do it before the first lookup:
   * an invalidation made elsewhere since the dump is only seen where a store or the bus tells of it.
   * @returns How many entries were taken up: not those that ran out, are void, or are older than what is there.
   * @throws TypeError for what is no dump.
   */
  restore(dump: CacheDump): number {
    this.#open();
    return this.#tiers.recall.restore(dump);
  }

  /**
   * Ends the cache: running loads are told by their signal, writes under way are waited for (each bounded by the store
   * timeout), memory is emptied. Later calls reject. `disconnect: true` disconnects the stores as well. Twice is once.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const disconnect = readClose(options);
    if (this.#closed) return;
    this.#closed = true;
    this.#loading.close(new CacheClosedError(this.name));
    await this.#tiers.drain();
    await this.#link?.close();
    this.#tiers.recall.tier?.clear();
    if (disconnect) await Promise.all(this.#tiers.stores.map((store) => store.disconnect()));
  }

  /** Counts since the cache was made. */
  stats(): CacheStats {
    return this.#counts.snapshot(
      this.name,
      this.#tiers.recall.tier,
      this.#tiers.stores.map(({ tier, missed, guard }) => ({ tier, missed, state: guard.state })),
      this.#link?.stats() ?? null,
    );
  }

  /**
   * Listens to an event of this cache; the answer takes the listener off.
   * @throws TypeError for an event there is not, or a listener that is no function.
   */
  on<E extends CacheEventName>(event: E, listener: CacheListener<E>): () => void {
    return this.#events.on(event, listener);
  }

  // Not waited for: a bus that hangs delays no call.
  #tell(change: Change): void {
    void this.#link?.publish(change);
  }

  #renew(entry: Entry<V>, loader: Loader<V>, call: Call<V>, now: number): void {
    if (this.#lookups.due(entry, call, now))
      this.#lookups.refresh([{ key: entry.key, stale: this.#tiers.recall.found(entry) }], one(loader), call);
  }

  #open(): void {
    if (this.#closed) throw new CacheClosedError(this.name);
  }

  #check(key: string): void {
    if (this.#closed) throw new CacheClosedError(this.name);
    if (typeof key !== 'string' || key === '') checkKey(key);
  }

  #checkAll(keys: Iterable<string>): string[] {
    this.#open();
    return uniqueKeys(keys);
  }
}

/**
 * Makes a cache. With no options: 10,000 entries in memory, no time limit, no stores. It is not in `cacheManager`.
 * @throws TypeError or RangeError naming the option that is unknown or wrong.
 */
export function createCache<V = unknown>(options: CacheOptions<V> = {}): Cache<V> {
  return new Cache<V>(options);
}
