import { expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { MemoryTier, type PolicyName } from '../src/memory/memory-tier.ts';
import { manualClock, seeded } from './doubles.ts';

const tierOf = (maxEntries: number, policy: PolicyName, advice = false) =>
  new MemoryTier<number>({
    ...{ maxEntries, maxBytes: Number.POSITIVE_INFINITY, maxEntryBytes: Number.POSITIVE_INFINITY },
    ...{ sizeOf: undefined, policy, advice, random: seeded(5), clock: () => 0, onEvict: () => {} },
  });

const run = (tier: MemoryTier<number>, keys: readonly number[]) => {
  let hits = 0;
  for (const key of keys) {
    if (tier.get(`k${key}`, 0) !== undefined) hits++;
    else
      tier.set({
        ...{ key: `k${key}`, value: 1, createdAt: 0, expiresAt: Number.POSITIVE_INFINITY, stamp: 1 },
        ...{ keepUntil: Number.POSITIVE_INFINITY, tags: undefined },
      });
  }
  return hits / keys.length;
};

const random = seeded(3);
const skewed = Array.from({ length: 60_000 }, () => Math.floor(60_000 ** random()));
const scans = Array.from({ length: 60_000 }, (_, at) =>
  at % 5_000 < 3_500 ? Math.floor(20_000 ** random()) : 1e6 + at,
);

it.each<[string, PolicyName, number[]]>([
  ['a skewed choice', 'w-tinylfu', skewed],
  ['scans between favourites', 'w-tinylfu', scans],
])('tells within three points what half, twice and four times would bring: %s, %s', (_load, policy, keys) => {
  const tier = tierOf(2_000, policy, true);
  run(tier, keys);
  const { half, twice, fourTimes } = tier.advice!;
  const off = [half, twice, fourTimes].map(
    (advised, at) => advised - run(tierOf([1_000, 4_000, 8_000][at]!, policy), keys),
  );
  for (const difference of off) expect(Math.abs(difference)).toBeLessThan(0.03);
});

it('is null unless asked for, while memory has room, and after a clear', async () => {
  const loadAll = async (cache: ReturnType<typeof createCache<number>>, keys: number) => {
    for (let turn = 0; turn < 8; turn++)
      for (let at = 0; at < keys; at++) await cache.getOrSet(`k${at}`, () => at);
  };
  const plain = createCache<number>({ memory: { maxEntries: 50 } });
  await loadAll(plain, 100);
  expect(plain.stats().memory?.advice).toBeNull();
  const cache = createCache<number>({ memory: { maxEntries: 50, advice: true } });
  await loadAll(cache, 50);
  expect(cache.stats().memory?.advice).toBeNull();
  await loadAll(cache, 100);
  // Seven of eight rounds hit once there is room for all.
  expect(cache.stats().memory?.advice?.twice).toBeGreaterThan(0.8);
  expect(cache.stats().memory?.advice?.half).toBeLessThan(0.3);
  await cache.clear();
  expect(cache.stats().memory?.advice).toBeNull();
});

it('does not count what has ended or was deleted as a hit of more room', async () => {
  const clock = manualClock();
  const cache = createCache<number>({
    ...{ ttl: 10, clock: clock.now, memory: { maxEntries: 50, advice: true } },
  });
  for (let turn = 0; turn < 20; turn++) {
    for (let at = 0; at < 60; at++) await cache.getOrSet(`k${at}`, () => at);
    clock.advance(11);
  }
  expect(cache.stats().memory?.advice?.fourTimes).toBe(0);
});
