import { createCache } from '@agent4/caching';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { createCache as createCacheManager } from 'cache-manager';
import { Cacheable } from 'cacheable';
import { LRUCache } from 'lru-cache';
import { LookupClock } from '../../packages/caching/src/lookup-clock.ts';
import { MemoryTier, type PolicyName } from '../../packages/caching/src/memory/memory-tier.ts';

export interface SyncSubject {
  get(key: string): number | undefined;
  set(key: string, value: number): void;
}

export type AsyncSubject = (key: string, load: () => number) => Promise<number | undefined>;

export const capacity = 1_000;

/** The tier takes the time from its caller: without a ttl nobody reads a clock, with one it is read as a cache reads it. */
const ours =
  (policy: PolicyName, ttl = Number.POSITIVE_INFINITY) =>
  (): SyncSubject => {
    const { now, recent } =
      ttl === Number.POSITIVE_INFINITY ? { now: () => 0, recent: () => 0 } : new LookupClock();
    const tier = new MemoryTier<number>({
      maxEntries: capacity,
      maxBytes: Number.POSITIVE_INFINITY,
      maxEntryBytes: Number.POSITIVE_INFINITY,
      sizeOf: undefined,
      policy,
      random: Math.random,
      clock: now,
      onEvict: () => {},
    });
    return {
      get: (key) => tier.get(key, recent())?.value,
      set: (key, value) => {
        const createdAt = now();
        const expiresAt = createdAt + ttl;
        tier.set({ key, value, createdAt, expiresAt, keepUntil: expiresAt, stamp: 1, tags: undefined });
      },
    };
  };

const lru = (options: { ttl?: number } = {}): SyncSubject =>
  new LRUCache<string, number>({ max: capacity, ...options }) as SyncSubject;

export const syncSubjects: Record<string, () => SyncSubject> = {
  '@agent4 w-tinylfu': ours('w-tinylfu'),
  '@agent4 w-tinylfu with ttl': ours('w-tinylfu', 600_000),
  '@agent4 s3fifo': ours('s3fifo'),
  '@agent4 lru': ours('lru'),
  'lru-cache': () => lru(),
  'lru-cache with ttl': () => lru({ ttl: 600_000 }),
  'Map, unbounded': () => new Map<string, number>() as unknown as SyncSubject,
};

/** Each with a ttl of ten minutes where it has one. */
export const asyncSubjects: Record<string, () => AsyncSubject> = {
  'Map in an async function': () => {
    const map = new Map<string, number>();
    return async (key, load) => {
      let value = map.get(key);
      if (value === undefined) {
        value = load();
        map.set(key, value);
      }
      return value;
    };
  },
  '@agent4/caching': () => {
    const cache = createCache<number>({ memory: { maxEntries: capacity }, ttl: 600_000 });
    return (key, load) => cache.getOrSet(key, load);
  },
  'lru-cache fetch': () => {
    const cache = new LRUCache<string, number, () => number>({
      max: capacity,
      ttl: 600_000,
      fetchMethod: async (_key, _old, { context }) => context(),
    });
    return (key, load) => cache.fetch(key, { context: load });
  },
  'cache-manager': () => {
    const cache = createCacheManager({ ttl: 600_000 });
    return (key, load) => cache.wrap(key, load);
  },
  bentocache: () => {
    const cache = new BentoCache({
      default: 'memory',
      ttl: '10m',
      stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: capacity })) },
    });
    return (key, load) => cache.getOrSet({ key, factory: load });
  },
  cacheable: () => {
    const cache = new Cacheable({ ttl: 600_000 });
    return (key, load) => cache.getOrSet(key, async () => load());
  },
};
