import { describe, expect, it } from '@jest/globals';
import { type Cache, createCache } from '../src/index.ts';
import { deferred, FaultyStore, settle } from './doubles.ts';

const changes: [string, (cache: Cache<string>) => Promise<unknown>, string | undefined][] = [
  ['set', (cache) => cache.set('k', 'new'), 'new'],
  ['setMany', (cache) => cache.setMany([['k', 'new']]), 'new'],
  ['delete', (cache) => cache.delete('k'), undefined],
  ['clear', (cache) => cache.clear(), undefined],
  ['invalidateTags', (cache) => cache.invalidateTags(['t']), undefined],
];

describe.each([true, false])('a load that ends after a change (memory %p)', (memory) => {
  it.each(changes)('does not undo %s', async (_name, change, expected) => {
    const store = new FaultyStore();
    const cache = createCache<string>({ stores: [store], ...(memory ? {} : { memory: false }) });
    const load = deferred<string>();
    const wait = cache.getOrSet('k', () => load.promise, { tags: ['t'] });
    await settle();
    await change(cache);
    load.resolve('old');
    expect(await wait).toBe('old');
    await settle();
    expect(await cache.get('k')).toBe(expected);
    expect(await createCache<string>({ stores: [store] }).get('k')).toBe(expected);
  });

  it.each(changes)('is not joined by a caller that comes after %s', async (_name, change, expected) => {
    const cache = createCache<string>({ stores: [new FaultyStore()], ...(memory ? {} : { memory: false }) });
    const load = deferred<string>();
    const wait = cache.getOrSet('k', () => load.promise, { tags: ['t'] });
    await settle();
    await change(cache);
    const after = cache.getOrSet('k', () => 'second load');
    load.resolve('old');
    expect(await after).toBe(expected ?? 'second load');
    await wait;
  });
});

it('a store read that ends after a delete does not bring the value back to memory', async () => {
  const store = new FaultyStore();
  await createCache<string>({ stores: [store] }).set('k', 'old');
  const gate = deferred<void>();
  const slow = {
    opts: {},
    get: async (key: string) => {
      const value = store.data.get(key);
      await gate.promise;
      return value;
    },
    set: store.set.bind(store),
    delete: store.delete.bind(store),
    has: store.has.bind(store),
    clear: store.clear.bind(store),
  };
  const cache = createCache<string>({ stores: [slow] });
  const read = cache.get('k');
  await settle();
  await cache.delete('k');
  gate.resolve();
  await read;
  expect(cache.stats().memory?.entries).toBe(0);
  expect(await cache.get('k')).toBeUndefined();
});

it('a load whose loader gave it a tag that was invalidated meanwhile is not kept', async () => {
  const store = new FaultyStore();
  const cache = createCache<string>({ stores: [store] });
  const load = deferred<string>();
  const wait = cache.getOrSet('k', ({ setTags }) => {
    setTags(['t']);
    return load.promise;
  });
  await settle();
  await cache.invalidateTags(['t']);
  load.resolve('old');
  expect(await wait).toBe('old');
  await settle();
  expect(await cache.has('k')).toBe(false);
  expect(await createCache<string>({ stores: [store] }).has('k')).toBe(false);
});
