import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { createCache } from '../src/index.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
});
afterEach(() => {
  jest.useRealTimers();
});

/** Work that keeps the event loop: time passes, and no timer fires. */
const work = (ms: number): void => {
  const at = performance.now() + ms;
  jest.spyOn(performance, 'now').mockReturnValue(at);
};

it('a value ends on time, though work without a pause came between two lookups', async () => {
  const cache = createCache<string>();
  await cache.set('k', 'v', { ttl: 5 });
  expect(await cache.get('k')).toBe('v');
  work(5);
  expect(await cache.get('k')).toBeUndefined();
  expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded');
});

it('lookups of what is far from its end share a reading of the clock', async () => {
  const cache = createCache<string>();
  await cache.set('k', 'v', { ttl: '1h' });
  await cache.get('k');
  const read = jest.spyOn(performance, 'now');
  for (let lookup = 0; lookup < 20; lookup++) await cache.getOrSet('k', () => 'never');
  expect(read).toHaveBeenCalledTimes(0);
});
