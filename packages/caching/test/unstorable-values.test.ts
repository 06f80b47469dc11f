import { expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { type Cache, createCache } from '../src/index.ts';

it.each<[string, (cache: Cache<unknown>) => Promise<unknown>]>([
  ['set', (cache) => cache.set('k', Promise.resolve('v'))],
  ['setMany', (cache) => cache.setMany([['k', Promise.resolve('v')]])],
  [
    'the loader of getOrSetMany',
    (cache) => cache.getOrSetMany(['k'], () => new Map([['k', Promise.resolve('v')]])),
  ],
])('refuses a promise as a value from %s, and keeps nothing', async (_name, call) => {
  const cache = createCache<unknown>();
  await expect(call(cache)).rejects.toThrow(new TypeError('a value must not be a promise: await it first'));
  expect(await cache.has('k')).toBe(false);
});

it.each([
  ['Date', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['Map', new Map([['a', 1]]), {}],
  ['Set', new Set([1]), {}],
  ['RegExp', /a/, {}],
  ['Error', new Error('lost'), {}],
  ['NaN', Number.NaN, null],
  ['Infinity', Number.POSITIVE_INFINITY, null],
])('the JSON of Keyv makes of a %s in a store what Limits says', async (_name, value, stored) => {
  const cache = createCache<unknown>({ memory: false, stores: [new Keyv()] });
  await cache.set('k', value);
  expect(await cache.get('k')).toEqual(stored);
});
