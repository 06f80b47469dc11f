import { Cache } from './cache.ts';
import { type CloseOptions, readClose } from './call-options.ts';
import { describe } from './describe.ts';
import { CacheExistsError } from './errors.ts';
import type { Loader } from './loader.ts';
import { onlyKnown } from './only-known.ts';
import { text } from './option-checks.ts';
import type { CacheOptions } from './options.ts';
import { cacheOptions } from './settings/settings.ts';
import { type CacheStats, hitRateOf } from './stats.ts';
import type { WarmOptions, WarmUp } from './warm-up.ts';

const managedOptions = cacheOptions.filter((name) => name !== 'name');

/** Counts over all caches of a manager; `hitRate` over all their lookups. */
export interface ManagerStats
  extends Pick<CacheStats, 'hits' | 'stale' | 'misses' | 'hitRate' | 'loads' | 'loadErrors'> {
  /** Values in memory. */
  entries: number;
  caches: Record<string, CacheStats>;
}

/** What to warm one cache with: keys, their loader, and the options of `Cache.warm`. */
export interface WarmPlan extends WarmOptions<unknown> {
  keys: Iterable<string>;
  loader: Loader<unknown>;
}

/** `*` in a pattern stands for any text. */
const matcher = (pattern: string): RegExp => {
  if (typeof pattern !== 'string') throw new TypeError(`pattern must be a string, got ${describe(pattern)}`);
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
};

/** A cache that tells its manager when it is closed, by whomever. */
class ManagedCache<V> extends Cache<V> {
  readonly #leave: (cache: ManagedCache<V>) => void;

  constructor(options: CacheOptions<V>, leave: (cache: ManagedCache<V>) => void) {
    super(options);
    this.#leave = leave;
  }

  override async close(options: CloseOptions = {}): Promise<void> {
    readClose(options);
    this.#leave(this);
    await super.close(options);
  }
}

/** Named caches, looked after together: those made by `create`, and those of `cached({ name })` in {@link cacheManager}. */
export class CacheManager {
  readonly #caches = new Map<string, Cache<unknown>>();

  /**
   * Makes a cache under this name, which it has until it is closed.
   * @throws CacheExistsError when the name is taken; TypeError or RangeError for a wrong option, `name` among them.
   */
  create<V = unknown>(name: string, options: Omit<CacheOptions<V>, 'name'> = {}): Cache<V> {
    onlyKnown('create', options, managedOptions);
    text('name', name);
    if (this.#caches.has(name)) throw new CacheExistsError(name);
    const cache = new ManagedCache<V>({ ...options, name }, (closed) => {
      if (this.#caches.get(name) === closed) this.#caches.delete(name);
    });
    this.#caches.set(name, cache as Cache<unknown>);
    return cache;
  }

  /** The cache of this name; its value type is the caller's claim. */
  get<V = unknown>(name: string): Cache<V> | undefined {
    return this.#caches.get(name) as Cache<V> | undefined;
  }

  /** Is there a cache of this name? */
  has(name: string): boolean {
    return this.#caches.has(name);
  }

  /** The names of all caches, in the order they were made. */
  names(): string[] {
    return [...this.#caches.keys()];
  }

  /** Closes the cache and forgets it; what its stores hold stays. True when there was one. */
  async delete(name: string): Promise<boolean> {
    const cache = this.#caches.get(name);
    if (cache === undefined) return false;
    await cache.close();
    return true;
  }

  /** Counts since the caches were made, summed and of each; of those that are there now. */
  stats(): ManagerStats {
    const caches = [...this.#caches].map(([name, cache]) => [name, cache.stats()] as const);
    const sum = (of: (stats: CacheStats) => number) =>
      caches.reduce((total, [, stats]) => total + of(stats), 0);
    const lookups = {
      hits: sum((stats) => stats.hits),
      stale: sum((stats) => stats.stale),
      misses: sum((stats) => stats.misses),
    };
    return {
      ...lookups,
      hitRate: hitRateOf(lookups),
      loads: sum((stats) => stats.loads),
      loadErrors: sum((stats) => stats.loadErrors),
      entries: sum((stats) => stats.memory?.entries ?? 0),
      // Object.fromEntries defines own properties: a cache may even be called __proto__.
      caches: Object.fromEntries(caches),
    };
  }

  /**
   * Warms several caches at once, as `Cache.warm` does one. The answer: what came of each.
   * @throws TypeError for a name that no cache has, before anything is loaded.
   */
  async warm(plans: Readonly<Record<string, WarmPlan>>): Promise<Record<string, WarmUp>> {
    const chosen = Object.entries(plans).map(([name, plan]) => {
      const cache = this.#caches.get(name);
      if (cache === undefined) throw new TypeError(`warm knows ${this.names().join(', ')}, got ${name}`);
      return { name, plan, cache };
    });
    const done = chosen.map(async ({ name, plan, cache }) => {
      const { keys, loader, ...options } = plan;
      return [name, await cache.warm(keys, loader, options)] as const;
    });
    return Object.fromEntries(await Promise.all(done));
  }

  /** Clears every cache whose name fits the pattern, in which `*` stands for any text. Default: all. The answer: which. */
  clear(pattern = '*'): Promise<string[]> {
    return this.#each(pattern, (cache) => cache.clear());
  }

  /** Voids what carries one of these tags in every cache whose name fits the pattern. Default: all. The answer: which. */
  invalidateTags(tags: readonly string[], pattern = '*'): Promise<string[]> {
    return this.#each(pattern, (cache) => cache.invalidateTags(tags));
  }

  /** Closes all caches and forgets them. */
  async close(options: CloseOptions = {}): Promise<void> {
    readClose(options);
    await Promise.all([...this.#caches.values()].map((cache) => cache.close(options)));
  }

  /** The statistics as plain JSON, for an inspection endpoint. Holds no keys and no values. */
  inspect(): string {
    return JSON.stringify(this.stats());
  }

  async #each(pattern: string, act: (cache: Cache<unknown>) => Promise<void>): Promise<string[]> {
    const fits = matcher(pattern);
    const chosen = [...this.#caches].filter(([name]) => fits.test(name));
    await Promise.all(chosen.map(([, cache]) => act(cache)));
    return chosen.map(([name]) => name);
  }
}

/** The ready manager of this process. */
export const cacheManager: CacheManager = new CacheManager();
