import { channel } from 'node:diagnostics_channel';
import { describe, expect, it } from '@jest/globals';
import { type Cache, createCache } from '../src/index.ts';
import { manualClock } from './doubles.ts';

const unused = () => 'not called';

const reads: [string, (cache: Cache<string>) => Promise<unknown>][] = [
  ['get', (cache) => cache.get('k')],
  ['getMany', async (cache) => (await cache.getMany(['k'])).get('k')],
  ['getOrSet', (cache) => cache.getOrSet('k', unused)],
  ['getOrSet with options', (cache) => cache.getOrSet('k', unused, { ttl: 5 })],
  ['getOrSetMany', async (cache) => (await cache.getOrSetMany(['k'], () => new Map())).get('k')],
];

describe.each(['w-tinylfu', 'lru', 's3fifo'] as const)(
  'a hit listener that evicts the entry, %s',
  (policy) => {
    const make = () => {
      const clock = manualClock();
      const cache = createCache<string>({
        memory: { maxEntries: 1, policy },
        clock: clock.now,
      });
      return { cache, clock };
    };

    it.each(reads)('%s answers the value of its own key', async (_name, read) => {
      const { cache } = make();
      await cache.set('k', 'mine');
      cache.on('hit', () => void cache.set('other', "another's"));
      expect(await read(cache)).toBe('mine');
      expect(await cache.has('k')).toBe(false);
    });

    it('getOrSetWithMeta tells the age of its own key', async () => {
      const { cache, clock } = make();
      await cache.set('k', 'mine');
      clock.advance(70);
      cache.on('hit', () => void cache.set('other', "another's"));
      expect(await cache.getOrSetWithMeta('k', unused)).toMatchObject({ value: 'mine', ageMs: 70 });
    });
  },
);

it('a subscriber of the channel that evicts the entry does not change the answer', async () => {
  const cache = createCache<string>({ memory: { maxEntries: 1 } });
  await cache.set('k', 'mine');
  const hits = channel('agent4:caching:hit');
  const write = () => void cache.set('other', "another's");
  hits.subscribe(write);
  try {
    expect(await cache.get('k')).toBe('mine');
  } finally {
    hits.unsubscribe(write);
  }
});

it('getOrSetMany refreshes the keys that are due, whatever a listener of their hits writes', async () => {
  const clock = manualClock();
  const cache = createCache<string>({
    memory: { maxEntries: 1 },
    ttl: 100,
    eagerRefresh: 0.5,
    clock: clock.now,
  });
  await cache.set('k', 'old');
  clock.advance(60);
  cache.on('hit', () => void cache.set('other', "another's"));
  const asked: string[][] = [];
  await cache.getOrSetMany(['k'], (keys) => {
    asked.push(keys);
    return new Map();
  });
  await new Promise(setImmediate);
  expect(asked).toEqual([['k']]);
});

it('a listener of evictions that removes the value which came in fails no write', async () => {
  const cache = createCache<string>({ memory: { maxEntries: 1 } });
  const errors: unknown[] = [];
  cache.on('store-error', (payload) => errors.push(payload));
  await cache.set('k', 'v');
  cache.on('evict', () => void cache.delete('new'));
  const value = await cache.getOrSet('new', ({ setEtag }) => {
    setEtag('"1"');
    return 'v';
  });
  expect([value, await cache.has('new'), errors]).toEqual(['v', false, []]);
});

it.each<[string, (cache: Cache<string>) => Promise<unknown>, string | undefined]>([
  ['set', (cache) => cache.set('k', 'newer'), 'newer'],
  ['delete', (cache) => cache.delete('k'), undefined],
  ['clear', (cache) => cache.clear(), undefined],
  ['invalidateTags', (cache) => cache.invalidateTags(['t']), undefined],
])('what was loaded does not undo the %s of a listener of that very load', async (_name, change, left) => {
  for (const load of [() => 'loaded', async () => 'loaded', () => undefined as never]) {
    const cache = createCache<string>();
    const off = cache.on('load', () => void change(cache));
    expect(await cache.getOrSetWithMeta('k', load, { tags: ['t'] })).toMatchObject({ ttlMs: 0 });
    off();
    expect(await cache.get('k')).toBe(left);
  }
});
