import { expect, it } from '@jest/globals';
import { createCache, type ManyContext } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

it('a loader of many says of each key what a loader of one says of its own', async () => {
  const clock = manualClock();
  const cache = createCache<string>({
    ttl: 100,
    clock: clock.now,
    memory: { maxBytes: 10_000 },
  });
  await cache.getOrSetMany(['ttl', 'tags', 'size', 'skip', 'plain'], (keys, { of }) => {
    of('ttl').setTtl(5);
    of('tags').setTags(['t']);
    of('size').setSize(1_234);
    of('skip').skip();
    return new Map(keys.map((key) => [key, 'v']));
  });
  expect(await cache.has('skip')).toBe(false);
  expect(cache.stats().memory?.bytes).toBeGreaterThan(1_234);
  await cache.invalidateTags(['t']);
  clock.advance(5);
  expect([...(await cache.getMany(['ttl', 'tags', 'size', 'plain'])).keys()]).toEqual(['size', 'plain']);
});

it('it is handed the stale value and the ETag of each key', async () => {
  const clock = manualClock();
  const cache = createCache<string>({ ttl: 10, grace: '1h', clock: clock.now });
  const seen: unknown[] = [];
  const load = (keys: string[], { of, signal }: ManyContext<string>) => {
    for (const key of keys) {
      const context = of(key);
      seen.push([context.key, context.etag, context.staleValue, context.signal === signal]);
      context.setEtag(`"${key}"`);
    }
    return new Map(keys.map((key) => [key, `value of ${key}`]));
  };
  await cache.getOrSetMany(['a'], load);
  clock.advance(10);
  await cache.getOrSetMany(['a', 'b'], load);
  expect(seen).toEqual([
    ['a', undefined, undefined, true],
    ['a', '"a"', 'value of a', true],
    ['b', undefined, undefined, true],
  ]);
});

it('of() refuses a key that was not asked for, which fails the load', async () => {
  const cache = createCache<string>();
  await expect(
    cache.getOrSetMany(['k'], (_keys, { of }) => {
      of('other').skip();
      return new Map();
    }),
  ).rejects.toThrow('of() knows the keys to load, got other');
});

it('getOrSetManyWithMeta tells of each value where it is from, in the order of the keys', async () => {
  const clock = manualClock();
  const shared = { ttl: 100, clock: clock.now, stores: [new FaultyStore()] };
  await createCache<string>(shared).set('stored', 'v');
  const cache = createCache<string>(shared);
  await cache.set('held', 'v');
  clock.advance(30);
  const answers = await cache.getOrSetManyWithMeta(
    ['loaded', 'none', 'held', 'stored'],
    () => new Map([['loaded', 'v']]),
  );
  await settle();
  expect([...answers].map(([key, { source, ageMs, ttlMs }]) => [key, source, ageMs, ttlMs])).toEqual([
    ['loaded', 'loader', 0, 100],
    ['held', 'memory', 30, 70],
    ['stored', 'store:0', 30, 70],
  ]);
});
