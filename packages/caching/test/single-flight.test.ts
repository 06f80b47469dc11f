import { describe, expect, it } from '@jest/globals';
import { createCache, LoaderTimeoutError } from '../src/index.ts';
import { deferred, FaultyStore, manualClock, settle } from './doubles.ts';

describe('one load a key', () => {
  it('calls the loader once for 1000 callers, and again not at all', async () => {
    const cache = createCache<number>();
    let calls = 0;
    const loader = async () => {
      await settle();
      return ++calls;
    };
    const values = await Promise.all(Array.from({ length: 1_000 }, () => cache.getOrSet('k', loader)));
    expect(new Set(values)).toEqual(new Set([1]));
    expect(await cache.getOrSet('k', loader)).toBe(1);
    expect(calls).toBe(1);
  });

  it('gives all waiters of a failing load the same error object, after one call', async () => {
    const cache = createCache<number>();
    const error = new Error('source down');
    let calls = 0;
    const results = await Promise.allSettled(
      Array.from({ length: 1_000 }, () =>
        cache.getOrSet('k', async () => {
          calls++;
          await settle();
          throw error;
        }),
      ),
    );
    expect(calls).toBe(1);
    expect(results.every((result) => result.status === 'rejected' && result.reason === error)).toBe(true);
  });

  it('a loader that throws at once is a failed load, not a broken cache', async () => {
    const cache = createCache<number>();
    await expect(
      cache.getOrSet('k', () => {
        throw new Error('at once');
      }),
    ).rejects.toThrow('at once');
    expect(await cache.getOrSet('k', () => 2)).toBe(2);
  });

  it('does not cache undefined unless told to, and caches null', async () => {
    const plain = createCache<number | undefined | null>();
    expect(await plain.getOrSet('u', () => undefined)).toBeUndefined();
    expect(await plain.has('u')).toBe(false);
    await plain.set('n', null);
    expect([await plain.has('n'), await plain.get('n')]).toEqual([true, null]);
    await plain.set('n', undefined);
    expect(await plain.has('n')).toBe(false);

    const store = new FaultyStore();
    const keeping = createCache<number | undefined>({ cacheUndefined: true, stores: [store] });
    await keeping.getOrSet('u', () => undefined);
    expect(await keeping.getOrSet('u', () => 1)).toBeUndefined();
    await settle();
    const other = createCache<number | undefined>({ cacheUndefined: true, stores: [store] });
    expect([await other.has('u'), await other.get('u')]).toEqual([true, undefined]);
  });

  it('lets the loader set ttl and tags, or keep nothing', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ clock: clock.now, ttl: '1h' });
    await cache.getOrSet('short', (context) => {
      context.setTtl('1s');
      context.setTags(['t']);
      return 'v';
    });
    await cache.getOrSet('skipped', (context) => {
      context.skip();
      return 'v';
    });
    expect([await cache.has('short'), await cache.has('skipped')]).toEqual([true, false]);
    await cache.invalidateTags(['t']);
    expect(await cache.has('short')).toBe(false);
  });
});

describe('leaving a wait', () => {
  it('one waiter that aborts rejects at once and takes nobody along', async () => {
    const cache = createCache<string>();
    const load = deferred<string>();
    const leaving = new AbortController();
    let loaderSignal: AbortSignal | undefined;
    const loader = ({ signal }: { signal: AbortSignal }) => {
      loaderSignal = signal;
      return load.promise;
    };
    const first = cache.getOrSet('k', loader, { signal: leaving.signal });
    const second = cache.getOrSet('k', loader);
    await settle();
    const reason = new Error('client gone');
    leaving.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect(loaderSignal?.aborted).toBe(false);
    load.resolve('v');
    expect(await second).toBe('v');
  });

  it('aborts the loader when the last waiter has left, and the next caller starts anew', async () => {
    const cache = createCache<string>();
    const load = deferred<string>();
    const controllers = [new AbortController(), new AbortController()];
    let loaderSignal: AbortSignal | undefined;
    const waits = controllers.map(({ signal }) =>
      cache.getOrSet(
        'k',
        (context) => {
          loaderSignal = context.signal;
          return load.promise;
        },
        { signal },
      ),
    );
    await settle();
    controllers[0]!.abort(new Error('one'));
    expect(loaderSignal?.aborted).toBe(false);
    controllers[1]!.abort(new Error('two'));
    expect(loaderSignal?.aborted).toBe(true);
    await Promise.allSettled(waits);
    expect(await cache.getOrSet('k', () => 'new')).toBe('new');
    load.resolve('abandoned');
    await settle();
    expect(await cache.get('k')).toBe('new');
  });

  it('a caller waits no longer than loaderTimeoutMs, and the late result is kept', async () => {
    const cache = createCache<string>({ loaderTimeoutMs: 5 });
    const load = deferred<string>();
    const failure = await cache.getOrSet('k', () => load.promise).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LoaderTimeoutError);
    expect(failure).toMatchObject({ code: 'CACHE_LOADER_TIMEOUT', timeoutMs: 5, name: 'LoaderTimeoutError' });
    load.resolve('late');
    await settle();
    expect(await cache.get('k')).toBe('late');
  });

  it('gives up a load that hangs for ten times the limit, so that its key recovers', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ clock: clock.now, loaderTimeoutMs: 5 });
    await expect(cache.getOrSet('k', () => new Promise<string>(() => {}))).rejects.toBeInstanceOf(
      LoaderTimeoutError,
    );
    clock.advance(51);
    expect(await cache.getOrSet('k', () => 'fresh')).toBe('fresh');
  });
});

describe('forceRefresh', () => {
  it('loads though there is a fresh value, once for callers at the same time', async () => {
    const cache = createCache<number>();
    await cache.set('k', 0);
    let calls = 0;
    const loader = async () => {
      await settle();
      return ++calls;
    };
    const forced = { forceRefresh: true };
    expect(await Promise.all([1, 2, 3].map(() => cache.getOrSet('k', loader, forced)))).toEqual([1, 1, 1]);
    expect(await cache.get('k')).toBe(1);
  });
});
