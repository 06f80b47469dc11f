import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, it } from '@jest/globals';
import { createCache, type GetOrSetOptions } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

const request = new AsyncLocalStorage<string>();

it.each<[string, GetOrSetOptions<string>, boolean]>([
  ['an eager refresh', { eagerRefresh: 0 }, true],
  ['a load behind a stale value of memory', { staleWhileRevalidate: '1h' }, true],
  ['a load behind a stale value of a store', { staleWhileRevalidate: '1h' }, false],
])('%s does not see the request that started it', async (_name, options, memory) => {
  const clock = manualClock();
  const stores = [new FaultyStore()];
  const given = { ttl: 10_000, grace: '1h', clock: clock.now, stores };
  await createCache<string>(given).set('k', 'old');
  const cache = createCache<string>(given);
  if (memory) await cache.set('k', 'old');
  clock.advance(options.eagerRefresh === undefined ? 10_000 : 1);
  const seen: unknown[] = [];
  const load = () => {
    seen.push(request.getStore());
    return 'new';
  };
  expect(await request.run('of Ada', () => cache.getOrSet('k', load, options))).toBe('old');
  await settle();
  expect(seen).toEqual([undefined]);
});

it('a load that its caller waits for sees the request', async () => {
  const cache = createCache<string | undefined>();
  expect(await request.run('of Ada', () => cache.getOrSet('k', () => request.getStore()))).toBe('of Ada');
});
