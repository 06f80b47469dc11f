import { describe, expect, it } from '@jest/globals';
import { CacheManager, createCache } from '../src/index.ts';
import { deferred, settle } from './doubles.ts';

describe('warm', () => {
  it('loads what is missing, no more than concurrency at a time, and tells what became of each', async () => {
    const cache = createCache<string>();
    await cache.set('b', 'there');
    const gate = deferred<void>();
    let [running, most] = [0, 0];
    const wait = cache.warm(
      ['a', 'b', 'c', 'd', 'a', 'bad'],
      async ({ key }) => {
        most = Math.max(most, ++running);
        await gate.promise;
        running--;
        if (key === 'bad') throw undefined;
        return key;
      },
      { concurrency: 2, ttl: '1m' },
    );
    await settle();
    gate.resolve();
    expect(await wait).toEqual({ present: 1, loaded: 3, failed: [{ key: 'bad', error: undefined }] });
    expect(most).toBe(2);
    expect(await cache.get('d')).toBe('d');
  });

  it.each([0, 1.5, Number.NaN, '4'])('refuses concurrency %p', async (concurrency) => {
    await expect(createCache().warm(['k'], () => 1, { concurrency: concurrency as never })).rejects.toThrow(
      'concurrency must be an integer >= 1',
    );
  });
});

it('CacheManager.invalidateTags voids a tag in the caches whose name fits', async () => {
  const manager = new CacheManager();
  for (const name of ['users', 'users.names', 'orders'])
    await manager.create<string>(name).set('k', name, { tags: ['t'] });
  expect(await manager.invalidateTags(['t'], 'users*')).toEqual(['users', 'users.names']);
  expect(await Promise.all(manager.names().map((name) => manager.get(name)!.has('k')))).toEqual([
    false,
    false,
    true,
  ]);
  expect(await manager.invalidateTags(['t'])).toHaveLength(3);
  await manager.close();
});

it('a manager warms several caches, each with a loader and options of its own', async () => {
  const manager = new CacheManager();
  const users = manager.create<string>('users');
  const pages = manager.create<number>('pages');
  await users.set('b', 'there');
  const done = await manager.warm({
    users: { keys: ['a', 'b'], loader: ({ key }) => `user ${key}` },
    pages: { keys: ['1', '2'], loader: ({ key }) => Number(key), concurrency: 1, ttl: '1h' },
  });
  expect(done).toMatchObject({ users: { loaded: 1, present: 1 }, pages: { loaded: 2, present: 0 } });
  expect([await users.get('a'), await pages.get('2')]).toEqual(['user a', 2]);
});

it('a manager warms nothing when it does not know one of the names', async () => {
  const manager = new CacheManager();
  const users = manager.create<string>('users');
  const load = () => 'v';
  await expect(
    manager.warm({ users: { keys: ['a'], loader: load }, pages: { keys: ['1'], loader: load } }),
  ).rejects.toThrow(new TypeError('warm knows users, got pages'));
  expect(users.stats().misses).toBe(0);
});
