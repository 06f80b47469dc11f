import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Entry } from '../src/memory/entry.ts';
import { FrequencySketch } from '../src/memory/frequency-sketch.ts';
import { MemoryTier, type PolicyName } from '../src/memory/memory-tier.ts';
import { SimulatedCache } from '../src/memory/simulated-cache.ts';
import { SlotTable } from '../src/memory/slot-table.ts';
import { stances } from '../src/memory/stance.ts';
import { WTinyLfuPolicy } from '../src/memory/w-tinylfu.ts';
import { seeded } from './doubles.ts';

const tierOf = (maxEntries: number, policy: PolicyName, seed = 1) =>
  new MemoryTier<number>({
    ...{ maxEntries, maxBytes: Number.POSITIVE_INFINITY, maxEntryBytes: Number.POSITIVE_INFINITY },
    ...{ sizeOf: undefined, policy, random: seeded(seed), clock: () => 0, onEvict: () => {} },
  });

const put = (tier: MemoryTier<number>, key: string) =>
  tier.set({
    ...{ key, value: 1, createdAt: 0, expiresAt: Number.POSITIVE_INFINITY, stamp: 1 },
    ...{ keepUntil: Number.POSITIVE_INFINITY, tags: undefined },
  });

/** Hit ratio in percent, read-through. */
const ratio = (tier: MemoryTier<number>, keys: readonly number[]) => {
  let hits = 0;
  for (const key of keys) {
    if (tier.get(`k${key}`, 0) !== undefined) hits++;
    else put(tier, `k${key}`);
  }
  return (100 * hits) / keys.length;
};

const random = seeded(7);
const skewed = () => Math.floor(5_000 ** random());
const back = (all: number[], reach: number) =>
  all[Math.max(0, all.length - 1 - Math.floor(random() * reach))]!;
const grown = (count: number, next: (all: number[]) => number) => {
  const all: number[] = [];
  while (all.length < count) all.push(next(all));
  return all;
};

const loads: Record<string, number[]> = {
  'a skewed choice': grown(60_000, skewed),
  'a loop': grown(60_000, ({ length }) => length % 260),
  recency: grown(60_000, (all) => (all.length === 0 || random() < 0.4 ? 1e6 + all.length : back(all, 150))),
  scans: grown(60_000, ({ length }) => (length % 2_000 < 1_400 ? skewed() : 1e6 + length)),
  'shifting favourites': grown(60_000, ({ length }) => Math.floor(length / 8_000) * 10_000 + skewed()),
  'a loop, then recency, then a loop': grown(60_000, (all) =>
    all.length % 40_000 < 20_000 ? all.length % 260 : random() < 0.4 ? 1e6 + all.length : back(all, 150),
  ),
};

describe.each(Object.entries(loads))('w-tinylfu on %s', (_name, keys) => {
  it.each([64, 150, 400])('is at most 1.5 points below lru with %i entries', (capacity) => {
    const lru = ratio(tierOf(capacity, 'lru'), keys);
    for (const seed of [1, 2])
      expect(ratio(tierOf(capacity, 'w-tinylfu', seed), keys)).toBeGreaterThan(lru - 1.5);
  });
});

it('w-tinylfu keeps most of a loop that is longer than the cache, of which lru keeps nothing', () => {
  expect(ratio(tierOf(200, 'lru'), loads['a loop']!)).toBe(0);
  // No policy can have more than 199 of 260.
  expect(ratio(tierOf(200, 'w-tinylfu'), loads['a loop']!)).toBeGreaterThan(70);
});

it('w-tinylfu lives on recency alone within a few thousand uses where nothing else pays', () => {
  const lru = ratio(tierOf(200, 'lru'), loads['recency']!);
  expect(ratio(tierOf(200, 'w-tinylfu'), loads['recency']!)).toBeGreaterThan(lru - 0.5);
});

it('s3fifo keeps what was used twice through a scan, and takes back at once what returns soon', () => {
  const tier = tierOf(100, 's3fifo');
  for (let at = 0; at < 50; at++) put(tier, `hot${at}`);
  for (let turn = 0; turn < 2; turn++) for (let at = 0; at < 50; at++) tier.get(`hot${at}`, 0);
  for (let at = 0; at < 500; at++) put(tier, `scan${at}`);
  expect(Array.from({ length: 50 }, (_, at) => tier.peek(`hot${at}`)).filter(Boolean)).toHaveLength(50);
  // One has left a short while ago, the other long ago.
  expect([tier.peek('scan420'), tier.peek('scan10')]).toEqual([undefined, undefined]);
  put(tier, 'scan420');
  put(tier, 'scan10');
  for (let at = 500; at < 580; at++) put(tier, `scan${at}`);
  expect([tier.peek('scan420')?.key, tier.peek('scan10')?.key]).toEqual(['scan420', undefined]);
});

it.each<PolicyName>(['w-tinylfu', 'lru', 's3fifo'])('%s names what is used most as the hottest', (policy) => {
  const tier = tierOf(100, policy);
  for (let at = 0; at < 300; at++) put(tier, `cold${at}`);
  for (let turn = 0; turn < 5; turn++)
    for (let at = 0; at < 10; at++) if (tier.get(`hot${at}`, 0) === undefined) put(tier, `hot${at}`);
  for (let at = 0; at < 5; at++) put(tier, `later${at}`);
  const hottest = tier.hottest(15).map(({ key }) => key);
  expect(hottest).toHaveLength(15);
  expect(hottest.filter((key) => key.startsWith('hot'))).toHaveLength(10);
});

it.each([
  ['never full', 2_000],
  ['full', 1_000],
])('w-tinylfu names those used most as the hottest, wherever they are: %s', (_name, capacity) => {
  const tier = tierOf(capacity, 'w-tinylfu');
  for (let at = 0; at < 1_000; at++) put(tier, `k${at}`);
  if (capacity === 1_000) put(tier, 'one more');
  // Many come to the head of the protected after the favourites, and are not used again.
  for (let at = 0; at < 700; at++) tier.get(`k${at}`, 0);
  for (let turn = 0; turn < 5; turn++) for (let at = 0; at < 1_000; at += 50) tier.get(`k${at}`, 0);
  const hottest = tier.hottest(20).map(({ key }) => key);
  expect(hottest.filter((key) => Number(key.slice(1)) % 50 === 0).length).toBeGreaterThanOrEqual(19);
});

it('w-tinylfu spares the protected that were used where a large entry takes all of probation', () => {
  const tier = new MemoryTier<number>({
    ...{ maxEntries: Number.POSITIVE_INFINITY, maxBytes: 1_000, maxEntryBytes: Number.POSITIVE_INFINITY },
    ...{
      sizeOf: (value) => value,
      policy: 'w-tinylfu',
      random: seeded(1),
      clock: () => 0,
      onEvict: () => {},
    },
  });
  for (let at = 0; at < 2_000; at++) put(tier, `k${at}`);
  // Those that are no longer in the window become protected; the first 200 or so give way again, so that these go next.
  const keys = [...tier.keys()];
  for (const key of keys) tier.get(key, 0);
  const favourites = keys.slice(200, 280);
  for (let turn = 0; turn < 3; turn++) for (const key of favourites) tier.get(key, 0);
  tier.set({
    ...{ key: 'large', value: 600, createdAt: 0, expiresAt: Number.POSITIVE_INFINITY, stamp: 1 },
    ...{ keepUntil: Number.POSITIVE_INFINITY, tags: undefined },
  });
  // Now and then one goes, so that no call moves all of them.
  expect(favourites.filter((key) => tier.peek(key) !== undefined).length).toBeGreaterThan(70);
});

it.each([0, 5, 2 ** 31 - 2, 2 ** 31 + 7, 2 ** 32 - 200])(
  'w-tinylfu moves a use in the window to the front though its moves have come round: %i ago',
  (ago) => {
    const policy = new WTinyLfuPolicy<number>(1_000, seeded(1));
    const entries = Array.from({ length: 100 }, (_, at) => {
      const entry = new Entry(`k${at}`, at, policy.hash(`k${at}`));
      policy.add(entry);
      return entry;
    });
    const [oldest] = entries;
    oldest!.list!.moves = (oldest!.list!.moves + ago) | 0;
    policy.touch(oldest!);
    expect(oldest!.previous).toBeUndefined();
  },
);

it('a simulated cache in the stance of recency hits exactly where an lru would', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(19), { maxLength: 400 }),
      fc.integer({ min: 1, max: 10 }),
      (uses, capacity) => {
        const cache = new SimulatedCache(
          stances.at(-1)!,
          { count: 20, where: new Uint8Array(80), uses: () => 0, left: () => {} },
          3,
        );
        cache.resize(capacity);
        const lru = new Set<number>();
        for (const slot of uses) {
          expect(cache.access(slot)).toBe(lru.delete(slot));
          lru.add(slot);
          for (const oldest of lru) if (lru.size > capacity) lru.delete(oldest);
        }
      },
    ),
  );
});

it.each(stances.map((stance) => [stance]))(
  'a simulated cache keeps within its capacity in stance %j',
  (stance) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(19), fc.integer({ min: 1, max: 10 }), fc.boolean()), { maxLength: 400 }),
        (steps) => {
          const held = new Set<number>();
          const uses = new Array<number>(20).fill(0);
          const slots = {
            ...{ count: 20, where: new Uint8Array(80), uses: (slot: number) => uses[slot]! },
            left: (slot: number) => {
              if (!held.delete(slot)) throw new Error(`${slot} left twice`);
            },
          };
          const cache = new SimulatedCache(stance, slots, 1);
          for (const [slot, capacity, removes] of steps) {
            if (removes) cache.remove(slot);
            else {
              uses[slot]!++;
              cache.resize(capacity);
              const hit = held.has(slot);
              held.add(slot);
              expect(cache.access(slot)).toBe(hit);
              expect(held.has(slot)).toBe(true);
              expect(held.size).toBeLessThanOrEqual(capacity);
            }
            expect(cache.size).toBe(held.size);
          }
        },
      ),
    );
  },
);

it('the sketch is never too low before it ages, and halves what it knows when it does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer(), fc.integer({ min: 1, max: 15 })), { maxLength: 60 }),
      (all) => {
        const sketch = new FrequencySketch(16);
        const most = new Map<number, number>();
        for (const [hash, uses] of all) {
          sketch.remember(hash, uses);
          most.set(hash, Math.max(uses, most.get(hash) ?? 0));
        }
        for (const [hash, uses] of most) expect(sketch.estimate(hash)).toBeGreaterThanOrEqual(uses);
        const before = new Map([...most.keys()].map((hash) => [hash, sketch.estimate(hash)]));
        sketch.halve();
        expect([sketch.age, sketch.period]).toEqual([1, 160]);
        for (const [hash, uses] of before) expect(sketch.estimate(hash)).toBe(uses >> 1);
      },
    ),
  );
});

it('finds every slot by its hash while others come and go, however their places collide', () => {
  // Few distinct homes, and negative hashes among them.
  const hash = fc.nat(40).map((n) => Math.imul(n % 9, 0x3fff_0000) + n * 16);
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 300 }), (all) => {
      const hashes = new Int32Array(41);
      const free = Array.from(hashes, (_, slot) => slot);
      const table = new SlotTable(hashes);
      const model = new Map<number, number>();
      for (const one of all.map((n) => n | 0)) {
        const slot = model.get(one);
        expect(table.get(one)).toBe(slot ?? -1);
        if (slot !== undefined) {
          table.delete(slot);
          model.delete(one);
          free.push(slot);
        } else {
          const taken = free.pop()!;
          hashes[taken] = one;
          table.add(taken);
          model.set(one, taken);
        }
        for (const [known, at] of model) expect(table.get(known)).toBe(at);
      }
    }),
  );
});

it('votes in caches of any size, while keys come, go and are deleted, without losing count', () => {
  const key = fc.nat(30).map((n) => `k${n}`);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(key, fc.integer({ min: 1, max: 12 }), fc.nat(9)), { maxLength: 600 }),
      fc.integer({ min: 20, max: 60 }),
      (steps, maxBytes) => {
        // Sizes that differ make the number that fits, and so the simulated capacity, go up and down.
        const tier = new MemoryTier<number>({
          ...{ maxEntries: 1_000, maxBytes, maxEntryBytes: maxBytes, sizeOf: (size: number) => size },
          ...{ policy: 'w-tinylfu', random: seeded(1), clock: () => 0, onEvict: () => {} },
        });
        for (const [name, size, act] of steps) {
          if (act === 0) tier.delete(name);
          else if (tier.get(name, 0) === undefined || act === 1)
            tier.set({
              ...{ key: name, value: size, createdAt: 0, expiresAt: Number.POSITIVE_INFINITY, stamp: 1 },
              ...{ keepUntil: Number.POSITIVE_INFINITY, tags: undefined },
            });
          expect(tier.bytes).toBeLessThanOrEqual(maxBytes);
          expect(tier.hottest(1_000)).toHaveLength(tier.entries);
        }
      },
    ),
  );
});

it('w-tinylfu knows a key again that was used often before it left, however old its counts are', () => {
  const policy = new WTinyLfuPolicy<number>(100, seeded(1));
  const entry = (key: string) => new Entry(key, 1, policy.hash(key));
  for (let at = 0; at < 100; at++) policy.add(entry(`old${at}`));
  policy.victim(100);
  const busy = entry('busy');
  policy.add(busy);
  // Ten times the capacity of uses halve the counts, and after that half as many.
  for (let use = 0; use < 2_001; use++) policy.touch(busy);
  const left = entry('left');
  policy.add(left);
  for (let use = 0; use < 7; use++) policy.touch(left);
  policy.remove(left, false);
  const back = entry('left');
  policy.add(back);
  expect([left.uses, back.uses]).toEqual([8, 9]);
});
