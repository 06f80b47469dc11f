// Mistakes that JavaScript would take for something else.
import { expect, it } from '@jest/globals';
import { type Cache, createCache } from '../src/index.ts';

const noValues = () => new Map<string, unknown>();

it.each<[string, (cache: Cache<unknown>) => Promise<unknown>, string]>([
  ['getMany of a text', (cache) => cache.getMany('ab'), 'keys must be an array of strings'],
  ['getMany of nothing', (cache) => cache.getMany(undefined as never), 'keys must be an array of strings'],
  [
    'getOrSetMany of a text',
    (cache) => cache.getOrSetMany('ab', noValues),
    'keys must be an array of strings',
  ],
  [
    'setMany of texts',
    (cache) => cache.setMany(['ab'] as never),
    'entries must be pairs of key and value, got ab',
  ],
  [
    'setMany of a key alone',
    (cache) => cache.setMany([['k']] as never),
    'pairs of key and value, got k among',
  ],
  [
    'setMany of an object',
    (cache) => cache.setMany({ k: 'v' } as never),
    'entries must be pairs of key and value',
  ],
])('refuses %s, and keeps nothing', async (_name, call, message) => {
  const cache = createCache<unknown>({ cacheUndefined: true });
  const error = await call(cache).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TypeError);
  expect((error as Error).message).toContain(message);
  expect(cache.stats().memory?.entries).toBe(0);
});

it('setMany takes a Map, and any other iterable of pairs', async () => {
  const cache = createCache<number>();
  await cache.setMany(new Map([['a', 1]]));
  await cache.setMany(new Map([['b', 2]]).entries());
  expect(await cache.getMany(new Set(['a', 'b']))).toEqual(
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  );
});

it.each([[Number.NaN], [undefined], [-1], ['5']])(
  'a sizeOf that answers %p is a store-error of memory that says so, and counts no bytes',
  async (size) => {
    const cache = createCache<string>({ memory: { maxBytes: 100, sizeOf: () => size as never } });
    const errors: unknown[] = [];
    cache.on('store-error', ({ tier, error }) => errors.push([tier, (error as Error).message]));
    await cache.set('k', 'v');
    expect(errors).toEqual([
      ['memory', `memory.sizeOf must answer a number of bytes >= 0, got ${size} for "k"`],
    ]);
    expect(cache.stats().memory).toMatchObject({ entries: 0, bytes: 0 });
  },
);

it('refuses loaderSoftTimeoutMs without the grace that gives it something to serve', () => {
  expect(() => createCache({ loaderSoftTimeoutMs: 50 })).toThrow('loaderSoftTimeoutMs needs grace');
  expect(() => createCache({ loaderSoftTimeoutMs: 50, grace: '1m' })).not.toThrow();
});
