import { expect, it } from '@jest/globals';
import { CacheManager, cached, createCache } from '../src/index.ts';
import { FaultyStore } from './doubles.ts';

const load = () => 'v';
const unknownOption =
  'createCache has no option "tll"; it knows name, namespace, memory, stores, ttl, grace,';

it.each<[string, () => unknown, string]>([
  ['createCache', () => createCache({ tll: 3 } as never), unknownOption],
  [
    'create of a manager',
    () => new CacheManager().create('c', { tll: 3 } as never),
    'create has no option "tll"; it knows namespace, memory, stores, ttl, grace,',
  ],
  [
    'a second name to a manager',
    () => new CacheManager().create('c', { name: 'd' } as never),
    'create has no option "name"; it knows namespace,',
  ],
  ['a number', () => createCache(300 as never), 'createCache options must be an object, got 300'],
  [
    'memory',
    () => createCache({ memory: { maxEntires: 5 } as never }),
    'memory has no option "maxEntires"; it knows maxEntries, maxBytes, maxEntryBytes, sizeOf, policy',
  ],
  [
    'storeCooldown',
    () => createCache({ storeCooldown: { initial: 5 } as never }),
    'storeCooldown has no option "initial"; it knows failures, initialMs, maxMs',
  ],
  ['no tier', () => createCache({ memory: false }), 'memory: false needs at least one store in stores'],
  [
    'no tier, empty stores',
    () => createCache({ memory: false, stores: [] }),
    'memory: false needs at least one store in stores',
  ],
  [
    'memory.ttl without a store to ask after it',
    () => createCache({ memory: { ttl: 10 } }),
    'memory.ttl needs at least one store in stores',
  ],
  [
    'memory.ttl without a store, of 0',
    () => createCache({ memory: { ttl: 0 }, stores: [] }),
    'memory.ttl needs at least one store in stores',
  ],
])('refuses at construction what would quietly do something else: %s', (_name, make, message) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});

it('memory.ttl of null, which is no end, needs no store', async () => {
  const cache = createCache<string>({ memory: { ttl: null } });
  await cache.set('k', 'v');
  expect(await cache.get('k')).toBe('v');
});

it('works without memory on a store alone', async () => {
  const cache = createCache<string>({ memory: false, stores: [new FaultyStore()] });
  await cache.set('k', 'v');
  expect(await cache.get('k')).toBe('v');
});

it.each<[string, (cache: ReturnType<typeof createCache>) => Promise<unknown>, string]>([
  ['set', (cache) => cache.set('k', 'v', { tag: ['t'] } as never), 'set has no option "tag"; it knows ttl,'],
  [
    'set, an option of getOrSet',
    (cache) => cache.set('k', 'v', { forceRefresh: true } as never),
    'set has no option "forceRefresh"; it knows ttl, grace, tags',
  ],
  [
    'set, bare seconds',
    (cache) => cache.set('k', 'v', 300 as never),
    'set options must be an object, got 300',
  ],
  [
    'setMany',
    (cache) => cache.setMany([['k', 'v']], { tag: ['t'] } as never),
    'setMany has no option "tag"; it knows ttl, grace, tags',
  ],
  [
    'warm',
    (cache) => cache.warm(['k'], load, { force: true } as never),
    'warm has no option "force"; it knows concurrency, ttl,',
  ],
  [
    'getOrSet',
    (cache) => cache.getOrSet('k', load, { force: true } as never),
    'getOrSet has no option "force"; it knows ttl, grace, tags, slidingMaxAge, staleWhileRevalidate, signal, loaderTimeoutMs,',
  ],
  [
    'getOrSetMany',
    (cache) => cache.getOrSetMany(['k'], () => new Map(), { force: true } as never),
    'getOrSetMany has no option "force"',
  ],
])('rejects an unknown option of a call, and stores nothing: %s', async (_name, call, message) => {
  const cache = createCache();
  await expect(call(cache)).rejects.toThrow(new RegExp(`^${message.replace(/[[\]]/g, '\\$&')}`));
  expect(cache.stats().memory?.entries).toBe(0);
});

it.each<[string, () => unknown, string]>([
  [
    'the Python habit',
    () => cached(300 as never),
    "cached options must be an object, got 300; for 300 seconds write cached({ ttl: '300s' })",
  ],
  [
    'a duration alone',
    () => cached('5m' as never),
    'got "5m"; for a time to live write cached({ ttl: "5m" })',
  ],
  ['the function itself', () => cached(load as never), 'got a function; write cached()(fn), or @cached()'],
  ['null', () => cached(null as never), 'cached options must be an object, got null'],
  [
    'a misspelt option',
    () => cached({ tll: 1 } as never),
    'cached has no option "tll"; it knows ttl, grace,',
  ],
  ['a ttl without unit', () => cached({ ttl: '300' }), "ttl must be milliseconds >= 0, a text such as '5m'"],
  ['grace', () => cached({ grace: -1 }), 'grace must be milliseconds >= 0'],
  ['staleWhileRevalidate', () => cached({ staleWhileRevalidate: 'x' }), 'staleWhileRevalidate must be'],
  ['loaderTimeoutMs', () => cached({ loaderTimeoutMs: 0 }), 'loaderTimeoutMs must be a number of ms above 0'],
  ['tags', () => cached({ tags: [''] }), "tag must be a non-empty string, got ''"],
  ['key', () => cached({ key: 'id' as never }), 'key must be a function of the arguments, got id'],
  ['scope', () => cached({ scope: 'global' as never }), 'scope must be one of instance, shared, got global'],
  [
    'memory',
    () => cached({ memory: { max: 1 } as never })(load),
    'memory has no option "max"; it knows maxEntries',
  ],
  ['no function', () => cached()(5 as never), 'cached() wraps a function, got 5'],
  ['name', () => cached({ name: '' }), "name must be a non-empty string, got ''"],
  ['cache', () => cached({ cache: 5 as never, name: 'f' }), 'cache must be a cache of createCache, got 5'],
  ...[{ memory: {} }, { cacheUndefined: true }, { clock: Date.now }].map(
    (own): [string, () => unknown, string] => [
      `${Object.keys(own)} beside cache`,
      () => cached({ cache: createCache(), name: 'f', ...own }),
      `cached(): ${Object.keys(own)} is of a function's own cache; with cache, set it there`,
    ],
  ),
])('cached() refuses at decoration, before any call: %s', (_name, decorate, message) => {
  expect(decorate).toThrow(message);
});
