import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, it } from '@jest/globals';
import { CacheManager, createCache } from '../src/index.ts';
import { FaultyStore, settle } from './doubles.ts';

it('counts each lookup once, by what answered it', async () => {
  const cache = createCache<string>({ name: 'counted', stores: [new FaultyStore()] });
  expect(cache.stats().hitRate).toBeNull();
  await cache.getOrSet('k', () => 'v');
  await cache.getOrSet('k', () => 'v');
  await cache.get('k');
  await cache.get('other');
  await settle();
  const stats = cache.stats();
  expect(stats).toMatchObject({ hits: 2, misses: 2, stale: 0, hitRate: 0.5, loads: 1, loadErrors: 0 });
  expect(stats.memory).toMatchObject({ hits: 2, misses: 2, sets: 1, entries: 1, bytes: null });
  expect(stats.stores[0]).toMatchObject({ tier: 'store:0', misses: 2, sets: 1, state: 'up' });
  expect(stats.loadTimeMs.max).toBeGreaterThan(0);
});

it('tells listeners and diagnostics channels the same, and a broken listener breaks nothing', async () => {
  const cache = createCache<string>({ name: 'told' });
  const heard: unknown[] = [];
  const published: unknown[] = [];
  const onHit = (message: unknown) => published.push(message);
  subscribe('agent4:caching:hit', onHit);
  const off = cache.on('hit', (payload) => heard.push(payload));
  cache.on('hit', () => {
    throw new Error('broken');
  });
  await cache.set('k', 'v');
  expect(await cache.get('k')).toBe('v');
  off();
  await cache.get('k');
  unsubscribe('agent4:caching:hit', onHit);
  await settle();
  expect(heard).toEqual([{ cache: 'told', key: 'k', tier: 'memory' }]);
  expect(published).toHaveLength(2);
  expect(published[0]).toEqual(heard[0]);
});

it.each([
  ['none', true, false],
  ['structured', false, false],
  ['freeze', true, true],
] as const)('clone %p: shared %p, frozen %p', async (clone, shared, frozen) => {
  const cache = createCache<{ list: number[] }>({ clone });
  const value = { list: [1] };
  await cache.set('k', value);
  const got = await cache.get('k');
  expect([got === value, Object.isFrozen(got?.list)]).toEqual([shared, frozen]);
});

it('after close every call rejects, and closing twice is closing once', async () => {
  const cache = createCache<string>({ name: 'ended' });
  await Promise.all([cache.close(), cache.close()]);
  await expect(cache.get('k')).rejects.toMatchObject({
    code: 'CACHE_CLOSED',
    message: 'Cache "ended" is closed',
  });
});

it('a manager looks after named caches together', async () => {
  const manager = new CacheManager();
  const users = manager.create<string>('users', { ttl: '1m' });
  const userList = manager.create<string>('users.list');
  manager.create('other');
  expect(() => manager.create('users')).toThrow('A cache named "users" exists already');
  await users.getOrSet('k', () => 'v');
  await users.get('k');
  await userList.set('k', 'v');
  expect(manager.stats()).toMatchObject({ hits: 1, misses: 1, hitRate: 0.5, loads: 1, entries: 2 });
  expect(JSON.parse(manager.inspect()).caches.users.hits).toBe(1);
  expect(await manager.clear('users.*')).toEqual(['users.list']);
  expect([await users.has('k'), await userList.has('k')]).toEqual([true, false]);
  expect([await manager.delete('other'), manager.names()]).toEqual([true, ['users', 'users.list']]);
  await manager.close();
  expect(manager.has('users')).toBe(false);
});

it('a load-error carries what the loader threw, by identity; a caller’s time-out is none', async () => {
  const cache = createCache<string>({ name: 'failing' });
  const heard: unknown[] = [];
  cache.on('load-error', ({ keys, error }) => heard.push([keys, error]));
  const thrown = { not: 'an Error' };
  await expect(
    cache.getOrSet('k', () => {
      throw thrown;
    }),
  ).rejects.toBe(thrown);
  await expect(
    cache.getOrSet('slow', () => new Promise(() => {}), { loaderTimeoutMs: 1 }),
  ).rejects.toMatchObject({ code: 'CACHE_LOADER_TIMEOUT' });
  expect(heard).toEqual([[['k'], thrown]]);
  expect((heard[0] as unknown[])[1]).toBe(thrown);
  await cache.close();
});

it('counts a set of a store only when the store has it', async () => {
  const store = new FaultyStore();
  const cache = createCache<string>({ stores: [store], storeRecovery: false });
  await cache.set('k', 'v');
  store.mode = 'failing';
  await cache.set('k', 'v2');
  expect(cache.stats().stores[0]).toMatchObject({ sets: 1, errors: 1 });
});

it('counts and tells of what memory could not take', async () => {
  const cache = createCache<() => void>({ clone: 'structured' });
  await cache.set('k', () => {});
  expect(cache.stats().memory).toMatchObject({ errors: 1, sets: 0, entries: 0 });
});

it('a value too large for memory is kept by the stores', async () => {
  const store = new FaultyStore();
  const cache = createCache<string>({ memory: { maxEntryBytes: 1_000 }, stores: [store] });
  await cache.set('k', 'small');
  const big = 'x'.repeat(2_000);
  await cache.set('k', big);
  expect(cache.stats().memory?.entries).toBe(0);
  expect(await cache.getOrSetWithMeta('k', () => 'not called')).toMatchObject({
    value: big,
    source: 'store:0',
  });
});
