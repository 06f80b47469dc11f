import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createCache, type LoadLock } from '../src/index.ts';
import { deferred, FaultyStore, settle } from './doubles.ts';

const never = (): Promise<never> => new Promise(() => {});

describe('a loader that hangs gives its turn back', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick', 'performance'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('after ten times loaderTimeoutMs, and only then', async () => {
    const cache = createCache<string>({ maxLoads: 2, loaderTimeoutMs: 30 });
    const hanging = Promise.allSettled(['a', 'b'].map((key) => cache.getOrSet(key, never)));
    await settle();
    await jest.advanceTimersByTimeAsync(299);
    await hanging;
    let loaded = false;
    const waiting = cache.getOrSet('z', () => {
      loaded = true;
      return 'fine';
    });
    await settle();
    expect(loaded).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await waiting).toBe('fine');
  });

  it('when a caller with a shorter limit replaces it', async () => {
    let time = 0;
    const cache = createCache<string>({ maxLoads: 1, clock: () => time });
    void cache.getOrSet('a', never);
    await settle();
    time = 301;
    expect(await cache.getOrSet('a', () => 'again', { loaderTimeoutMs: 30 })).toBe('again');
  });
});

it('a loader whose callers have all left gives its turn back', async () => {
  const cache = createCache<string>({ maxLoads: 1 });
  const leaving = new AbortController();
  const left = cache.getOrSet('a', never, { signal: leaving.signal });
  await settle();
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  expect(await cache.getOrSet('z', () => 'fine')).toBe('fine');
});

it('a loader that was given up and ends after all frees no second turn', async () => {
  const cache = createCache<string>({ maxLoads: 1 });
  const leaving = new AbortController();
  const late = deferred<string>();
  const left = cache.getOrSet('a', () => late.promise, { signal: leaving.signal });
  await settle();
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  const gate = deferred<string>();
  const first = cache.getOrSet('b', () => gate.promise);
  let calls = 0;
  const second = cache.getOrSet('c', () => String(++calls));
  await settle();
  late.resolve('late');
  await settle();
  expect(calls).toBe(0);
  gate.resolve('B');
  expect([await first, await second]).toEqual(['B', '1']);
});

describe('a load inside a loader runs in its turn', () => {
  it('however many loaders have all the turns', async () => {
    const cache = createCache<string>({ maxLoads: 2 });
    const answers = ['a', 'b', 'c'].map((key) =>
      cache.getOrSet(key, async () => {
        await settle();
        return `${key} with ${await cache.getOrSet(`inner ${key}`, () => 'inner')}`;
      }),
    );
    expect(await Promise.all(answers)).toEqual(['a with inner', 'b with inner', 'c with inner']);
  });

  it('by way of another cache too', async () => {
    const cache = createCache<string>({ maxLoads: 1 });
    const between = createCache<string>({ maxLoads: 1 });
    const answer = cache.getOrSet('a', () => between.getOrSet('b', () => cache.getOrSet('c', () => 'C')));
    expect(await answer).toBe('C');
  });

  it('though another caller had it queued before', async () => {
    const cache = createCache<string>({ maxLoads: 1 });
    const gate = deferred<void>();
    const outer = cache.getOrSet('a', async () => {
      await gate.promise;
      return cache.getOrSet('shared', () => 'never');
    });
    await settle();
    const queued = cache.getOrSet('shared', () => 'once');
    await settle();
    gate.resolve();
    expect([await outer, await queued]).toEqual(['once', 'once']);
  });

  it('only while that loader runs', async () => {
    const cache = createCache<string>({ maxLoads: 1 });
    let later: (() => Promise<string>) | undefined;
    await cache.getOrSet('a', async () => {
      await settle();
      later = AsyncLocalStorage.bind(() => cache.getOrSet('b', () => 'B'));
      return 'A';
    });
    const gate = deferred<string>();
    const busy = cache.getOrSet('c', () => gate.promise);
    await settle();
    let loaded = false;
    const waiting = later?.().then(() => {
      loaded = true;
    });
    await settle();
    expect(loaded).toBe(false);
    gate.resolve('C');
    await Promise.all([busy, waiting]);
    expect(loaded).toBe(true);
  });
});

describe('a load whose key is set while it waits takes what was set, and calls no loader', () => {
  it.each<[string, () => object]>([
    ['from memory', () => ({})],
    ['from a store', () => ({ memory: false, stores: [new FaultyStore()] })],
  ])('%s, where it waited for a turn', async (_where, options) => {
    const cache = createCache<string>({ maxLoads: 1, ...options() });
    const gate = deferred<string>();
    const busy = cache.getOrSet('a', () => gate.promise);
    await settle();
    const waiting = cache.getOrSetWithMeta('b', () => 'loaded');
    await settle();
    await cache.set('b', 'set');
    gate.resolve('A');
    await busy;
    expect(await waiting).toMatchObject({ value: 'set', stale: false });
    expect(cache.stats().loads).toBe(1);
    expect(await cache.getOrSet('c', () => 'C')).toBe('C');
  });

  it('where it waited for the lock', async () => {
    let held = true;
    const lock: LoadLock = {
      acquire: async () => (held ? undefined : { token: 't', fence: 1 }),
      holds: async () => true,
      release: async () => {},
    };
    const cache = createCache<string>({ lock, memory: false, stores: [new FaultyStore()] });
    const waiting = cache.getOrSet('k', () => 'loaded');
    await settle();
    await cache.set('k', 'set');
    held = false;
    expect(await waiting).toBe('set');
    expect(cache.stats().loads).toBe(0);
  });

  it('but one that is forced is loaded', async () => {
    const cache = createCache<string>({ maxLoads: 1 });
    const gate = deferred<string>();
    const busy = cache.getOrSet('a', () => gate.promise);
    await settle();
    const waiting = cache.getOrSet('b', () => 'loaded', { forceRefresh: true });
    await settle();
    await cache.set('b', 'set');
    gate.resolve('A');
    await busy;
    expect(await waiting).toBe('loaded');
  });
});
