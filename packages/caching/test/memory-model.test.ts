import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCache } from '../src/index.ts';
import { MemoryTier } from '../src/memory/memory-tier.ts';
import { manualClock } from './doubles.ts';

type Step =
  | { kind: 'set'; key: string; size: number; ttl: number }
  | { kind: 'get' | 'delete'; key: string }
  | { kind: 'advance'; ms: number }
  | { kind: 'sweep' }
  | { kind: 'clear' };

const key = fc.integer({ min: 0, max: 40 }).map((n) => `k${n}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ kind: fc.constant('set' as const), key, size: fc.nat(40), ttl: fc.nat(100) }),
  },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('get' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'sweep' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
);

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`not so: ${what}`);
};

describe.each(['w-tinylfu', 'lru', 's3fifo'] as const)('memory with %s against a naive model', (policy) => {
  it('stays whole when a listener of evictions writes, deletes and clears', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, fc.nat(30)), { maxLength: 200 }),
        fc.constantFrom('set', 'delete', 'clear'),
        (sets, act) => {
          let depth = 0;
          const put = (name: string, size: number) =>
            tier.set({
              ...{ key: name, value: { size }, createdAt: 0, expiresAt: Number.POSITIVE_INFINITY },
              ...{ keepUntil: Number.POSITIVE_INFINITY, stamp: 1, tags: undefined },
            });
          const tier = new MemoryTier<{ size: number }>({
            ...{
              maxEntries: 5,
              maxBytes: 60,
              maxEntryBytes: 30,
              sizeOf: ({ size }: { size: number }) => size,
            },
            ...{ policy, random: () => 0.5, clock: () => 0 },
            onEvict: (evicted) => {
              must(tier.entries <= 5 && tier.bytes! <= 60, 'the limits hold while it is told');
              if (++depth < 3) {
                if (act === 'set') put(evicted, 7);
                else if (act === 'delete') tier.delete([...tier.keys()][0] ?? evicted);
                else tier.clear();
              }
              depth--;
            },
          });
          for (const [name, size] of sets) {
            put(name, size);
            const entries = tier.hottest(100);
            must(entries.length === tier.entries, 'each entry is in the policy once');
            must(new Set(entries.map(({ key }) => key)).size === tier.entries, 'under its own key');
            must(
              entries.reduce((sum, { value }) => sum + value.size, 0) === tier.bytes,
              'and counted in bytes once',
            );
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('never passes a limit, never gives a wrong or ended value, and tells of every entry that left', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 300 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 30, max: 200 }),
        (steps, maxEntries, maxBytes) => {
          const clock = manualClock(0);
          const model = new Map<string, { value: { size: number }; until: number }>();
          const tier = new MemoryTier<{ size: number }>({
            maxEntries,
            maxBytes,
            maxEntryBytes: 30,
            sizeOf: ({ size }) => size,
            policy,
            random: () => 0.5,
            clock: clock.now,
            onEvict: (evicted) => {
              model.delete(evicted);
              // Also in the middle of an insertion the limits hold.
              must(tier.entries <= maxEntries, 'entries within the limit');
              must(tier.bytes! <= maxBytes, 'bytes within the limit');
            },
          });
          for (const next of steps) {
            const now = clock.now();
            if (next.kind === 'set') {
              const value = { size: next.size };
              const until = now + next.ttl;
              const record = {
                key: next.key,
                value,
                createdAt: now,
                expiresAt: until,
                keepUntil: until,
                stamp: 1,
                tags: undefined,
              };
              const stored = tier.set(record);
              must(stored === next.size <= 30, 'stored unless too large');
              if (stored) model.set(next.key, { value, until });
            } else if (next.kind === 'get') {
              const known = model.get(next.key);
              const found = tier.get(next.key, now);
              must(
                found?.value === (known && now < known.until ? known.value : undefined),
                'the value set last',
              );
            } else if (next.kind === 'delete')
              must(tier.delete(next.key) === model.delete(next.key), 'delete knows');
            else if (next.kind === 'advance') clock.advance(next.ms);
            else if (next.kind === 'sweep') {
              tier.sweep();
              for (const { until } of model.values())
                must(now < until, 'a sweep leaves nothing that has ended');
            } else {
              tier.clear();
              model.clear();
            }
            must(
              new Set(tier.hottest(steps.length).map(({ key }) => key)).size === model.size,
              'hottest gives every entry once',
            );
            let bytes = 0;
            for (const { value } of model.values()) bytes += value.size;
            must(tier.entries === model.size && tier.bytes === bytes, 'counts are those of the model');
            must(tier.entries <= maxEntries, 'entries within the limit');
            must(bytes <= maxBytes, 'bytes within the limit');
          }
          tier.stop();
        },
      ),
      { numRuns: 200 },
    );
  });
});

it('lru lets the entry go that was used longest ago', async () => {
  const cache = createCache<number>({ memory: { maxEntries: 2, policy: 'lru' } });
  await cache.setMany([
    ['a', 1],
    ['b', 2],
  ]);
  await cache.get('a');
  await cache.set('c', 3);
  expect([await cache.has('a'), await cache.has('b'), await cache.has('c')]).toEqual([true, false, true]);
});

it('w-tinylfu keeps what is used often through a scan, where lru loses it', async () => {
  const survivors = async (policy: 'w-tinylfu' | 'lru') => {
    const cache = createCache<number>({ memory: { maxEntries: 100, policy }, random: () => 0.5 });
    for (let round = 0; round < 20; round++)
      for (let at = 0; at < 50; at++) await cache.getOrSet(`hot${at}`, () => at);
    for (let at = 0; at < 500; at++) await cache.getOrSet(`scan${at}`, () => at);
    let left = 0;
    for (let at = 0; at < 50; at++) if (await cache.has(`hot${at}`)) left++;
    return left;
  };
  expect(await survivors('lru')).toBe(0);
  expect(await survivors('w-tinylfu')).toBeGreaterThanOrEqual(45);
});

it('fifty thousand distinct keys leave a thousand entries', async () => {
  const cache = createCache<number>({ memory: { maxEntries: 1_000 } });
  for (let at = 0; at < 10; at++)
    await cache.setMany(Array.from({ length: 5_000 }, (_, n) => [`k${at}-${n}`, n] as const));
  expect(cache.stats().memory).toMatchObject({
    entries: 1_000,
    sets: 50_000,
    evictions: { size: 49_000 },
  });
});

it('an entry over maxEntryBytes stays out, and takes the older value of its key with it', async () => {
  const cache = createCache<string>({ memory: { maxBytes: 400, sizeOf: (value) => value.length } });
  const causes: string[] = [];
  cache.on('evict', ({ cause }) => causes.push(cause));
  await cache.set('small', 'x'.repeat(100));
  await cache.set('k', 'x'.repeat(100));
  await cache.set('k', 'x'.repeat(101));
  expect([await cache.has('k'), await cache.has('small')]).toEqual([false, true]);
  expect(causes).toEqual(['too-large']);
  expect(cache.stats().memory?.bytes).toBe(100);
});

it('estimates sizes by content when no sizeOf is given, cycles included', async () => {
  const cache = createCache<unknown>({ memory: { maxBytes: 1_000_000 } });
  const bytes = () => cache.stats().memory?.bytes ?? 0;
  await cache.set('a', Buffer.alloc(10_000));
  expect(bytes()).toBeGreaterThan(10_000);
  expect(bytes()).toBeLessThan(10_500);
  await cache.delete('a');
  expect(bytes()).toBe(0);
  const cyclic: Record<string, unknown> = { text: 'x'.repeat(1_000) };
  cyclic['self'] = cyclic;
  await cache.set('b', cyclic);
  expect(bytes()).toBeGreaterThan(2_000);
  expect(bytes()).toBeLessThan(2_500);
});
