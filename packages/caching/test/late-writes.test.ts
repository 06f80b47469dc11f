import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { type Cache, createCache } from '../src/index.ts';
import { deferred, FaultyStore, settle } from './doubles.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const many = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await settle();
};

/** Holds back the first write. */
class LateStore extends FaultyStore {
  readonly gate = deferred<void>();
  #writes = 0;
  override async set(key: string, value: unknown): Promise<boolean> {
    if (++this.#writes === 1) await this.gate.promise;
    return super.set(key, value);
  }
}

const timeOut = async (write: Promise<unknown>): Promise<void> => {
  await many();
  await jest.advanceTimersByTimeAsync(50);
  await write;
};

const make = (store: FaultyStore): Cache<string> =>
  createCache<string>({ stores: [store], memory: false, storeTimeoutMs: 50 });

it.each<[string, (cache: Cache<string>) => Promise<unknown>]>([
  ['set', (cache) => cache.set('k', 'new')],
  ['delete', (cache) => cache.delete('k')],
])('a write that timed out and lands after a later %s is removed again', async (_name, change) => {
  const store = new LateStore();
  const cache = make(store);
  await timeOut(cache.set('k', 'old'));
  await change(cache);
  store.gate.resolve();
  await many();
  expect(await make(store).get('k')).toBeUndefined();
  expect(await make(store).getOrSet('k', () => 'loaded')).toBe('loaded');
});

it('one that lands before anything later stays', async () => {
  const store = new LateStore();
  const cache = make(store);
  await timeOut(cache.set('k', 'v'));
  store.gate.resolve();
  await many();
  expect([await make(store).get('k'), await cache.get('k')]).toEqual(['v', 'v']);
});

it('and so does a later one that another process has written over it', async () => {
  const store = new LateStore();
  const [cache, other] = [make(store), make(store)];
  await timeOut(cache.set('k', 'old'));
  await cache.delete('k');
  const { set } = FaultyStore.prototype;
  const landing = jest.spyOn(FaultyStore.prototype, 'set').mockImplementation(async function (
    this: FaultyStore,
    ...args: Parameters<typeof set>
  ) {
    await set.apply(this, args);
    landing.mockRestore();
    await other.set('k', 'later');
    return true;
  });
  store.gate.resolve();
  await many();
  expect(await make(store).get('k')).toBe('later');
});
