import { describe, expect, it } from '@jest/globals';
import { type Cache, createCache } from '../src/index.ts';
import { manualClock } from './doubles.ts';

const load = () => 'new';

describe.each([true, false])('a call of getOrSet with a fresh value in memory: %p', (fresh) => {
  const make = async (): Promise<Cache<string>> => {
    const clock = manualClock();
    const cache = createCache<string>({ ttl: 10, grace: '1h', clock: clock.now });
    await cache.set('k', 'old');
    if (!fresh) clock.advance(10);
    return cache;
  };

  it.each([
    [{ forceRefesh: true }, 'has no option "forceRefesh"'],
    [{ ttl: -1 }, 'ttl must be milliseconds >= 0'],
    [{ eagerRefresh: 2 }, 'eagerRefresh must be a share'],
    [null, 'options must be an object, got null'],
  ])('refuses the options %j', async (options, text) => {
    const cache = await make();
    await expect(cache.getOrSet('k', load, options as never)).rejects.toThrow(text);
    await expect(cache.getOrSetMany(['k'], () => new Map(), options as never)).rejects.toThrow(text);
  });

  it.each([[undefined], [null], [Promise.resolve('v')]])('refuses %p as a loader', async (loader) => {
    const cache = await make();
    const calls = [
      cache.getOrSet('k', loader as never),
      cache.getOrSet('k', loader as never, { ttl: 5 }),
      cache.getOrSetWithMeta('k', loader as never),
      cache.getOrSetMany(['k'], loader as never),
      cache.warm(['k'], loader as never),
    ];
    for (const call of calls)
      await expect(call).rejects.toThrow(new TypeError(`loader must be a function, got ${loader}`));
    expect(cache.stats().loadErrors).toBe(0);
  });
});
