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
  await pass(5_000);
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
  await pass(5_000);
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
  await pass(5_000);
  await told;
});

it('also inside a loader of many keys', async () => {
  const cache = createCache<number>();
  const many = cache.getOrSetMany(
    ['a', 'b'],
    async () => new Map([['a', await cache.getOrSet('b', () => 1)]]),
  );
  const told = expect(many).rejects.toThrow('The loader of "b" waits for itself');
  await pass(5_000);
  await told;
});

it('with loaderTimeoutMs it comes in place of that error, whose cause it is for callers outside', async () => {
  const cache = createCache<number>({ loaderTimeoutMs: 100 });
  let inner: Promise<number> | undefined;
  const outer = cache.getOrSet('a', () => {
    inner = cache.getOrSet('a', () => 1);
    return inner;
  });
  const told = expect(outer).rejects.toMatchObject({
    name: 'LoaderTimeoutError',
    cause: expect.any(SelfWaitError),
  });
  await settle();
  const toldInner = expect(inner).rejects.toBeInstanceOf(SelfWaitError);
  await pass(99);
  expect(cache.stats().loadErrors).toBe(0);
  await pass(1);
  await Promise.all([told, toldInner]);
});

it('a slow loader that waits for nobody is a plain timeout', async () => {
  const cache = createCache<number>({ loaderTimeoutMs: 100 });
  const answer = cache.getOrSet('a', () => new Promise<number>(() => {}));
  const told = answer.catch((error: Error) => [error.name, error.cause]);
  await pass(100);
  expect(await told).toEqual(['LoaderTimeoutError', undefined]);
});

it.each<[string, object, number]>([
  ['without a limit it may take seconds', {}, 4_900],
  ['it has the whole of loaderTimeoutMs', { loaderTimeoutMs: 200 }, 190],
])('a loader may start one that waits for it, and %s', async (_how, options, ms) => {
  const cache = createCache<string>(options);
  const gate = deferred<string>();
  let item: Promise<string> | undefined;
  const list = cache.getOrSet('list', () => {
    item = cache.getOrSet('item', async () => `item of ${await cache.getOrSet('list', () => 'never')}`);
    return gate.promise;
  });
  await pass(ms);
  gate.resolve('LIST');
  expect([await list, await item]).toEqual(['LIST', 'item of LIST']);
});

it('is not remembered for errorTtl', async () => {
  const cache = createCache<number>({ errorTtl: '1h', onLoaderError: () => 'cache' });
  const told = expect(cache.getOrSet('a', () => cache.getOrSet('a', () => 1))).rejects.toThrow(SelfWaitError);
  await pass(5_000);
  await told;
  expect(await cache.getOrSet('a', () => 2)).toBe(2);
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
  await pass(10_000);
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
