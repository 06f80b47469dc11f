import { expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';

it.each([['hits'], ['toString'], [undefined], [Symbol('hit')]])(
  'refuses to listen to %p, and tells which events there are',
  (event) => {
    expect(() => createCache().on(event as never, () => {})).toThrow(
      `There is no event ${String(event)}; there are hit, miss, stale, load, load-error, set, delete,`,
    );
  },
);

it('refuses a listener that is no function', () => {
  expect(() => createCache().on('hit', undefined as never)).toThrow(
    'The listener of "hit" must be a function, got undefined',
  );
});

it('a listener added twice is called twice, and taken off once at a time', async () => {
  const cache = createCache<string>();
  let heard = 0;
  const listener = () => heard++;
  const off = cache.on('set', listener);
  cache.on('set', listener);
  await cache.set('k', 'v');
  expect(heard).toBe(2);
  off();
  off();
  await cache.set('k', 'v');
  expect(heard).toBe(3);
});
