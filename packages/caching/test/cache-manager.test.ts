import { expect, it } from '@jest/globals';
import { CacheManager } from '../src/index.ts';

it('a cache closed by its own close() leaves the manager, and its name is free', async () => {
  const manager = new CacheManager();
  manager.create('a');
  await manager.create('b').close();
  expect([manager.has('b'), manager.get('b'), manager.names()]).toEqual([false, undefined, ['a']]);
  expect(await manager.clear()).toEqual(['a']);
  expect(await manager.invalidateTags(['t'])).toEqual(['a']);
  expect(Object.keys(manager.stats().caches)).toEqual(['a']);
  const again = manager.create<string>('b');
  expect(await again.getOrSet('k', () => 'v')).toBe('v');
});

it('a close that is refused leaves the cache in the manager', async () => {
  const manager = new CacheManager();
  const cache = manager.create('a');
  await expect(cache.close({ disconect: true } as never)).rejects.toThrow('has no option "disconect"');
  expect(manager.get('a')).toBe(cache);
});

it('closing an old cache once more leaves the new one of its name alone', async () => {
  const manager = new CacheManager();
  const old = manager.create('a');
  await manager.delete('a');
  const next = manager.create('a');
  await old.close();
  expect(manager.get('a')).toBe(next);
  await manager.close();
  await expect(next.get('k')).rejects.toThrow('Cache "a" is closed');
});

it.each([[null], [undefined], [5], ['']])('create refuses %p as a name', (name) => {
  const manager = new CacheManager();
  expect(() => manager.create(name as never)).toThrow(/^name must be a non-empty string, got /);
  expect(manager.names()).toEqual([]);
});

it('refuses a pattern that is no string', async () => {
  const manager = new CacheManager();
  await expect(manager.clear(5 as never)).rejects.toThrow('pattern must be a string, got 5');
  await expect(manager.invalidateTags(['t'], null as never)).rejects.toThrow(
    'pattern must be a string, got null',
  );
});

it.each<[string, string[]]>([
  ['users', ['users']],
  ['users.*', ['users.a']],
  ['*', ['users', 'users.a', 'usersXa', 'a\nb']],
  ['a*b', ['a\nb']],
  ['users.a$', []],
])('of the pattern %p only * stands for any text', async (pattern, names) => {
  const manager = new CacheManager();
  for (const name of ['users', 'users.a', 'usersXa', 'a\nb']) manager.create(name);
  expect(await manager.clear(pattern)).toEqual(names);
});
