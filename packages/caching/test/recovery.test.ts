import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Keyv } from 'keyv';
import { type Cache, type CacheOptions, createCache } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

const make = (store: FaultyStore, options: CacheOptions<unknown> = {}) =>
  createCache<unknown>({
    stores: [store],
    memory: false,
    storeTimeoutMs: 50,
    storeCooldown: { failures: 100 },
    ...options,
  });
const reader = (store: FaultyStore, options: CacheOptions<unknown> = {}) => make(store, options);

/** A successful call, and what follows from it. */
const storeAnswers = async (cache: Cache<unknown>) => {
  await cache.get('any key');
  for (let turn = 0; turn < 10; turn++) await settle();
};

describe('what a store missed is sent again once it answers', () => {
  it.each([
    ['set', (cache: Cache<unknown>) => cache.set('k', 'new'), 'new'],
    ['delete', (cache: Cache<unknown>) => cache.delete('k'), undefined],
    ['clear', (cache: Cache<unknown>) => cache.clear(), undefined],
    ['invalidateTags', (cache: Cache<unknown>) => cache.invalidateTags(['t']), undefined],
  ] as const)('%s', async (_name, change, expected) => {
    const store = new FaultyStore();
    const cache = make(store);
    await cache.set('k', 'old', { tags: ['t'] });
    store.mode = 'failing';
    await change(cache);
    expect(cache.stats().stores[0]).toMatchObject({ missed: 1, replayed: 0 });
    store.mode = 'up';
    expect(await reader(store).get('k')).toBe('old');
    await storeAnswers(cache);
    expect(await reader(store).get('k')).toBe(expected);
    expect(cache.stats().stores[0]).toMatchObject({ missed: 0, replayed: 1, lost: 0 });
  });

  it('a loaded value too', async () => {
    const store = new FaultyStore();
    const cache = make(store);
    store.mode = 'failing';
    await cache.getOrSet('k', () => 'loaded');
    store.mode = 'up';
    await storeAnswers(cache);
    expect(await reader(store).get('k')).toBe('loaded');
  });

  it('also what was not tried during the cool-down, after the probe has succeeded', async () => {
    const clock = manualClock();
    const store = new FaultyStore();
    const cache = make(store, { clock: clock.now, storeCooldown: { failures: 1, initialMs: 100 } });
    const told: unknown[] = [];
    cache.on('store-replayed', (payload) => told.push(payload));
    store.mode = 'failing';
    for (const key of ['a', 'b', 'c']) await cache.set(key, key);
    store.mode = 'up';
    await storeAnswers(cache);
    expect(store.data.size).toBe(0);
    clock.advance(100);
    await storeAnswers(cache);
    expect([...(await reader(store).getMany(['a', 'b', 'c'])).values()]).toEqual(['a', 'b', 'c']);
    expect(told).toEqual([{ cache: 'cache', tier: 'store:0', replayed: 3, outdated: 0, left: 0 }]);
  });

  it('the last change of a key wins, and a later one that reached the store is not undone', async () => {
    const store = new FaultyStore();
    const cache = make(store);
    store.mode = 'failing';
    await cache.set('a', 1);
    await cache.delete('a');
    await cache.set('a', 2);
    await cache.set('b', 1);
    expect(cache.stats().stores[0]?.missed).toBe(2);
    store.mode = 'up';
    await cache.set('b', 2);
    await storeAnswers(cache);
    expect([...(await reader(store).getMany(['a', 'b']))]).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
  });

  it('a newer change from another process stays', async () => {
    const clock = manualClock();
    const store = new FaultyStore();
    const linked: FaultyStore = Object.assign(new FaultyStore(), { data: store.data });
    const cache = make(linked, { clock: clock.now });
    const other = make(store, { clock: clock.now });
    linked.mode = 'failing';
    for (const key of ['set', 'deleted']) await cache.set(key, 'older');
    await cache.delete('over');
    await cache.invalidateTags(['t']);
    clock.advance(5);
    await other.set('set', 'newer');
    await other.set('over', 'newer');
    await other.invalidateTags(['t']);
    const mark = JSON.stringify(store.data.get('cache:t=t'));
    linked.mode = 'up';
    await storeAnswers(cache);
    expect([...(await reader(store, { clock: clock.now }).getMany(['set', 'deleted', 'over']))]).toEqual([
      ['set', 'newer'],
      ['deleted', 'older'],
      ['over', 'newer'],
    ]);
    expect(JSON.stringify(store.data.get('cache:t=t'))).toBe(mark);
    expect(cache.stats().stores[0]).toMatchObject({ missed: 0, replayed: 1 });
  });

  it('a value whose time is over is not written, and what it would have replaced is removed', async () => {
    const clock = manualClock();
    const store = new FaultyStore();
    const cache = make(store, { clock: clock.now });
    await cache.set('k', 'old');
    store.mode = 'failing';
    await cache.set('k', 'new', { ttl: 100 });
    clock.advance(100);
    store.mode = 'up';
    await storeAnswers(cache);
    expect(store.data.has('cache:k=k')).toBe(false);
  });

  it('with the ttl that is left, not a fresh one', async () => {
    const clock = manualClock();
    const store = new FaultyStore();
    const ttls: (number | undefined)[] = [];
    const set = store.set.bind(store);
    store.set = (key, value, ttl) => {
      ttls.push(ttl);
      return set(key, value, ttl);
    };
    const keyv = new Keyv({ store, useKeyPrefix: false } as object);
    const write = keyv.set.bind(keyv);
    const given: unknown[] = [];
    keyv.set = (key: string, value: never, ttl?: number) => {
      given.push(ttl);
      return write(key, value, ttl);
    };
    const cache = createCache<unknown>({ stores: [keyv], memory: false, clock: clock.now });
    store.mode = 'failing';
    await cache.set('k', 'v', { ttl: 1_000 });
    clock.advance(400);
    store.mode = 'up';
    await storeAnswers(cache);
    expect(given).toEqual([1_000, 600]);
    clock.advance(600);
    expect(await cache.get('k')).toBeUndefined();
  });
});

describe('limits of recovery', () => {
  it('is bounded: the oldest change is lost, counted and told of; loaded values take half the room', async () => {
    const store = new FaultyStore();
    const cache = make(store, { storeRecovery: { maxEntries: 2 } });
    const lost: unknown[] = [];
    cache.on('store-lost', (payload) => lost.push(payload));
    store.mode = 'failing';
    for (const key of ['a', 'b', 'c']) await cache.set(key, key);
    await cache.getOrSet('d', () => 'd');
    await settle();
    expect(lost).toEqual(Array(2).fill({ cache: 'cache', tier: 'store:0', changes: 1, cause: 'full' }));
    store.mode = 'up';
    await storeAnswers(cache);
    expect([...(await reader(store).getMany(['a', 'b', 'c', 'd'])).keys()]).toEqual(['b', 'c']);
    expect(cache.stats().stores[0]).toMatchObject({ lost: 2, replayed: 2, missed: 0 });
  });

  it('a value that cannot be written is lost alone, and the others are sent', async () => {
    const store = new FaultyStore();
    const cache = createCache<unknown>({
      stores: [new Keyv({ store })],
      memory: false,
      storeCooldown: { failures: 1, initialMs: 0 },
    });
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    store.mode = 'failing';
    await Promise.all([cache.set('a', 1), cache.set('bad', cyclic), cache.set('b', 2)]);
    store.mode = 'up';
    await storeAnswers(cache);
    expect([...(await cache.getMany(['a', 'bad', 'b'])).keys()]).toEqual(['a', 'b']);
    expect(cache.stats().stores[0]).toMatchObject({ missed: 0 });
  });

  it('false turns it off', async () => {
    const store = new FaultyStore();
    const cache = make(store, { storeRecovery: false });
    store.mode = 'failing';
    await cache.set('k', 'v');
    store.mode = 'up';
    await storeAnswers(cache);
    expect([cache.stats().stores[0]?.missed, store.data.size]).toEqual([0, 0]);
  });

  it.each([
    [{ maxEntries: 0 }, 'storeRecovery.maxEntries must be an integer >= 1, got 0'],
    [{ retryMs: 0 }, 'storeRecovery.retryMs must be a number of ms from 1 to 2_147_483_647, got 0'],
    [{ retries: 1 }, 'storeRecovery has no option "retries"'],
    [true, 'storeRecovery options must be an object'],
  ])('refuses %j', (storeRecovery, text) => {
    expect(() => createCache({ storeRecovery: storeRecovery as never })).toThrow(text);
  });

  it('close() tries a last time, and tells what is lost when the store is still down', async () => {
    const store = new FaultyStore();
    const options: CacheOptions<unknown> = { storeCooldown: { failures: 1 } };
    const [first, second] = [make(store, options), make(store, options)];
    const lost: unknown[] = [];
    second.on('store-lost', ({ changes, cause }) => lost.push([changes, cause]));
    store.mode = 'failing';
    await first.set('k', 'v');
    await second.set('other', 'v');
    store.mode = 'up';
    await first.close();
    expect(await reader(store).get('k')).toBe('v');
    store.mode = 'hanging';
    await second.close();
    expect(lost).toEqual([[1, 'closed']]);
  });
});

describe('with nobody calling', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick', 'performance'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('a timer sends it, with pauses that double while the store fails', async () => {
    const store = new FaultyStore();
    const cache = make(store, {
      storeRecovery: { retryMs: 100 },
      storePolicy: { execute: (fn) => fn() },
    });
    store.mode = 'failing';
    await cache.set('k', 'v');
    const before = store.calls;
    await jest.advanceTimersByTimeAsync(99);
    expect(store.calls - before).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    await settle();
    const once = store.calls - before;
    expect(once).toBeGreaterThan(0);
    await jest.advanceTimersByTimeAsync(199);
    expect(store.calls - before).toBe(once);
    store.mode = 'up';
    await jest.advanceTimersByTimeAsync(1);
    await settle();
    expect(store.data.has('cache:k=k')).toBe(true);
    await cache.close();
  });
});

it('law: whatever is done while the store comes and goes, in the end it holds what was acknowledged', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('mode' as const), up: fc.boolean() }),
    fc.record({ do: fc.constant('set' as const), key: fc.constantFrom('a', 'b', 'c'), value: fc.nat(99) }),
    fc.record({ do: fc.constant('delete' as const), key: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ do: fc.constant('clear' as const) }),
    fc.record({ do: fc.constant('tag' as const), tag: fc.constantFrom('a', 'b') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const store = new FaultyStore();
      const cache = make(store, { storeCooldown: { failures: 2, initialMs: 0, maxMs: 0 } });
      const model = new Map<string, number>();
      for (const next of steps) {
        if (next.do === 'mode') store.mode = next.up ? 'up' : 'failing';
        else if (next.do === 'set') {
          model.set(next.key, next.value);
          await cache.set(next.key, next.value, { tags: [next.key] });
        } else if (next.do === 'delete') {
          model.delete(next.key);
          await cache.delete(next.key);
        } else if (next.do === 'clear') {
          model.clear();
          await cache.clear();
        } else {
          model.delete(next.tag);
          await cache.invalidateTags([next.tag]);
        }
      }
      store.mode = 'up';
      await cache.close();
      const held = await reader(store).getMany(['a', 'b', 'c']);
      expect(new Map([...held].sort())).toEqual(new Map([...model].sort()));
    }),
    { numRuns: 500 },
  );
});
