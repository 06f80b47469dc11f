import { describe, expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

interface Counter {
  n: number;
  call?: () => void;
}

const failing = (): Promise<never> => Promise.reject(new Error('down'));

describe.each([
  ['memory', () => ({})],
  ['a store', () => ({ memory: false as const, stores: [new FaultyStore()] })],
])("clone: 'structured' over %s", (_where, tiers) => {
  const make = () => {
    const clock = manualClock();
    const cache = createCache<Counter>({
      clone: 'structured',
      ttl: 10,
      grace: '1h',
      clock: clock.now,
      ...tiers(),
    });
    return { cache, clock };
  };

  it('what the caller changes after set is not what is kept', async () => {
    const { cache } = make();
    const value = { n: 1 };
    const done = cache.set('k', value);
    value.n = 2;
    await done;
    expect(await cache.get('k')).toEqual({ n: 1 });
  });

  it('a loader that changes the stale value and fails does not change what covers it', async () => {
    const { cache, clock } = make();
    await cache.set('k', { n: 1 });
    clock.advance(10);
    const value = await cache.getOrSet('k', async ({ staleValue }) => {
      staleValue!.n = 999;
      return failing();
    });
    expect(value).toEqual({ n: 1 });
  });

  it('the caller gets a loaded value that cannot be cloned', async () => {
    const { cache } = make();
    const value: Counter = { n: 1, call: () => {} };
    expect(await cache.getOrSet('k', () => value)).toBe(value);
    expect((await cache.getOrSetMany(['m'], () => new Map([['m', value]]))).get('m')).toBe(value);
  });
});

it('a value that cannot be cloned is not kept in memory, and told of', async () => {
  const cache = createCache<Counter>({ clone: 'structured' });
  const told: unknown[] = [];
  cache.on('store-error', ({ tier, operation, key }) => told.push([tier, operation, key]));
  await cache.set('k', { n: 1 });
  await cache.set('k', { n: 2, call: () => {} });
  expect(await cache.has('k')).toBe(false);
  expect(told).toEqual([['memory', 'set', 'k']]);
});

it.each(['structured', 'freeze'] as const)("clone: '%s' keeps what is handed out apart", async (clone) => {
  const cache = createCache<Counter>({ clone });
  await cache.set('k', { n: 1 });
  for (const value of [await cache.get('k'), await cache.getOrSet('k', failing)])
    try {
      value!.n = 2;
    } catch {}
  expect(await cache.get('k')).toEqual({ n: 1 });
});

it('a write that a store missed is sent again as it was, whatever the caller did to the value', async () => {
  const store = new FaultyStore();
  const clock = manualClock();
  const cache = createCache<Counter>({
    clone: 'structured',
    memory: false,
    stores: [store],
    clock: clock.now,
    storeRecovery: { retryMs: 1 },
  });
  store.mode = 'failing';
  const value = { n: 1 };
  await cache.set('k', value);
  value.n = 999;
  store.mode = 'up';
  const replayed = new Promise((resolve) => cache.on('store-replayed', resolve));
  clock.advance(60_000);
  await replayed;
  await settle();
  expect(await createCache<Counter>({ stores: [store], clock: clock.now }).get('k')).toEqual({ n: 1 });
});
