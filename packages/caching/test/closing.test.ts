import { describe, expect, it, jest } from '@jest/globals';
import { CacheClosedError, CacheManager, createCache, type Lease, type LoadLock } from '../src/index.ts';
import { deferred, FaultyStore, manualClock, settle } from './doubles.ts';

/** A store whose reads wait until `gate` opens. */
const slowStore = () => {
  const store = new FaultyStore();
  const gate = deferred<void>();
  const get = store.get.bind(store);
  store.get = async (key) => {
    await gate.promise;
    return get(key);
  };
  return { store, open: () => gate.resolve() };
};

it('the loader is not called when everybody left while the stores were asked', async () => {
  const { store, open } = slowStore();
  const cache = createCache<string>({ stores: [store] });
  const leaving = new AbortController();
  let calls = 0;
  const wait = cache.getOrSet('k', () => `call ${++calls}`, { signal: leaving.signal });
  leaving.abort(new Error('gone'));
  await expect(wait).rejects.toThrow('gone');
  open();
  await settle();
  expect(calls).toBe(0);
  expect(await cache.getOrSet('k', () => `call ${++calls}`)).toBe('call 1');
});

it('a caller whose signal a listener aborts meanwhile leaves at once', async () => {
  const cache = createCache<string>();
  await cache.set('held', 'v');
  const leaving = new AbortController();
  cache.on('hit', () => leaving.abort(new Error('gone')));
  const wait = cache.getOrSetMany(['held', 'k'], () => new Promise(() => {}), { signal: leaving.signal });
  await expect(wait).rejects.toThrow('gone');
});

describe('close()', () => {
  it('calls no loader any more for a lookup that still asks the stores', async () => {
    const { store, open } = slowStore();
    const cache = createCache<string>({ stores: [store] });
    let calls = 0;
    const wait = cache.getOrSet('k', () => `call ${++calls}`);
    const closing = cache.close();
    await expect(wait).rejects.toBeInstanceOf(CacheClosedError);
    open();
    await closing;
    await settle();
    expect(calls).toBe(0);
  });

  it('rejects who waits for a loader that does not listen to its signal', async () => {
    const cache = createCache<string>({ ttl: 1, grace: '1h' });
    const waits = [
      cache.getOrSet('k', () => new Promise<string>(() => {})),
      cache.getOrSet('k', () => 'not called'),
      cache.getOrSetMany(['a', 'b'], () => new Promise(() => {})),
    ];
    const ends = Promise.allSettled(waits);
    await settle();
    await cache.close();
    for (const end of await ends)
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'CACHE_CLOSED' } });
  });

  it.each([true, false])(
    'keeps nothing of a load that resolves after it (replaced by another: %p)',
    async (replaced) => {
      const store = new FaultyStore();
      const cache = createCache<string>({ stores: [store] });
      const load = deferred<string>();
      const wait = cache.getOrSet('k', () => load.promise).catch((error: unknown) => error);
      await settle();
      const other = replaced
        ? cache.getOrSet('k', () => new Promise<string>(() => {}), { forceRefresh: true }).catch(() => {})
        : undefined;
      await cache.close();
      const calls = store.calls;
      load.resolve('late');
      expect(await wait).toBeInstanceOf(CacheClosedError);
      await other;
      await settle();
      expect([cache.stats().memory?.entries, store.calls, store.data.size]).toEqual([0, calls, 0]);
    },
  );

  it('keeps nothing in memory of a read that ends after it', async () => {
    const { store, open } = slowStore();
    const cache = createCache<string>({ stores: [store] });
    await createCache<string>({ stores: [store] }).set('k', 'v');
    const read = cache.get('k');
    await cache.close();
    open();
    await read;
    await settle();
    expect(cache.stats().memory?.entries).toBe(0);
  });

  it('waits until what was loaded before it is in the stores, behind a lock too', async () => {
    const store = new FaultyStore();
    const lease: Lease = { token: 't', fence: 1 };
    const lock: LoadLock = {
      acquire: async () => lease,
      holds: async () => {
        await settle();
        return true;
      },
      release: async () => {},
    };
    const cache = createCache<string>({ stores: [store], lock });
    await cache.getOrSet('k', () => 'v');
    await cache.close();
    expect(await createCache<string>({ stores: [store] }).get('k')).toBe('v');
  });
});

it.each([
  [{ disconect: true }, 'close has no option "disconect"; it knows disconnect'],
  [{ disconnect: 'yes' }, 'disconnect must be true or false, got yes'],
])('close(%j) is refused, by a cache and a manager, and closes nothing', async (options, text) => {
  const manager = new CacheManager();
  const cache = manager.create<string>('c');
  for (const owner of [cache, manager]) await expect(owner.close(options as never)).rejects.toThrow(text);
  await cache.set('k', 'v');
  expect([await cache.get('k'), manager.names()]).toEqual(['v', ['c']]);
});

it.each([0, 1, 2, 3, 4, 5, 6])(
  'no loader is called after close, where a load that lacks the key ended %i turns of the queue before',
  async (turns) => {
    const cache = createCache<string>();
    const many = deferred<Map<string, string>>();
    const batch = cache.getOrSetMany(['k'], () => many.promise);
    await settle();
    let closed = false;
    let calledLate = false;
    const joined = cache.getOrSet('k', () => {
      calledLate = closed;
      return 'v';
    });
    many.resolve(new Map());
    for (let at = 0; at < turns; at++) await null;
    closed = true;
    await Promise.allSettled([cache.close(), joined, batch]);
    expect(calledLate).toBe(false);
  },
);

it('no value is renewed after close that a store answers late', async () => {
  const clock = manualClock();
  const store = new FaultyStore();
  const options = { stores: [store], ttl: 100, eagerRefresh: 0.5, clock: clock.now };
  await createCache<string>(options).set('k', 'v');
  clock.advance(60);
  const cache = createCache<string>(options);
  const load = jest.fn(() => 'new');
  const wait = cache.getOrSet('k', load);
  const closing = cache.close();
  await expect(wait).rejects.toThrow('closed');
  await closing;
  await settle();
  expect(load).not.toHaveBeenCalled();
});
