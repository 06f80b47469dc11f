import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { createCache, SelfWaitError } from '../src/index.ts';
import { deferred, settle } from './doubles.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick', 'performance'] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** Lets promises run, then time pass, so often that loads which follow each other end. */
const pass = async (ms: number): Promise<void> => {
  await settle();
  await jest.advanceTimersByTimeAsync(ms);
  await settle();
};

it('a loader that waits for its own key is told so', async () => {
  const cache = createCache<number>();
  const answer = cache.getOrSet('a', () => cache.getOrSet('a', () => 1));
  const told = expect(answer).rejects.toMatchObject({
    name: 'SelfWaitError',
    code: 'CACHE_SELF_WAIT',
    message: 'The loader of "a" waits for itself',
    keys: ['a'],
  });
  await pass(1_000);
  await told;
  await expect(answer).rejects.toBeInstanceOf(SelfWaitError);
  expect(await cache.getOrSet('a', () => 2)).toBe(2);
});

it('loaders that wait for each other are told so, over two caches too', async () => {
  const [one, other] = [createCache<number>(), createCache<number>()];
  const loadA = (): Promise<number> => other.getOrSet('b', loadB);
  const loadB = (): Promise<number> => one.getOrSet('a', loadA);
  const told = expect(one.getOrSet('a', loadA)).rejects.toThrow(
    'The loaders of "a", "b" wait for each other',
  );
  await pass(1_000);
  await told;
});

it('also where each load was started by a caller of its own', async () => {
  const cache = createCache<number>();
  const gate = deferred<void>();
  const loads = ['a', 'b'].map((key) =>
    cache.getOrSet(key, async () => {
      await gate.promise;
      return cache.getOrSet(key === 'a' ? 'b' : 'a', () => 0);
    }),
  );
  const told = Promise.all(loads.map((load) => expect(load).rejects.toThrow('wait for each other')));
  await settle();
  gate.resolve();
  await pass(1_000);
  await told;
});

it('also inside a loader of many keys', async () => {
  const cache = createCache<number>();
  const many = cache.getOrSetMany(
    ['a', 'b'],
    async () => new Map([['a', await cache.getOrSet('b', () => 1)]]),
  );
  const told = expect(many).rejects.toThrow('The loader of "b" waits for itself');
  await pass(1_000);
  await told;
});

it('comes before a shorter loaderTimeoutMs, which would hide the cause', async () => {
  const cache = createCache<number>({ loaderTimeoutMs: 100 });
  const told = expect(cache.getOrSet('a', () => cache.getOrSet('a', () => 1))).rejects.toThrow(SelfWaitError);
  await pass(100);
  await told;
});

it('a call for its own key that the loader does not await gets the value', async () => {
  const cache = createCache<string>();
  let inner: Promise<string> | undefined;
  const outer = cache.getOrSet('a', () => {
    inner = cache.getOrSet('b', async () => `b with ${await cache.getOrSet('a', () => 'never')}`);
    return 'a';
  });
  expect([await outer, await inner]).toEqual(['a', 'b with a']);
  // That of the clock which lookups share.
  jest.advanceTimersByTime(1);
  expect(jest.getTimerCount()).toBe(0);
});

it('a loader may wait for other loads, and many for the same', async () => {
  const cache = createCache<string>();
  const gate = deferred<string>();
  const shared = () => cache.getOrSet('shared', () => gate.promise);
  const all = Promise.all(
    ['a', 'b'].map((key) => cache.getOrSet(key, async () => `${key} ${await shared()}`)),
  );
  await pass(5_000);
  gate.resolve('value');
  expect(await all).toEqual(['a value', 'b value']);
});

it('what a loader left running may ask for its key once it has ended', async () => {
  const cache = createCache<number>({ ttl: 0 });
  let later: (() => Promise<number>) | undefined;
  await cache.getOrSet('a', () => {
    later = AsyncLocalStorage.bind(() => cache.getOrSet('a', () => 2));
    return 1;
  });
  expect(await later?.()).toBe(2);
});
