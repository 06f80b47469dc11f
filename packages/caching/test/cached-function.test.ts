import { expect, it } from '@jest/globals';
import { cached, cacheManager, createCache } from '../src/index.ts';
import { manualClock } from './doubles.ts';

it('a wrapped function calls through once for equal arguments until its ttl ends', async () => {
  const clock = manualClock();
  let calls = 0;
  const double = cached({ ttl: '1s', clock: clock.now })(async function double(
    of: { n: number },
    _unused: string,
  ) {
    calls++;
    return of.n * 2;
  });
  expect([await double({ n: 2 }, 'a'), await double({ n: 2 }, 'a')]).toEqual([4, 4]);
  expect(calls).toBe(1);
  clock.advance(1_000);
  await double({ n: 2 }, 'a');
  expect(calls).toBe(2);
  expect([double.name, double.length]).toEqual(['double', 2]);
});

it('carries a handle: key, invalidate, cache', async () => {
  const square = cached()(async (n: number) => n * n);
  await square(3);
  expect(await square.cache.get(square.key(3))).toBe(9);
  expect([await square.invalidate(3), await square.invalidate(3)]).toEqual([true, false]);
});

it('a key function makes functions and instances possible as arguments', async () => {
  let calls = 0;
  const run = cached({ key: (id: string) => id })(async (_id: string, _callback: () => void) => ++calls);
  expect([await run('a', () => {}), await run('a', () => {}), await run('b', () => {})]).toEqual([1, 1, 2]);
  const without = cached()(async (callback: () => number) => callback());
  await expect(without(() => 1)).rejects.toThrow('give a key function');
});

it('in a shared cache the name sets functions apart, and is required', async () => {
  const cache = createCache<unknown>();
  const one = cached({ cache, name: 'one' })(async (n: number) => `one ${n}`);
  const two = cached({ cache, name: 'two' })(async (n: number) => `two ${n}`);
  expect([await one(1), await two(1)]).toEqual(['one 1', 'two 1']);
  expect(() => cached({ cache })).toThrow('name is required with cache');
});

it('in one cache a name is taken once; in another it is free', async () => {
  const [cache, another] = [createCache<unknown>({ name: 'shared' }), createCache<unknown>()];
  const one = cached({ cache, name: 'byId' })(async (id: string) => `one ${id}`);
  const message = 'A function named "byId" is in the cache "shared" already';
  expect(() => cached({ cache, name: 'byId' })(async (id: string) => `two ${id}`)).toThrow(message);
  const two = cached({ cache: another, name: 'byId' })(async (id: string) => `two ${id}`);
  expect([await one('1'), await two('1')]).toEqual(['one 1', 'two 1']);
});

it('one set of options with a shared cache makes one function', () => {
  const inShared = cached({ cache: createCache<unknown>(), name: 'byId' });
  inShared(async () => 1);
  expect(() => inShared(async () => 2)).toThrow('A function named "byId" is in the cache');
});

it('cacheUndefined keeps undefined in the own cache', async () => {
  let calls = 0;
  const nothing = async (): Promise<void> => {
    calls++;
  };
  const kept = cached({ cacheUndefined: true })(nothing);
  await kept();
  await kept();
  expect(calls).toBe(1);
});

it('with a name and no cache, the cache is found in cacheManager', async () => {
  const named = cached({ name: 'cached-function-test' })(async () => 1);
  await named();
  expect(cacheManager.get('cached-function-test')).toBe(named.cache);
  expect(await cacheManager.delete('cached-function-test')).toBe(true);
});

it('takes errorTtl, negativeTtl, slidingMaxAge and eagerRefresh, checked when it is made', async () => {
  let calls = 0;
  const fails = cached({ errorTtl: '1h', negativeTtl: 0 })(async (how: string) => {
    calls++;
    if (how === 'null') return null;
    throw new Error('down');
  });
  for (let at = 0; at < 2; at++) await expect(fails('throw')).rejects.toThrow('down');
  expect(calls).toBe(1);
  for (let at = 0; at < 2; at++) await fails('null');
  expect(calls).toBe(3);
  expect(() => cached({ eagerRefresh: 2 })).toThrow('eagerRefresh must be a share from 0 to 1');
  expect(() => cached({ slidingMaxAge: -1 })).toThrow('slidingMaxAge must be milliseconds >= 0');
});

it('passes all options of getOrSet on but those of one caller', async () => {
  const clock = manualClock();
  const down = new Error('down');
  const seen: unknown[] = [];
  const fetchPage = cached({
    ttl: 10,
    grace: '1h',
    loaderSoftTimeoutMs: 60_000,
    onLoaderError: (error, { key, hasStale }) => {
      seen.push([error, key, hasStale]);
      return 'throw';
    },
    clock: clock.now,
  })(async (fails: boolean[]) => {
    if (fails.pop()) throw down;
    return 'v';
  });
  await fetchPage.cache.set(fetchPage.key([true]), 'old', { ttl: 10, grace: '1h' });
  clock.advance(10);
  await expect(fetchPage([true])).rejects.toBe(down);
  expect(seen).toEqual([[down, fetchPage.key([true]), true]]);
});

it.each([
  [{ onLoaderError: 'stale' }, 'onLoaderError must be a function, got stale'],
  [{ loaderSoftTimeoutMs: 0 }, 'loaderSoftTimeoutMs must be a number of ms above 0'],
  [{ signal: new AbortController().signal }, 'cached has no option "signal"'],
  [{ forceRefresh: true }, 'cached has no option "forceRefresh"'],
])('refuses %j at decoration', (options, text) => {
  expect(() => cached(options as never)).toThrow(text);
});
