import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type CacheOptions, createCache, type Lease, type LoadLock } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

const hanging = (): FaultyStore => Object.assign(new FaultyStore(), { mode: 'hanging' as const });
const hangingLock: LoadLock = {
  acquire: () => new Promise(() => {}),
  holds: async () => true,
  release: async () => {},
};

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const make = (stores: FaultyStore[], options: CacheOptions<string> = {}) =>
  createCache<string>({ stores, memory: false, storeTimeoutMs: 100, ...options });

/** How long a lookup takes, in ms, to the nearest 10. */
const timeOf = async (lookup: Promise<unknown>): Promise<number> => {
  let done = false;
  void lookup.finally(() => {
    done = true;
  });
  for (let ms = 0; ms <= 1_000; ms += 10) {
    for (let turn = 0; turn < 5; turn++) await settle();
    if (done) return ms;
    await jest.advanceTimersByTimeAsync(10);
  }
  throw new Error('no answer within 1 s');
};

describe('all that a lookup asks before it loads takes one storeTimeoutMs together', () => {
  it('two stores that hang', async () => {
    const cache = make([hanging(), hanging()]);
    expect(await timeOf(cache.getOrSet('k', () => 'v'))).toBe(100);
    expect(await timeOf(cache.get('k'))).toBe(100);
    expect(await timeOf(cache.getMany(['k']))).toBe(100);
  });

  it('a store and a lock that hang', async () => {
    const cache = make([hanging()], { lock: hangingLock });
    expect(await timeOf(cache.getOrSet('k', () => 'v'))).toBe(100);
  });

  it('a store whose own write hangs, once another has taken all of it', async () => {
    const cache = make([hanging(), hanging()]);
    const lookup = cache.get('k');
    for (let turn = 0; turn < 5; turn++) await settle();
    await jest.advanceTimersByTimeAsync(20);
    const write = cache.set('k', 'v');
    const timers = jest.spyOn(globalThis, 'setTimeout');
    await jest.advanceTimersByTimeAsync(1_000);
    await Promise.all([lookup, write]);
    expect(timers.mock.calls.map(([, ms]) => ms).filter((ms) => ms! <= 0)).toEqual([]);
  });

  it('a lock that hangs, behind a store that answers', async () => {
    const cache = make([new FaultyStore()], { lock: hangingLock });
    expect(await timeOf(cache.getOrSet('k', () => 'v'))).toBe(100);
  });

  it('the farther store has its full time again once the nearer one is left alone', async () => {
    const [near, far] = [hanging(), new FaultyStore()];
    const cache = make([near, far], { storeCooldown: { failures: 1 } });
    await createCache<string>({ stores: [far] }).set('k', 'v');
    expect(await timeOf(cache.get('k'))).toBe(100);
    expect(await cache.get('k')).toBe('v');
  });
});

it('a store that was left little time by the one before it is not blamed for being late', async () => {
  const late = new FaultyStore();
  // Two reads, one after the other: that of the clear mark and that of the entry.
  const get = late.get.bind(late);
  late.get = async (key) => {
    await new Promise((resolve) => setTimeout(resolve, 45));
    return get(key);
  };
  const cache = make([late, hanging()], { storeCooldown: { failures: 1 } });
  expect(await timeOf(cache.get('k'))).toBe(100);
  expect(cache.stats().stores.map(({ state, timeouts }) => [state, timeouts])).toEqual([
    ['up', 0],
    ['up', 1],
  ]);
});

it('a lock that is got too late is given up', async () => {
  const released: Lease[] = [];
  let grant: (lease: Lease) => void = () => {};
  const lock: LoadLock = {
    acquire: () =>
      new Promise((resolve) => {
        grant = resolve;
      }),
    holds: async () => true,
    release: async (_key, lease) => {
      released.push(lease);
    },
  };
  const cache = make([new FaultyStore()], { lock });
  await timeOf(cache.getOrSet('k', () => 'v'));
  expect(released).toEqual([]);
  const lease = { token: 'late', fence: 1 };
  grant(lease);
  await settle();
  expect(released).toEqual([lease]);
});

it('a pause longer than a timer can hold does not end at once', async () => {
  const clock = manualClock();
  let asked = 0;
  const store = new FaultyStore();
  const cache = make([store], {
    storeCooldown: { failures: 1, initialMs: 2 ** 32, maxMs: 2 ** 33 },
    clock: () => {
      asked++;
      return clock.now();
    },
  });
  store.mode = 'failing';
  await cache.set('k', 'v');
  asked = 0;
  for (let ms = 0; ms < 50; ms++) {
    await jest.advanceTimersByTimeAsync(1);
    await settle();
  }
  expect([asked, cache.stats().stores[0]?.missed]).toEqual([0, 1]);
});
