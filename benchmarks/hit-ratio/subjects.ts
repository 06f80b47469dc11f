import { SieveCache } from '@neophi/sieve-cache';
import { build } from 'esbuild';
import { LRUCache } from 'lru-cache';
import { newCache } from 'transitory';
import { MemoryTier, type PolicyName } from '../../packages/caching/src/memory/memory-tier.ts';

/** One request, read-through: true for a hit; after a miss the key is set. */
export type Access = (key: string) => boolean;

interface MapLike {
  get(key: string): unknown;
  set(key: string, value: number): unknown;
}

const readThrough =
  (cache: MapLike): Access =>
  (key) => {
    if (cache.get(key) !== undefined) return true;
    cache.set(key, 1);
    return false;
  };

/** spica is published as TypeScript that Node cannot run as it is. */
const loadDwc = async (): Promise<new (capacity: number) => MapLike> => {
  const { outputFiles } = await build({
    entryPoints: [new URL('../node_modules/spica/cache.ts', import.meta.url).pathname],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
    banner: { js: 'const assert = () => {};' },
  });
  const text = outputFiles[0]!.text;
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)).Cache;
};

const ours =
  (policy: PolicyName) =>
  (capacity: number): Access => {
    let state = 1;
    const tier = new MemoryTier<number>({
      maxEntries: capacity,
      maxBytes: Number.POSITIVE_INFINITY,
      maxEntryBytes: Number.POSITIVE_INFINITY,
      sizeOf: undefined,
      policy,
      random: () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      },
      clock: () => 0,
      onEvict: () => {},
    });
    const end = Number.POSITIVE_INFINITY;
    return (key) => {
      if (tier.get(key, 0) !== undefined) return true;
      tier.set({ key, value: 1, createdAt: 0, expiresAt: end, keepUntil: end, stamp: 1, tags: undefined });
      return false;
    };
  };

const Dwc = await loadDwc();

export const reference = 'lru-cache';

export const subjects: Record<string, (capacity: number) => Access> = {
  '@agent4 w-tinylfu': ours('w-tinylfu'),
  '@agent4 s3fifo': ours('s3fifo'),
  '@agent4 lru': ours('lru'),
  [reference]: (capacity) => readThrough(new LRUCache<string, number>({ max: capacity })),
  transitory: (capacity) => {
    const cache = newCache<string, number>().maxSize(capacity).build();
    return (key) => {
      if (cache.getIfPresent(key) !== null) return true;
      cache.set(key, 1);
      return false;
    };
  },
  'spica DWC': (capacity) => readThrough(new Dwc(capacity)),
  '@neophi SIEVE': (capacity) => readThrough(new SieveCache<string, number>(capacity)),
};
