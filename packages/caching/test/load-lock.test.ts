import { describe, expect, it } from '@jest/globals';
import { type Cache, type CacheOptions, createCache, type Lease, type LoadLock } from '../src/index.ts';
import { deferred, FaultyStore, manualClock, settle } from './doubles.ts';

/** A lock in memory, shared by the caches of a test as if they were processes. */
class MemoryLock implements LoadLock {
  readonly held = new Map<string, Lease>();
  mode: 'up' | 'failing' | 'hanging' = 'up';
  fence = 0;
  readonly released: string[] = [];

  async acquire(key: string): Promise<Lease | undefined> {
    if (this.mode === 'failing') throw new Error('lock server down');
    if (this.mode === 'hanging') return new Promise(() => {});
    if (this.held.has(key)) return undefined;
    const lease = { token: String(++this.fence), fence: this.fence };
    this.held.set(key, lease);
    return lease;
  }

  async holds(_key: string, lease: Lease): Promise<boolean> {
    return lease.fence === this.fence;
  }

  async release(key: string, lease: Lease): Promise<void> {
    this.released.push(lease.token);
    if (this.held.get(key)?.token === lease.token) this.held.delete(key);
  }
}

const processes = (count: number, options: CacheOptions<string> = {}) => {
  const store = new FaultyStore();
  const lock = new MemoryLock();
  const caches: Cache<string>[] = Array.from({ length: count }, () =>
    createCache<string>({ stores: [store], lock, storeTimeoutMs: 50, random: () => 0, ...options }),
  );
  return { store, lock, caches };
};

describe('a lock across processes', () => {
  it('has one process load a cold key, the others find its value in the store', async () => {
    const { caches, lock } = processes(4, { storeTimeoutMs: 5_000 });
    let loads = 0;
    const gate = deferred<string>();
    const load = () => {
      loads++;
      return gate.promise;
    };
    const waits = caches.map((cache) => cache.getOrSet('k', load));
    await settle();
    gate.resolve('v');
    expect(await Promise.all(waits)).toEqual(['v', 'v', 'v', 'v']);
    await settle();
    expect([loads, lock.held.size]).toEqual([1, 0]);
  });

  it('is given up after a failed load, and the next process tries', async () => {
    const { caches, lock } = processes(2);
    const down = new Error('down');
    const failed = caches[0]!.getOrSet('k', async () => {
      throw down;
    });
    await expect(failed).rejects.toBe(down);
    expect(await caches[1]!.getOrSet('k', () => 'v')).toBe('v');
    await settle();
    expect(lock.held.size).toBe(0);
  });

  it('is given up after a load behind a stale answer has failed', async () => {
    const { caches, lock } = processes(1, { ttl: '1h', grace: '2h', staleWhileRevalidate: '1h' });
    await caches[0]!.set('k', 'old');
    await caches[0]!.expire('k');
    let loads = 0;
    const fail = async (): Promise<string> => {
      loads++;
      throw new Error('down');
    };
    expect(await caches[0]!.getOrSet('k', fail)).toBe('old');
    for (let turn = 0; turn < 5; turn++) await settle();
    expect([loads, lock.fence, lock.held.size]).toEqual([1, 1, 0]);
  });

  it.each(['failing', 'hanging'] as const)('%s is done without', async (mode) => {
    const { caches, lock } = processes(1);
    lock.mode = mode;
    expect(await caches[0]!.getOrSet('k', () => 'v')).toBe('v');
  });

  it('whose holder never ends is waited for no longer than lockWaitMs', async () => {
    const { caches, lock } = processes(1, { lockWaitMs: 30 });
    await lock.acquire('cache:k=k');
    expect(await caches[0]!.getOrSet('k', () => 'v')).toBe('v');
    expect(lock.released).toEqual([]);
  });

  it('a holder that was followed by another does not overwrite the store', async () => {
    const { caches, lock, store } = processes(2, { lockWaitMs: 1 });
    const gate = deferred<string>();
    const slow = caches[0]!.getOrSet('k', () => gate.promise);
    await settle();
    lock.held.clear();
    expect(await caches[1]!.getOrSet('k', () => 'newer')).toBe('newer');
    await settle();
    gate.resolve('older');
    expect(await slow).toBe('older');
    await settle();
    expect(await createCache<string>({ stores: [store] }).get('k')).toBe('newer');
  });

  it('a set during the load behind a lock is not undone in the store', async () => {
    const { caches, store } = processes(1);
    const gate = deferred<string>();
    const wait = caches[0]!.getOrSet('k', () => gate.promise);
    await settle();
    await caches[0]!.set('k', 'set');
    gate.resolve('loaded');
    await wait;
    await settle();
    expect(await createCache<string>({ stores: [store] }).get('k')).toBe('set');
  });

  it('an aborted waiter leaves at once, and polling ends', async () => {
    const { caches, lock } = processes(1);
    await lock.acquire('cache:k=k');
    const controller = new AbortController();
    let loads = 0;
    const wait = caches[0]!.getOrSet('k', () => `${++loads}`, { signal: controller.signal });
    await settle();
    controller.abort(new Error('left'));
    await expect(wait).rejects.toThrow('left');
    lock.held.clear();
    await settle();
    expect([loads, caches[0]!.stats().loadErrors]).toEqual([0, 0]);
    expect(await caches[0]!.getOrSet('k', () => 'v')).toBe('v');
  });

  it('caches of different namespaces do not wait for one another', async () => {
    const { caches, lock, store } = processes(1);
    const gate = deferred<string>();
    const wait = caches[0]!.getOrSet('k', () => gate.promise);
    const other = createCache<string>({ stores: [store], lock, namespace: 'other' });
    expect(await other.getOrSet('k', () => 'other')).toBe('other');
    gate.resolve('v');
    expect(await wait).toBe('v');
  });

  it.each([
    [{ lock: {} }, 'lock must have acquire, holds and release'],
    [{ lock: new MemoryLock() }, 'lock needs stores'],
    [{ lockLeaseMs: 0 }, 'lockLeaseMs must be a number of ms above 0, got 0'],
    [{ lockWaitMs: -1 }, 'lockWaitMs must be a number of ms above 0, got -1'],
  ])('refuses %j', (options, text) => {
    expect(() => createCache(options as never)).toThrow(text);
  });
});

it('getOrSetMany takes no lock, for one key or several', async () => {
  const { caches, lock } = processes(1);
  for (const keys of [['a'], ['b', 'c']])
    await caches[0]!.getOrSetMany(keys, (missing) => new Map(missing.map((key) => [key, 'v'])));
  expect(lock.fence).toBe(0);
});

it('a load behind an answer that fails gives up the lock', async () => {
  const clock = manualClock();
  const { caches, lock } = processes(1, { staleWhileRevalidate: '1h', ttl: 10, clock: clock.now });
  await caches[0]!.set('k', 'old');
  clock.advance(10);
  expect(await caches[0]!.getOrSet('k', () => Promise.reject(new Error('down')))).toBe('old');
  await settle();
  expect([lock.fence, lock.held.size]).toEqual([1, 0]);
});

it('a lock that comes after its time limit is given up at once', async () => {
  const { caches, lock } = processes(1);
  const gate = deferred<void>();
  const acquire = lock.acquire.bind(lock);
  lock.acquire = async (key) => {
    await gate.promise;
    return acquire(key);
  };
  expect(await caches[0]!.getOrSet('k', () => 'v')).toBe('v');
  gate.resolve();
  await settle();
  expect([lock.fence, lock.held.size]).toEqual([1, 0]);
});
