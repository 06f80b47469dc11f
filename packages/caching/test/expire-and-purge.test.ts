import { describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { Keyv as Keyv5 } from 'keyv5';
import { createCache, type KeyvLike } from '../src/index.ts';
import { deferred, FaultyStore, manualClock, settle } from './doubles.ts';

const down = (): Promise<never> => Promise.reject(new Error('down'));

describe.each([true, false])('expire (memory %p)', (memory) => {
  const make = (store: FaultyStore, clock = manualClock()) => ({
    clock,
    cache: createCache<string>({
      ttl: '1h',
      grace: '2h',
      stores: [store],
      clock: clock.now,
      ...(memory ? {} : { memory: false }),
    }),
  });

  it('makes a value stale: gone for get, still there for a loader that fails, with its age', async () => {
    const { cache, clock } = make(new FaultyStore());
    await cache.set('k', 'v', { tags: ['t'] });
    clock.advance(1_000);
    expect(await cache.expire('k')).toBe(true);
    expect([await cache.get('k'), await cache.has('k')]).toEqual([undefined, false]);
    expect(await cache.getOrSetWithMeta('k', down)).toMatchObject({ value: 'v', stale: true, ageMs: 1_000 });
    await cache.invalidateTags(['t']);
    clock.advance(20_000);
    await expect(cache.getOrSet('k', down)).rejects.toThrow('down');
  });

  it('holds for another process, and a load after it is fresh', async () => {
    const store = new FaultyStore();
    const { cache, clock } = make(store);
    await cache.set('k', 'v');
    await cache.expire('k');
    const other = make(store, clock).cache;
    expect(await other.get('k')).toBeUndefined();
    expect(await other.getOrSet('k', down)).toBe('v');
    expect(await cache.getOrSet('k', () => 'new')).toBe('new');
    await settle();
    expect(await make(store, clock).cache.get('k')).toBe('new');
  });

  it('answers false for what is not there or stale already, and ends with grace', async () => {
    const { cache, clock } = make(new FaultyStore());
    expect(await cache.expire('none')).toBe(false);
    await cache.set('k', 'v');
    clock.advance(3_600_000);
    clock.advance(3_600_000);
    expect(await cache.expire('k')).toBe(false);
    clock.advance(3_600_000);
    await expect(cache.getOrSet('k', down)).rejects.toThrow('down');
  });
});

it('a load that began before expire is not kept', async () => {
  const cache = createCache<string>({ grace: '1h' });
  const load = deferred<string>();
  const wait = cache.getOrSet('k', () => load.promise);
  await settle();
  expect(await cache.expire('k')).toBe(false);
  load.resolve('old');
  expect(await wait).toBe('old');
  expect(await cache.get('k')).toBeUndefined();
});

it('a mark in a store that is years ahead does not void what is written from now on', async () => {
  const keyv = new Keyv();
  await keyv.set('cache:cleared', { a4: 1, s: 1e300 });
  const cache = createCache<string>({ stores: [keyv], memory: false });
  await cache.get('k');
  await settle();
  await keyv.delete('cache:cleared');
  await cache.set('k', 'v');
  expect(await cache.get('k')).toBe('v');
});

it('expire without grace is delete, and tells so by an event', async () => {
  const cache = createCache<string>();
  const told: unknown[] = [];
  cache.on('expire', (payload) => told.push(payload));
  await cache.set('k', 'v');
  expect([await cache.expire('k'), await cache.expire('k'), cache.stats().memory?.entries]).toEqual([
    true,
    false,
    0,
  ]);
  expect(told).toEqual([{ cache: 'cache', key: 'k' }]);
});

describe.each<[string, (map: Map<string, unknown>) => KeyvLike]>([
  ['a keyv 6 Keyv', (map) => new Keyv({ store: map })],
  ['a keyv 5 Keyv', (map) => new Keyv5({ store: map, useKeyPrefix: false }) as unknown as KeyvLike],
])('purge of %s', (_name, storeOver) => {
  it('removes what was voided, of this namespace alone, and keeps what lives', async () => {
    const map = new Map<string, unknown>();
    const make = (namespace: string) =>
      createCache<string>({ namespace, stores: [storeOver(map)], memory: false });
    const [cache, other] = [make('a'), make('a:k')];
    await other.set('k', 'other');
    await other.clear();
    await cache.setMany(Array.from({ length: 250 }, (_, at) => [`old${at}`, 'v'] as const));
    await cache.clear();
    await cache.set('tagged', 'v', { tags: ['t', 'u'] });
    await cache.set('kept', 'v', { tags: ['u'] });
    await cache.invalidateTags(['t']);
    expect(await cache.purge()).toBe(251);
    expect(await cache.purge()).toBe(0);
    expect(await cache.get('kept')).toBe('v');
    expect([...map.keys()].filter((name) => name.includes('=')).sort()).toEqual([
      'a%3Ak:k=k',
      'a:k=kept',
      'a:t=t',
    ]);
    await cache.invalidateTags(['u']);
    expect(await cache.purge()).toBe(1);
  });
});

it('purge of a store that fails ends early, is told of, and rejects not', async () => {
  const keyv = new Keyv();
  const cache = createCache<string>({ stores: [keyv] });
  await cache.set('k', 'v');
  await cache.clear();
  keyv.iterator = () => {
    throw new Error('connection refused');
  };
  const operations: string[] = [];
  cache.on('store-error', ({ operation }) => operations.push(operation));
  expect(await cache.purge()).toBe(0);
  expect(operations).toEqual(['purge']);
});

it('purge removes nothing where the adapter cannot list its keys', async () => {
  const cache = createCache<string>({ stores: [new FaultyStore()] });
  await cache.set('k', 'v');
  await cache.clear();
  expect(await cache.purge()).toBe(0);
});
