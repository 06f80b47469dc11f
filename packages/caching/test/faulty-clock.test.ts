import { describe, expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { FaultyStore } from './doubles.ts';

/** Well for so many readings, and then as said. */
const faulty = (good: number, fault: () => number): (() => number) => {
  let readings = 0;
  return () => (readings++ < good ? 1_000_000 + readings : fault());
};
const faults: [string, () => number][] = [
  [
    'throws',
    () => {
      throw new Error('clock');
    },
  ],
  ['answers NaN', () => Number.NaN],
  ['answers nothing', () => undefined as unknown as number],
];

describe.each(faults)('a clock that %s', (_name, fault) => {
  it.each([true, false])('stands still, and everybody is answered (stores %p)', async (withStore) => {
    for (let good = 0; good < 14; good++) {
      const cache = createCache<string>({
        ...(withStore ? { stores: [new FaultyStore()], grace: '1m', staleWhileRevalidate: '1m' } : {}),
        ttl: '1m',
        clock: faulty(good, fault),
      });
      const asked = ['a', 'a', 'b'].map((key) => cache.getOrSet(key, async () => `loaded ${key}`));
      expect(await Promise.all(asked)).toEqual(['loaded a', 'loaded a', 'loaded b']);
      await cache.set('a', 'set');
      expect(await cache.get('a')).toBe('set');
      expect([...(await cache.getOrSetMany(['a', 'c'], () => new Map([['c', 'C']])))]).toEqual([
        ['a', 'set'],
        ['c', 'C'],
      ]);
      await cache.close();
    }
  });
});

it.each<[string, () => number]>([...faults, ['answers 7', () => 7]])(
  'a random that %s gives a share all the same',
  async (_name, fault) => {
    const cache = createCache<string>({ ttl: '1m', jitter: 0.5, random: fault });
    const { ttlMs } = await cache.getOrSetWithMeta('k', () => 'v');
    expect(ttlMs).toBe(45_000);
    await cache.close();
  },
);
