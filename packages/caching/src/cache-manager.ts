import { Cache } from './cache.ts';
import { onlyKnown } from './only-known.ts';
import type { CacheOptions } from './options.ts';
import { cacheOptions } from './settings/settings.ts';
import { type CacheStats, hitRateOf } from './stats.ts';

/** Counts over all caches of a manager. */
export interface ManagerStats {
  hits: number;
  stale: number;
  misses: number;
  /** hits / lookups over all; `null` before the first lookup. */
  hitRate: number | null;
  loads: number;
  loadErrors: number;
  entries: number;
  caches: Record<string, CacheStats>;
}

const matcher = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    's',
  );

/** Named caches, looked after together: those made by `create`, and those of `cached({ name })` in {@link cacheManager}. */
export class CacheManager {
  readonly #caches = new Map<string, Cache<unknown>>();

  /** Makes a cache under this name. Throws when the name is taken. */
  create<V = unknown>(name: string, options: Omit<CacheOptions<V>, 'name'> = {}): Cache<V> {
    // Checked before the copy below, which would take null or a number for no options at all.
    onlyKnown('createCache', options, cacheOptions);
    if (this.#caches.has(name)) throw new Error(`A cache named "${name}" exists already`);
    const cache = new Cache<V>({ ...options, name });
    this.#caches.set(name, cache as Cache<unknown>);
    return cache;
  }

  /** The cache of this name; its value type is the caller's claim. */
  get<V = unknown>(name: string): Cache<V> | undefined {
    return this.#caches.get(name) as Cache<V> | undefined;
  }

  has(name: string): boolean {
    return this.#caches.has(name);
  }

  names(): string[] {
    return [...this.#caches.keys()];
  }

  /** Closes the cache and forgets it; what its stores hold stays. True when there was one. */
  async delete(name: string): Promise<boolean> {
    const cache = this.#caches.get(name);
    if (cache === undefined) return false;
    this.#caches.delete(name);
    await cache.close();
    return true;
  }

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

  /** Clears every cache whose name fits the pattern, in which `*` stands for any text. Default: all. The answer: which. */
  async clear(pattern = '*'): Promise<string[]> {
    const fits = matcher(pattern);
    const chosen = [...this.#caches].filter(([name]) => fits.test(name));
    await Promise.all(chosen.map(([, cache]) => cache.clear()));
    return chosen.map(([name]) => name);
  }

  /** Voids what carries one of these tags in every cache whose name fits the pattern. Default: all. The answer: which. */
  async invalidateTags(tags: readonly string[], pattern = '*'): Promise<string[]> {
    const fits = matcher(pattern);
    const chosen = [...this.#caches].filter(([name]) => fits.test(name));
    await Promise.all(chosen.map(([, cache]) => cache.invalidateTags(tags)));
    return chosen.map(([name]) => name);
  }

  /** Closes all caches and forgets them. */
  async close(options: { disconnect?: boolean | undefined } = {}): Promise<void> {
    const caches = [...this.#caches.values()];
    this.#caches.clear();
    await Promise.all(caches.map((cache) => cache.close(options)));
  }

  /** The statistics as plain JSON, for an inspection endpoint. Holds no keys and no values. */
  inspect(): string {
    return JSON.stringify(this.stats());
  }
}

/** The ready manager of this process. */
export const cacheManager: CacheManager = new CacheManager();
