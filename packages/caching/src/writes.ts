import type { Change } from './bus/message.ts';
import type { Call } from './call.ts';
import { describe } from './describe.ts';
import type { CacheEvents } from './events.ts';
import type { Failures } from './failures.ts';
import type { NewEntry } from './found.ts';
import { checkKey } from './keys.ts';
import { lifetimeOf } from './lifetime.ts';
import type { Settings } from './settings/settings.ts';
import type { Tiers } from './tiers.ts';

/** The entries, each looked at: a text in place of a pair would be taken apart into letters. */
function* pairs<V>(entries: Iterable<readonly [string, V]>): Generator<readonly [string, V]> {
  if (typeof entries?.[Symbol.iterator] !== 'function')
    throw new TypeError(`entries must be pairs of key and value, got ${describe(entries)}`);
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2)
      throw new TypeError(`entries must be pairs of key and value, got ${describe(entry)} among them`);
    yield entry;
  }
}

/** What a user changes: in every tier, with remembered failures forgotten and other nodes told. */
export class Writes<V> {
  readonly #settings: Settings<V>;
  readonly #tiers: Tiers<V>;
  readonly #failures: Failures;
  readonly #events: CacheEvents;
  readonly #tell: (change: Change) => void;

  constructor(
    settings: Settings<V>,
    tiers: Tiers<V>,
    failures: Failures,
    events: CacheEvents,
    tell: (change: Change) => void,
  ) {
    this.#settings = settings;
    this.#tiers = tiers;
    this.#failures = failures;
    this.#events = events;
    this.#tell = tell;
  }

  /** The last of two values of one key counts. Nothing is written when one of the entries is refused. */
  async put(entries: Iterable<readonly [string, V]>, call: Call<V>): Promise<void> {
    const stamp = this.#tiers.stamp();
    const kept = new Map<string, NewEntry<V>>();
    const removed = new Set<string>();
    for (const [key, value] of pairs(entries)) {
      checkKey(key);
      const life = lifetimeOf(value, undefined, call, this.#settings);
      kept.delete(key);
      removed.delete(key);
      if (life.ttlMs === 0 || (value === undefined && !this.#settings.cacheUndefined)) removed.add(key);
      else kept.set(key, { key, value, ...life, stamp, tags: call.tags });
    }
    const keys = [...kept.keys(), ...removed];
    for (const key of keys) this.#failures.forget(key);
    const writes: Promise<boolean>[] = [];
    if (kept.size > 0) writes.push(this.#tiers.keep([...kept.values()], true, this.#settings.now()));
    if (removed.size > 0) writes.push(this.#tiers.remove([...removed]));
    await Promise.all(writes);
    this.#tell({ kind: 'keys', keys, stamp });
  }

  async delete(key: string): Promise<boolean> {
    this.#failures.forget(key);
    const had = await this.#tiers.remove([key]);
    this.#tell({ kind: 'keys', keys: [key], stamp: this.#tiers.stamp() });
    return had;
  }

  async expire(key: string): Promise<boolean> {
    this.#failures.forget(key);
    const { graceMs, revalidateMs } = this.#settings;
    const keepMs = this.#tiers.recall.coverOf(key) ?? Math.max(graceMs, revalidateMs);
    const had = await (keepMs === 0 ? this.#tiers.remove([key]) : this.#tiers.expire(key, keepMs));
    if (had && this.#events.wants('expire')) this.#events.emit('expire', { cache: this.#settings.name, key });
    this.#tell({ kind: 'keys', keys: [key], stamp: this.#tiers.stamp() });
    return had;
  }

  async invalidateTags(tags: readonly string[]): Promise<void> {
    this.#failures.forgetAll();
    if (this.#events.wants('invalidate-tags'))
      this.#events.emit('invalidate-tags', { cache: this.#settings.name, tags: [...tags] });
    const stamp = this.#tiers.stamp();
    await this.#tiers.invalidateTags(tags, stamp);
    this.#tell({ kind: 'tags', tags, stamp });
  }

  async clear(): Promise<void> {
    this.#failures.forgetAll();
    if (this.#events.wants('clear')) this.#events.emit('clear', { cache: this.#settings.name });
    const stamp = this.#tiers.stamp();
    await this.#tiers.clear(stamp);
    this.#tell({ kind: 'clear', stamp });
  }
}
