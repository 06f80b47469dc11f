import { describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { createCache } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

const read = {
  get: (cache: ReturnType<typeof createCache<string>>) => cache.get('k'),
  getMany: async (cache: ReturnType<typeof createCache<string>>) => (await cache.getMany(['k'])).get('k'),
  getOrSet: (cache: ReturnType<typeof createCache<string>>) => cache.getOrSet('k', () => 'loaded'),
};
const tiers: [string, object][] = [
  ['no memory', { memory: false }],
  ['memory.ttl 0', { memory: { ttl: 0 } }],
  ['a memory.ttl shorter than the reads are apart', { memory: { ttl: 30 } }],
];

describe.each(tiers)('slidingMaxAge, with %s', (_name, memory) => {
  const make = (store: FaultyStore, clock: { now: () => number }, maxAge = 1_000) =>
    createCache<string>({ ttl: 200, slidingMaxAge: maxAge, stores: [store], clock: clock.now, ...memory });

  it.each(Object.entries(read))(
    '%s gives a value of the stores its ttl anew, up to the maximum',
    async (_how, ask) => {
      const clock = manualClock();
      const cache = make(new FaultyStore(), clock);
      await cache.set('k', 'v');
      for (let age = 60; age < 1_000; age += 60) {
        clock.advance(60);
        expect([age, await ask(cache)]).toEqual([age, 'v']);
        await settle();
      }
      clock.advance(60);
      expect(await cache.get('k')).toBeUndefined();
    },
  );

  it('processes that each read once prolong it, and has() does not', async () => {
    const clock = manualClock();
    const store = new FaultyStore();
    await make(store, clock).set('k', 'v');
    for (let at = 0; at < 4; at++) {
      clock.advance(150);
      expect(await make(store, clock).get('k')).toBe('v');
      await settle();
    }
    clock.advance(150);
    expect(await make(store, clock).has('k')).toBe(true);
    await settle();
    clock.advance(50);
    expect(await make(store, clock).get('k')).toBeUndefined();
  });

  it('a value is written again at most once in half a ttl', async () => {
    const clock = manualClock();
    const store = new FaultyStore();
    let writes = 0;
    const set = store.set.bind(store);
    store.set = (key, value, ttl) => {
      writes++;
      return set(key, value, ttl);
    };
    const cache = make(store, clock, 10_000);
    await cache.set('k', 'v');
    for (let at = 0; at < 30; at++) {
      clock.advance(20);
      await cache.get('k');
      await settle();
    }
    expect(writes).toBe(1 + 6);
  });
});

it('with two stores, the nearer one cold, both have the longer life', async () => {
  const clock = manualClock();
  const [near, far] = [new FaultyStore(), new FaultyStore()];
  const make = (stores: FaultyStore[]) =>
    createCache<string>({ ttl: 200, slidingMaxAge: null, memory: false, stores, clock: clock.now });
  await make([far]).set('k', 'v');
  clock.advance(150);
  expect(await make([near, far]).get('k')).toBe('v');
  await settle();
  clock.advance(199);
  expect([await make([near]).get('k'), await make([far]).get('k')]).toEqual(['v', 'v']);
});

describe.each(tiers)('eagerRefresh, with %s', (_name, memory) => {
  it('a value of the stores that is due is answered, and loaded once behind the answer', async () => {
    const clock = manualClock();
    const stores = [new FaultyStore()];
    const make = () =>
      createCache<number>({ ttl: 400, eagerRefresh: 0.5, stores, clock: clock.now, ...memory });
    let loads = 0;
    const load = () => ++loads;
    const cache = make();
    const answers: number[] = [];
    for (let at = 0; at < 8; at++) {
      answers.push(await cache.getOrSet('k', load));
      await settle();
      clock.advance(50);
    }
    expect(answers).toEqual([1, 1, 1, 1, 1, 2, 2, 2]);
    expect(await make().getOrSet('k', load)).toBe(2);
    await settle();
    expect(await make().getOrSet('k', load)).toBe(3);
  });

  it('the loader is told of the value, and getOrSetMany loads those that are due in one call', async () => {
    const clock = manualClock();
    const cache = createCache<string>({
      ttl: 400,
      eagerRefresh: 0.5,
      stores: [new Keyv()],
      clock: clock.now,
      ...memory,
    });
    const loads: string[][] = [];
    const load = (keys: string[], { of }: { of(key: string): { staleValue: string | undefined } }) => {
      loads.push(keys.map((key) => `${key}=${of(key).staleValue}`));
      return new Map(keys.map((key) => [key, `${key}${loads.length}`]));
    };
    await cache.getOrSetMany(['a', 'b'], load);
    await settle();
    clock.advance(300);
    expect(Object.fromEntries(await cache.getOrSetMany(['a', 'b', 'c'], load))).toMatchObject({
      a: 'a1',
      b: 'b1',
    });
    await settle();
    expect(loads).toContainEqual(['a=a1', 'b=b1']);
    expect(loads).toContainEqual(['c=undefined']);
    expect(loads).toHaveLength(3);
  });
});
