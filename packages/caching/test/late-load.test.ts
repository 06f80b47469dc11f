import { describe, expect, it } from '@jest/globals';
import { type Cache, type CacheOptions, createCache } from '../src/index.ts';
import { deferred, FaultyStore, manualClock, settle } from './doubles.ts';

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

describe('a load that ends after another process changed the key, without a bus', () => {
  const loading = async (
    options: CacheOptions<string>,
    change: (other: Cache<string>) => Promise<unknown>,
  ) => {
    const store = new FaultyStore();
    const clock = manualClock();
    const cache = createCache<string>({ stores: [store], clock: clock.now, ...options });
    const load = deferred<string>();
    const wait = cache.getOrSet('k', () => load.promise);
    await settle();
    clock.advance(1);
    await change(createCache<string>({ stores: [store], clock: clock.now }));
    load.resolve('old');
    expect(await wait).toBe('old');
    await settle();
    return { cache, reader: createCache<string>({ stores: [store], clock: clock.now }) };
  };

  it.each<[string, CacheOptions<string>]>([
    ['with memory', {}],
    ['without memory', { memory: false }],
  ])('does not undo a set, and gives it out from then on (%s)', async (_name, options) => {
    const { cache, reader } = await loading(options, (other) => other.set('k', 'new'));
    expect(await reader.get('k')).toBe('new');
    expect(await cache.get('k')).toBe('new');
    expect(cache.stats().stores[0]?.sets).toBe(0);
  });

  it.each<[string, CacheOptions<string | undefined>, string | undefined]>([
    ['no value', {}, undefined],
    ['a value with a ttl of 0', { ttl: 0 }, 'old'],
  ])(
    'does not remove a set when it brings %s, but what was there before',
    async (_name, options, brought) => {
      const store = new FaultyStore();
      const clock = manualClock();
      const make = (more: CacheOptions<string | undefined> = {}) =>
        createCache<string | undefined>({ stores: [store], clock: clock.now, memory: false, ...more });
      await make().setMany([
        ['k', 'before'],
        ['gone', 'before'],
      ]);
      clock.advance(1);
      const load = deferred<void>();
      const wait = make(options).getOrSetMany(
        ['k', 'gone'],
        async () => {
          await load.promise;
          return new Map([
            ['k', brought],
            ['gone', brought],
          ]);
        },
        { forceRefresh: true },
      );
      await settle();
      clock.advance(1);
      await make().set('k', 'new');
      load.resolve();
      await wait;
      for (let turn = 0; turn < 5; turn++) await settle();
      expect([...(await make().getMany(['k', 'gone']))]).toEqual([['k', 'new']]);
    },
  );

  it('writes the other keys of its batch', async () => {
    const store = new FaultyStore();
    const clock = manualClock();
    const cache = createCache<string>({ stores: [store], clock: clock.now });
    const load = deferred<Map<string, string>>();
    const wait = cache.getOrSetMany(['a', 'k'], () => load.promise);
    await settle();
    clock.advance(1);
    await createCache<string>({ stores: [store], clock: clock.now }).set('k', 'new');
    load.resolve(
      new Map([
        ['a', 'loaded'],
        ['k', 'old'],
      ]),
    );
    await wait;
    await settle();
    expect([
      ...(await createCache<string>({ stores: [store], clock: clock.now }).getMany(['a', 'k'])),
    ]).toEqual([
      ['a', 'loaded'],
      ['k', 'new'],
    ]);
    expect(cache.stats().stores[0]?.sets).toBe(1);
  });

  it('leaves what a later release wrote, and keeps its own value in memory', async () => {
    const store = new FaultyStore();
    const later = JSON.stringify({ value: { a4: 2 } });
    store.data.set('cache:k=k', later);
    const cache = createCache<string>({ stores: [store] });
    expect(await cache.getOrSet('k', () => 'v')).toBe('v');
    await settle();
    expect([store.data.get('cache:k=k'), await cache.get('k')]).toEqual([later, 'v']);
  });

  it('replaces what cannot be read', async () => {
    const store = new FaultyStore();
    const cache = createCache<string>({ stores: [store], memory: false });
    const load = deferred<string>();
    const wait = cache.getOrSet('k', () => load.promise);
    await settle();
    store.data.set('cache:k=k', '{"value":');
    load.resolve('v');
    await wait;
    expect(await cache.get('k')).toBe('v');
  });
});

it('a read waits for the writes of its key that are under way', async () => {
  const store = new FaultyStore();
  const cache = createCache<string>({ stores: [store], memory: false });
  let loads = 0;
  for (let turn = 0; turn < 3; turn++) await cache.getOrSet('k', () => `${++loads}`);
  expect([loads, await cache.get('k')]).toEqual([1, '1']);
});

it('a read waits for no write that came after it, so a policy that runs one call at a time is not blocked', async () => {
  let last: Promise<unknown> = Promise.resolve();
  const execute = <T>(fn: () => Promise<T>): Promise<T> => {
    const next = last.then(fn);
    last = next.catch(() => {});
    return next;
  };
  const cache = createCache<string>({
    stores: [new FaultyStore()],
    memory: false,
    storeTimeoutMs: 100,
    storePolicy: { execute },
  });
  const reads = [cache.get('other'), cache.get('k')];
  await cache.set('k', 'v');
  expect(await Promise.all(reads)).toEqual([undefined, undefined]);
  expect([await cache.get('k'), cache.stats().stores[0]?.errors]).toEqual(['v', 0]);
});
