import { describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { createCache, type Ttl } from '../src/index.ts';
import { FaultyStore, manualClock } from './doubles.ts';

const livesFor = async (ttl: Ttl<string> | undefined, ms: number): Promise<boolean> => {
  const clock = manualClock();
  const cache = createCache<string>({ clock: clock.now, ttl: '10s' });
  await cache.set('k', 'v', { ttl });
  clock.advance(ms);
  return cache.has('k');
};

describe('ttl', () => {
  it.each([
    [250, 250],
    ['250ms', 250],
    ['300s', 300_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['1.5s', 1_500],
    [undefined, 10_000],
    [() => '2s', 2_000],
    [() => undefined, 10_000],
  ])('%p is fresh just before its end and gone at it', async (ttl, ms) => {
    expect(await livesFor(ttl as Ttl<string>, ms - 1)).toBe(true);
    expect(await livesFor(ttl as Ttl<string>, ms)).toBe(false);
  });

  it.each([null, Number.POSITIVE_INFINITY, 2 ** 40])('%p does not end', async (ttl) => {
    expect(await livesFor(ttl, 2 ** 31)).toBe(true);
  });

  it.each([-1, Number.NaN, '5 minutes', '', '-5m', '5', true, {}])(
    'refuses %p and names the option',
    async (ttl) => {
      const cache = createCache<string>();
      await expect(cache.set('k', 'v', { ttl: ttl as never })).rejects.toThrow(
        /^ttl must be milliseconds >= 0/,
      );
      await expect(cache.set('k', 'v', { ttl: ttl as never })).rejects.toBeInstanceOf(TypeError);
      expect(() => createCache({ ttl: ttl as never })).toThrow(/^ttl must be/);
      expect(() => createCache({ grace: ttl as never })).toThrow(/^grace must be/);
    },
  );

  it('0 stores nothing and removes what was there, in memory and store', async () => {
    const store = new FaultyStore();
    const cache = createCache<string>({ stores: [store] });
    await cache.set('k', 'old');
    expect(store.data.size).toBe(1);
    await cache.set('k', 'new', { ttl: 0 });
    expect(await cache.get('k')).toBeUndefined();
    expect(store.data.size).toBe(0);
  });

  it('tells the store ttl and grace together, and never 0', async () => {
    const told: unknown[] = [];
    class Recording extends Keyv {
      override set<Value>(key: string, value: Value, ttl?: number): Promise<boolean> {
        told.push(ttl);
        return super.set(key, value, ttl);
      }
    }
    const cache = createCache<string>({ stores: [new Recording()], grace: '10s' });
    await cache.set('both', 'v', { ttl: 5_000 });
    await cache.set('tiny', 'v', { ttl: 0.2, grace: 0 });
    await cache.set('endless', 'v', { ttl: null });
    expect(told).toEqual([15_000, 1, undefined]);
  });

  it('jitter shortens a ttl by at most its share and leaves no end alone', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ clock: clock.now, jitter: 0.5, random: () => 0.5 });
    const ttls: number[] = [];
    cache.on('set', ({ ttlMs }) => ttls.push(ttlMs));
    await cache.set('a', 'v', { ttl: 1_000 });
    await cache.set('b', 'v', { ttl: null });
    expect(ttls).toEqual([750, Number.POSITIVE_INFINITY]);
  });

  it('an entry from the future lives no longer than its own ttl', async () => {
    const store = new FaultyStore();
    const ahead = manualClock(9_000_000);
    const behind = manualClock(1_000_000);
    await createCache<string>({ stores: [store], clock: ahead.now }).set('k', 'v', { ttl: 1_000 });
    const reader = createCache<string>({ stores: [store], clock: behind.now });
    expect(await reader.get('k')).toBe('v');
    behind.advance(1_000);
    store.mode = 'failing';
    expect(await reader.get('k')).toBeUndefined();
  });
});
