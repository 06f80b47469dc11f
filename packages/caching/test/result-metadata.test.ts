import { expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

it('getOrSetWithMeta tells source, age and the ttl that is left, of every source', async () => {
  const clock = manualClock();
  const options = { ttl: 100, grace: '1h', stores: [new FaultyStore()], clock: clock.now };
  const cache = createCache<string>(options);
  const load = () => 'v';
  expect(await cache.getOrSetWithMeta('k', load)).toEqual({
    ...{ value: 'v', source: 'loader', stale: false },
    ...{ ageMs: 0, ttlMs: 100 },
  });
  await settle();
  clock.advance(30);
  expect(await cache.getOrSetWithMeta('k', load)).toMatchObject({ source: 'memory', ageMs: 30, ttlMs: 70 });
  const other = createCache<string>(options);
  expect(await other.getOrSetWithMeta('k', load)).toMatchObject({ source: 'store:0', ageMs: 30, ttlMs: 70 });
  clock.advance(80);
  const down = () => Promise.reject(new Error('down'));
  expect(await cache.getOrSetWithMeta('k', down)).toMatchObject({ stale: true, ageMs: 110, ttlMs: 0 });
});

it('the ttl is that of the loader, Infinity without end, and 0 for what was not kept', async () => {
  const cache = createCache<string>();
  const endless = await cache.getOrSetWithMeta('endless', () => 'v');
  const told = await cache.getOrSetWithMeta('told', ({ setTtl }) => {
    setTtl('5s');
    return 'v';
  });
  const skipped = await cache.getOrSetWithMeta('skipped', ({ skip }) => {
    skip();
    return 'v';
  });
  const changed = await cache.getOrSetWithMeta('changed', async () => {
    await cache.delete('changed');
    return 'v';
  });
  expect([endless, told, skipped, changed].map(({ ttlMs }) => ttlMs)).toEqual([
    Number.POSITIVE_INFINITY,
    5_000,
    0,
    0,
  ]);
});
