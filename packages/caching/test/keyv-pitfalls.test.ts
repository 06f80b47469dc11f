import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { Keyv as Keyv5 } from 'keyv5';
import { createCache, type KeyvLike } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

/** An adapter that tells of its connection by events, as drivers do. */
class EmittingStore extends EventEmitter {
  readonly rows = new FaultyStore();
  readonly opts = {};
  get = (key: string) => this.rows.get(key);
  set = (key: string, value: unknown) => this.rows.set(key, value);
  delete = (key: string) => this.rows.delete(key);
  has = (key: string) => this.rows.has(key);
  clear = () => this.rows.clear();
}

const wrappings: [string, (store: object) => KeyvLike][] = [
  ['a bare adapter', (store) => store as KeyvLike],
  ['a keyv 6 Keyv', (store) => new Keyv({ store: store as never })],
  ['a keyv 5 Keyv', (store) => new Keyv5({ store: store as never, useKeyPrefix: false }) as KeyvLike],
];

describe.each(wrappings)('%s', (_name, wrapped) => {
  it('may emit an error before the first call, and after it: the process goes on', async () => {
    const store = new EmittingStore();
    const cache = createCache<string>({ stores: [wrapped(store)], memory: false });
    store.emit('error', new Error('connection lost'));
    await cache.set('k', 'v');
    store.emit('error', new Error('connection lost'));
    expect(await cache.get('k')).toBe('v');
    expect(cache.stats().stores[0]?.errors).toBe(0);
  });

  it('is not called when the cache is made', () => {
    const store = new FaultyStore();
    let calls = 0;
    const counted = <T>(answer: T) => {
      calls++;
      return Promise.resolve(answer);
    };
    const sync = {
      get: () => counted(undefined),
      set: () => counted(true),
      delete: () => counted(true),
      has: () => counted(false),
      clear: () => counted(undefined),
      opts: store.opts,
    };
    const given = wrapped(sync);
    calls = 0;
    createCache({ stores: [given] });
    expect(calls).toBe(0);
  });

  it('holds what JSON makes of a value: a Date is a text, a Map {}, NaN null, and __proto__ an own property', async () => {
    const store = new FaultyStore();
    const make = () => createCache<unknown>({ stores: [wrapped(store)], memory: false });
    const proto = JSON.parse('{"__proto__":{"admin":true}}') as object;
    await make().setMany([
      ['date', new Date(0)],
      ['map', new Map([[1, 2]])],
      ['nan', { n: Number.NaN }],
      ['proto', proto],
    ]);
    const found = await make().getMany(['date', 'map', 'nan', 'proto']);
    expect(found.get('date')).toBe('1970-01-01T00:00:00.000Z');
    expect(found.get('map')).toEqual({});
    expect(found.get('nan')).toEqual({ n: null });
    expect(Object.hasOwn(found.get('proto') as object, '__proto__')).toBe(true);
    expect((found.get('proto') as { admin?: boolean }).admin).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe.each<[string, (store: FaultyStore) => Keyv | Keyv5]>([
  ['keyv 6', (store) => new Keyv({ store })],
  ['keyv 5', (store) => new Keyv5({ store: store as never, useKeyPrefix: false })],
])('a Keyv of %s', (_name, keyvOver) => {
  it.each([true, false])(
    'a failed read is told as one, a listener of its owner there or not (%p)',
    async (owned) => {
      const store = new FaultyStore();
      const keyv = keyvOver(store);
      const heard: unknown[] = [];
      if (owned) keyv.on('error', (error: unknown) => heard.push(error));
      const cache = createCache<string>({ stores: [keyv as KeyvLike], memory: false });
      store.mode = 'failing';
      expect(await cache.get('k')).toBeUndefined();
      expect(await cache.getMany(['a', 'b'])).toEqual(new Map());
      await cache.set('k', 'v');
      expect(cache.stats().stores[0]?.errors).toBe(3);
      expect(heard.length > 0).toBe(owned);
    },
  );
});

it('a read of an expired entry deletes nothing: another process may have written it anew', async () => {
  const clock = manualClock(Date.now());
  const store = new FaultyStore();
  let deletes = 0;
  const remove = store.delete.bind(store);
  store.delete = (key) => {
    deletes++;
    return remove(key);
  };
  const cache = createCache<string>({ stores: [store], memory: false, clock: clock.now });
  await cache.set('k', 'v', { ttl: '1m' });
  const past = (store.data.get('cache:k=k') as string).replace(/"expires":\d+/, '"expires":1');
  expect(past).toContain('"expires":1');
  store.data.set('cache:k=k', past);
  clock.advance(60_000);
  expect(await cache.get('k')).toBeUndefined();
  expect(await cache.getMany(['k', 'other'])).toEqual(new Map());
  await settle();
  expect(deletes).toBe(0);
});

it('a value too large for memory is kept by the store', async () => {
  const store = new FaultyStore();
  const cache = createCache<string>({ stores: [store], memory: { maxEntryBytes: 100 } });
  const large = 'x'.repeat(1_000);
  await cache.set('k', large);
  expect(cache.stats().memory?.entries).toBe(0);
  expect(await cache.getOrSetWithMeta('k', () => 'loaded')).toMatchObject({
    value: large,
    source: 'store:0',
  });
});
