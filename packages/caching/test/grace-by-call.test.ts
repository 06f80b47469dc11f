import { describe, expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { deferred, manualClock, settle } from './doubles.ts';

const down = new Error('down');

describe('grace belongs to who asks', () => {
  const make = async () => {
    const clock = manualClock();
    const cache = createCache<string>({ clock: clock.now, ttl: 10 });
    await cache.set('k', 'old', { grace: '1h' });
    clock.advance(100);
    const load = deferred<string>();
    return { cache, load };
  };

  it.each([
    ['who joins with a longer one', 0, '1h'],
    ['who joins with none', '1h', 0],
  ])('%s is answered by its own', async (_name, first, second) => {
    const { cache, load } = await make();
    const waits = [first, second].map((grace) =>
      cache.getOrSet('k', () => load.promise, { grace, errorTtl: 0 }).catch((error: unknown) => error),
    );
    await settle();
    load.reject(down);
    expect(await Promise.all(waits)).toEqual([first, second].map((grace) => (grace === 0 ? down : 'old')));
  });
});

describe('expire', () => {
  it('keeps a value for the grace it was set with', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ clock: clock.now });
    await cache.set('k', 'v', { ttl: 1_000, grace: 500 });
    expect(await cache.expire('k')).toBe(true);
    clock.advance(499);
    expect(await cache.getOrSet('k', () => Promise.reject(down), { grace: 500 })).toBe('v');
    clock.advance(20_000);
    await expect(cache.getOrSet('k', () => Promise.reject(down), { grace: '1h' })).rejects.toBe(down);
  });

  it('removes a value that was set without grace, and one without end keeps the grace of the cache', async () => {
    const cache = createCache<string>({ grace: '1h' });
    await cache.set('none', 'v', { ttl: 1_000, grace: 0 });
    await cache.set('endless', 'v');
    expect([await cache.expire('none'), await cache.expire('endless')]).toEqual([true, true]);
    expect(cache.stats().memory?.entries).toBe(1);
    expect(await cache.getOrSet('endless', () => Promise.reject(down))).toBe('v');
  });
});
