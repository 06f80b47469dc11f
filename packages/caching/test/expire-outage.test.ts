import { expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

const back = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await settle();
};

it.each([
  ['a process whose memory lacks the value', {}],
  ['a cache without memory', { memory: false as const }],
])('expire by %s reaches a store that did not answer, once it does', async (_who, options) => {
  const clock = manualClock();
  const store = new FaultyStore();
  const make = () =>
    createCache<string>({ ttl: '1h', grace: '1h', stores: [store], clock: clock.now, ...options });
  await make().set('k', 'old');
  const cache = make();
  store.mode = 'failing';
  await cache.expire('k');
  expect(cache.stats().stores[0]?.missed).toBe(1);
  store.mode = 'up';
  expect(await cache.get('k')).toBeUndefined();
  await back();
  expect(await make().getOrSet('k', () => 'new')).toBe('new');
});

it('expire keeps a later set of another process, and what a store answered that has nothing', async () => {
  const clock = manualClock();
  const [near, far] = [new FaultyStore(), new FaultyStore()];
  const make = () =>
    createCache<string>({ memory: false, grace: '1h', stores: [near, far], clock: clock.now });
  const [cache, other] = [make(), make()];
  far.mode = 'failing';
  expect(await cache.expire('k')).toBe(false);
  expect(cache.stats().stores.map(({ missed }) => missed)).toEqual([0, 1]);
  far.mode = 'up';
  await other.set('k', 'later');
  await cache.get('other');
  await back();
  expect(cache.stats().stores[1]?.missed).toBe(0);
  expect(await make().get('k')).toBe('later');
});
