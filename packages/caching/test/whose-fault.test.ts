import { describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { Keyv as Keyv5 } from 'keyv5';
import { createCache, type KeyvLike, type StoreError } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

const wrappings: [string, (store: FaultyStore) => KeyvLike][] = [
  ['a bare adapter', (store) => store],
  ['a keyv 6 Keyv', (store) => new Keyv({ store })],
  ['a keyv 5 Keyv', (store) => new Keyv5({ store: store as never, useKeyPrefix: false }) as KeyvLike],
];

const cyclic = (): object => {
  const value: { self?: object } = {};
  value.self = value;
  return value;
};

/** Fails as `fetch` does when there is no network, and as a codec of a driver may. */
class Unreachable extends FaultyStore {
  thrown: Error | undefined;

  override async get(key: string): Promise<unknown> {
    if (this.thrown !== undefined) throw this.thrown;
    return super.get(key);
  }

  override async set(key: string, value: unknown): Promise<boolean> {
    if (this.thrown !== undefined) throw this.thrown;
    return super.set(key, value);
  }
}

describe.each(wrappings)('%s', (_name, wrapped) => {
  it.each([new TypeError('fetch failed'), new RangeError('out of range')])(
    'whose driver throws a %p has failed: it cools down, and what it missed is sent again',
    async (thrown) => {
      const clock = manualClock();
      const store = new Unreachable();
      const cache = createCache<string>({
        stores: [wrapped(store)],
        memory: false,
        clock: clock.now,
        storeCooldown: { failures: 2, initialMs: 100 },
      });
      await cache.set('k', 'old');
      store.thrown = thrown;
      await cache.set('k', 'new');
      await cache.get('k');
      expect(cache.stats().stores[0]).toMatchObject({ state: 'cooling-down', missed: 1, lost: 0, errors: 2 });
      store.thrown = undefined;
      clock.advance(100);
      await cache.get('k');
      for (let turn = 0; turn < 10; turn++) await settle();
      expect(await createCache<string>({ stores: [wrapped(store)], clock: clock.now }).get('k')).toBe('new');
    },
  );

  it.each<[string, () => unknown]>([
    ['a value with a cycle', cyclic],
    ['a function', () => () => 'v'],
    ['a symbol', () => Symbol('v')],
  ])(
    'cannot be given %s: that value is lost and told of, the store stays in service',
    async (_what, make) => {
      const cache = createCache<unknown>({
        stores: [wrapped(new FaultyStore())],
        storeCooldown: { failures: 1 },
      });
      const told: unknown[] = [];
      cache.on('store-error', ({ error, key }) => told.push([(error as StoreError).code, key]));
      cache.on('store-lost', ({ changes, cause }) => told.push([changes, cause]));
      const value = make();
      await cache.set('k', value);
      expect(await cache.get('k')).toBe(value);
      expect(told).toEqual([
        [1, 'unwritable'],
        ['CACHE_STORE_UNWRITABLE', 'k'],
      ]);
      expect(cache.stats().stores[0]).toMatchObject({ state: 'up', errors: 1, lost: 1, missed: 0, sets: 0 });
    },
  );

  it('gets the other values of a setMany in which one cannot be written', async () => {
    const store = new FaultyStore();
    const cache = createCache<unknown>({ stores: [wrapped(store)] });
    await cache.setMany([
      ['a', 1],
      ['bad', cyclic()],
      ['b', 2],
    ]);
    const other = createCache<unknown>({ stores: [wrapped(store)] });
    expect([...(await other.getMany(['a', 'bad', 'b']))]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(cache.stats().stores[0]).toMatchObject({ sets: 2, errors: 1, lost: 1 });
  });

  it('loses with a value that cannot be written what that would have replaced, for every process', async () => {
    const store = new FaultyStore();
    const cache = createCache<unknown>({ stores: [wrapped(store)], storeCooldown: { failures: 1 } });
    await cache.setMany([
      ['now', 'old'],
      ['later', 'old'],
    ]);
    await cache.set('now', cyclic());
    store.mode = 'failing';
    await cache.get('none');
    await cache.set('later', () => 'v');
    store.mode = 'up';
    await cache.close();
    const other = createCache<unknown>({ stores: [wrapped(store)] });
    expect(await other.getMany(['now', 'later'])).toEqual(new Map());
    expect(cache.stats().stores[0]).toMatchObject({ lost: 2, missed: 0 });
  });

  it('that cannot be given a loaded value: the caller and memory have it, and the failure is told', async () => {
    const cache = createCache<unknown>({ stores: [wrapped(new FaultyStore())] });
    const errors: unknown[] = [];
    cache.on('store-error', ({ operation, error }) => errors.push([operation, (error as StoreError).code]));
    const value = cyclic();
    expect(await cache.getOrSet('k', () => value)).toBe(value);
    await settle();
    expect(await cache.getOrSet('k', () => 'loaded again')).toBe(value);
    expect(errors).toEqual([['set', 'CACHE_STORE_UNWRITABLE']]);
  });

  it('counts as sets what it took, not what it missed', async () => {
    const store = new FaultyStore();
    const cache = createCache<string>({ stores: [wrapped(store)] });
    await cache.set('a', 'v');
    store.mode = 'failing';
    await cache.set('b', 'v');
    await cache.getOrSet('c', () => 'v');
    await settle();
    expect(cache.stats().stores[0]?.sets).toBe(1);
  });
});

it('a value that cannot be written, met by the probe, does not count as a recovery', async () => {
  const clock = manualClock();
  const store = new FaultyStore();
  const cache = createCache<unknown>({
    stores: [new Keyv({ store })],
    memory: false,
    clock: clock.now,
    storeRecovery: false,
    storeCooldown: { failures: 1, initialMs: 100 },
  });
  const told: string[] = [];
  cache.on('store-cooldown', ({ coolDownMs }) => told.push(`${coolDownMs} ms`));
  cache.on('store-recovered', () => told.push('recovered'));
  store.mode = 'failing';
  await cache.get('k');
  clock.advance(100);
  await cache.set('k', () => 'v');
  store.mode = 'up';
  clock.advance(200);
  await cache.get('k');
  expect(told).toEqual(['100 ms', '200 ms', 'recovered']);
});

it('a text that cannot be parsed is a miss, told of once, and removed', async () => {
  const store = new FaultyStore();
  const cache = createCache<string>({ stores: [new Keyv({ store })], memory: false });
  await cache.setMany([
    ['a', 'v'],
    ['k', 'v'],
  ]);
  store.data.set('cache:k=k', '{"value":{"a4":1,');
  const errors: unknown[] = [];
  cache.on('store-error', ({ error, key }) => errors.push([(error as StoreError).code, key]));
  expect([...(await cache.getMany(['a', 'k'])).keys()]).toEqual(['a']);
  await settle();
  expect(store.data.has('cache:k=k')).toBe(false);
  expect(await cache.get('k')).toBeUndefined();
  expect(errors).toEqual([['CACHE_STORE_CORRUPT', 'k']]);
});
