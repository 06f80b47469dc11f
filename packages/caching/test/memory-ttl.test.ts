import { describe, expect, it } from '@jest/globals';
import { createCache, type MemoryOptions } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

const down = new Error('down');
const failing = (): Promise<never> => Promise.reject(down);

const make = (options: object = {}, memory: MemoryOptions<string> = { ttl: 10_000 }) => {
  const clock = manualClock();
  const store = new FaultyStore();
  const shared = { ttl: 100_000, clock: clock.now, stores: [store] };
  const cache = createCache<string>({ ...shared, memory, ...options });
  return { clock, store, cache, other: createCache<string>({ ...shared, ...options }) };
};

describe('memory.ttl', () => {
  it('has the stores asked again after it, so that a change of another process is seen', async () => {
    const { cache, other, clock, store } = make();
    await cache.set('k', 'old');
    await other.set('k', 'new');
    clock.advance(9_999);
    expect(await cache.get('k')).toBe('old');
    clock.advance(1);
    expect(await cache.getOrSet('k', failing)).toBe('new');
    const { calls } = store;
    clock.advance(9_999);
    expect([await cache.get('k'), store.calls]).toEqual(['new', calls]);
    await other.delete('k');
    clock.advance(1);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('does not lengthen a shorter ttl, and the stores keep the whole one', async () => {
    const { cache, other, clock } = make();
    await cache.set('short', 'v', { ttl: 5_000 });
    await cache.set('long', 'v');
    clock.advance(5_000);
    expect(await cache.get('short')).toBeUndefined();
    clock.advance(94_999);
    expect(await cache.getOrSetWithMeta('long', failing)).toMatchObject({ source: 'store:0', ttlMs: 1 });
    expect(await cache.getOrSetWithMeta('long', failing)).toMatchObject({ source: 'memory', ttlMs: 1 });
    clock.advance(1);
    expect([await cache.has('long'), await other.has('long')]).toEqual([false, false]);
  });

  it('with staleWhileRevalidate what memory has is served at once, and the store read behind it', async () => {
    const { cache, other, clock } = make({ staleWhileRevalidate: '1h' });
    await cache.set('k', 'old');
    await other.set('k', 'new');
    clock.advance(10_000);
    expect(await cache.getOrSet('k', failing)).toBe('old');
    await settle();
    expect(await cache.get('k')).toBe('new');
    expect(cache.stats().loadErrors).toBe(0);
  });

  it('with grace what memory has covers while the ttl and the grace last, without it nothing does', async () => {
    for (const [grace, covered] of [
      [1_000, true],
      [0, false],
    ] as const) {
      const { cache, clock, store } = make({ grace, graceBackoffMs: 0 });
      await cache.set('k', 'v');
      store.mode = 'failing';
      clock.advance(grace === 0 ? 10_000 : 100_999);
      const answer = cache.getOrSet('k', failing);
      if (covered) expect(await answer).toBe('v');
      else await expect(answer).rejects.toBe(down);
      clock.advance(1);
      await expect(cache.getOrSet('k', failing)).rejects.toBe(down);
    }
  });

  it('leaves the share of eagerRefresh one of the whole ttl', async () => {
    const { cache, clock } = make({ eagerRefresh: 0.5 });
    await cache.set('k', 'v');
    clock.advance(9_000);
    let loads = 0;
    await cache.getOrSet('k', () => `${++loads}`);
    await settle();
    expect(loads).toBe(0);
  });

  it('of 0 asks the stores each time', async () => {
    const { cache, other } = make({}, { ttl: 0 });
    await cache.set('k', 'old');
    await other.set('k', 'new');
    expect(await cache.get('k')).toBe('new');
    await other.delete('k');
    expect(await cache.has('k')).toBe(false);
  });

  it('a sliding value is prolonged in the stores by reads of memory, and memory asks again all the same', async () => {
    const { cache, other, clock } = make({ slidingMaxAge: null }, { ttl: 60_000 });
    await cache.set('k', 'old');
    clock.advance(59_000);
    expect(await cache.get('k')).toBe('old');
    await settle();
    clock.advance(91_000);
    expect(await other.get('k')).toBe('old');
    await other.set('k', 'new');
    expect(await cache.get('k')).toBe('new');
  });

  it('a dump tells the whole ttl', async () => {
    const { cache, clock } = make();
    await cache.set('k', 'v');
    const next = createCache<string>({ clock: clock.now });
    expect(next.restore(cache.dump())).toBe(1);
    clock.advance(99_999);
    expect(await next.has('k')).toBe(true);
    clock.advance(1);
    expect(await next.has('k')).toBe(false);
  });

  it('expire takes the value of the stores, where memory may be behind', async () => {
    const { cache, other, clock } = make({ grace: '1h' });
    await cache.set('k', 'old');
    await other.set('k', 'new');
    clock.advance(10_000);
    expect(await cache.expire('k')).toBe(true);
    expect(await other.getOrSet('k', failing)).toBe('new');
    expect(await cache.getOrSet('k', failing)).toBe('new');
  });

  it.each([-1, 'soon', {}])('%j is refused', (ttl) => {
    expect(() => make({}, { ttl: ttl as never })).toThrow('memory.ttl must be milliseconds >= 0');
  });
});
