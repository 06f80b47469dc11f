import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createCache, LoaderTimeoutError } from '../src/index.ts';
import { deferred, FaultyStore, manualClock, settle } from './doubles.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const failing = () => Promise.reject(new Error('source down'));

describe.each([['memory'], ['store']])('grace, with the value in %s', (where) => {
  const make = (options: object = {}) => {
    const clock = manualClock();
    const cache = createCache<string>({
      clock: clock.now,
      ttl: 1_000,
      grace: 5_000,
      ...(where === 'store' ? { memory: false as const, stores: [new FaultyStore()] } : {}),
      ...options,
    });
    return { clock, cache };
  };

  it('serves the stale value when the loader fails, and says why', async () => {
    const { clock, cache } = make();
    await cache.set('k', 'old');
    clock.advance(1_500);
    expect(await cache.get('k')).toBeUndefined();
    const answer = await cache.getOrSetWithMeta('k', failing);
    expect(answer).toMatchObject({ value: 'old', stale: true, ageMs: 1_500, reason: 'loader-failed' });
    expect(String(answer.error)).toBe('Error: source down');
  });

  it('leaves a failed loader alone for graceBackoffMs', async () => {
    const { clock, cache } = make({ graceBackoffMs: 300 });
    await cache.set('k', 'old');
    clock.advance(1_000);
    await cache.getOrSet('k', failing);
    expect(await cache.getOrSetWithMeta('k', () => 'new')).toMatchObject({
      value: 'old',
      reason: 'backing-off',
    });
    clock.advance(300);
    expect(await cache.getOrSet('k', () => 'new')).toBe('new');
    expect(cache.stats().loadErrors).toBe(1);
  });

  it('throws the loader error once grace has run out', async () => {
    const { clock, cache } = make();
    await cache.set('k', 'old');
    clock.advance(6_000);
    await expect(cache.getOrSet('k', failing)).rejects.toThrow('source down');
  });

  it('serves the stale value when the loader is slow, and keeps the late result', async () => {
    const { clock, cache } = make({ loaderTimeoutMs: 5 });
    await cache.set('k', 'old');
    clock.advance(1_000);
    const load = deferred<string>();
    const wait = cache.getOrSetWithMeta('k', () => load.promise);
    await settle();
    jest.advanceTimersByTime(5);
    const answer = await wait;
    expect(answer).toMatchObject({ value: 'old', stale: true, reason: 'loader-slow' });
    expect(answer.error).toBeInstanceOf(LoaderTimeoutError);
    load.resolve('late');
    await settle();
    expect(await cache.get('k')).toBe('late');
  });

  it('loaderSoftTimeoutMs answers with the stale value before the hard limit', async () => {
    const { clock, cache } = make({ loaderSoftTimeoutMs: 2, loaderTimeoutMs: 60_000 });
    await cache.set('k', 'old');
    clock.advance(1_000);
    const load = deferred<string>();
    const wait = cache.getOrSet('k', () => load.promise);
    await settle();
    jest.advanceTimersByTime(2);
    expect(await wait).toBe('old');
    load.resolve('new');
    await settle();
    expect(await cache.get('k')).toBe('new');
  });

  it('hands the stale value to the loader', async () => {
    const { clock, cache } = make();
    await cache.set('k', 'old');
    clock.advance(1_000);
    expect(await cache.getOrSet('k', ({ staleValue }) => `${staleValue}, renewed`)).toBe('old, renewed');
  });
});

describe('staleWhileRevalidate', () => {
  const make = () => {
    const clock = manualClock();
    const cache = createCache<string>({ clock: clock.now, ttl: 1_000, staleWhileRevalidate: 5_000 });
    return { clock, cache };
  };

  it('serves the stale value at once while one load runs behind it', async () => {
    const { clock, cache } = make();
    await cache.set('k', 'old');
    clock.advance(1_000);
    const load = deferred<string>();
    let calls = 0;
    const loader = () => {
      calls++;
      return load.promise;
    };
    expect(await Promise.all([1, 2, 3].map(() => cache.getOrSet('k', loader)))).toEqual([
      'old',
      'old',
      'old',
    ]);
    expect(calls).toBe(1);
    load.resolve('new');
    await settle();
    expect(await cache.getOrSet('k', loader)).toBe('new');
  });

  it('a refresh that fails behind it rejects nobody and backs off', async () => {
    const { clock, cache } = make();
    await cache.set('k', 'old');
    clock.advance(1_000);
    expect(await cache.getOrSet('k', failing)).toBe('old');
    await settle();
    expect(await cache.getOrSetWithMeta('k', failing)).toMatchObject({ value: 'old', reason: 'backing-off' });
    expect(cache.stats()).toMatchObject({ loadErrors: 1, stale: 2 });
  });

  it('waits for the loader once its time has run out', async () => {
    const { clock, cache } = make();
    await cache.set('k', 'old');
    clock.advance(6_000);
    expect(await cache.getOrSet('k', () => 'new')).toBe('new');
  });
});

it('backing off ends where the grace of the call ends, though the value is kept for longer', async () => {
  const clock = manualClock();
  const cache = createCache<string>({ clock: clock.now, graceBackoffMs: 100_000 });
  await cache.set('k', 'old', { ttl: 10, grace: '1h' });
  clock.advance(10);
  expect(await cache.getOrSet('k', failing, { grace: 50 })).toBe('old');
  clock.advance(49);
  expect(await cache.getOrSet('k', () => 'new', { grace: 50 })).toBe('old');
  clock.advance(1);
  expect(await cache.getOrSet('k', () => 'new', { grace: 50 })).toBe('new');
});
