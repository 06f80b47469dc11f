import { expect, it } from '@jest/globals';
import { type Cache, CacheManager, cached, createCache } from '../src/index.ts';
import { FaultyStore, settle } from './doubles.ts';

const bare = Object.create(null) as never;
const odd = Symbol('odd') as never;

it.each<[string, () => unknown, string]>([
  ['no object', () => createCache(null as never), 'createCache options must be an object, got null'],
  ['a number', () => createCache(5 as never), 'createCache options must be an object, got 5'],
  ['a bigint', () => createCache(5n as never), 'createCache options must be an object, got 5'],
  ['null to a manager', () => new CacheManager().create('c', null as never), 'must be an object, got null'],
  ['a number to a manager', () => new CacheManager().create('c', 5 as never), 'must be an object, got 5'],
  [
    'storePolicy',
    () => createCache({ storePolicy: null as never }),
    'storePolicy must have execute(fn, signal?), got null',
  ],
  [
    'storePolicy',
    () => createCache({ storePolicy: bare }),
    'storePolicy must have execute(fn, signal?), got an object',
  ],
  ['clock', () => createCache({ clock: 5 as never }), 'clock must be a function, got 5'],
  ['clock', () => createCache({ clock: null as never }), 'clock must be a function, got null'],
  ['clock of cached', () => cached({ clock: 5 as never })(() => 1), 'clock must be a function, got 5'],
  ['random', () => createCache({ random: bare }), 'random must be a function, got an object without a text'],
  ['random', () => createCache({ random: odd }), 'random must be a function, got Symbol(odd)'],
  [
    'cacheUndefined',
    () => createCache({ cacheUndefined: 'x' as never }),
    'cacheUndefined must be true or false, got x',
  ],
  ['memory', () => createCache({ memory: 'off' as never }), 'memory options must be an object, got "off"'],
  ['memory', () => createCache({ memory: null as never }), 'memory options must be an object, got null'],
  [
    'storeCooldown',
    () => createCache({ storeCooldown: 'x' as never }),
    'storeCooldown options must be an object, got "x"',
  ],
  [
    'storeCooldown',
    () => createCache({ storeCooldown: null as never }),
    'storeCooldown options must be an object, got null',
  ],
  [
    'name',
    () => createCache({ name: bare }),
    'name must be a non-empty string, got an object without a text',
  ],
  ['ttl', () => createCache({ ttl: bare }), 'ttl must be milliseconds >= 0'],
  ['stores', () => createCache({ stores: bare }), 'stores must be an array, got an object without a text'],
  [
    'clone',
    () => createCache({ clone: bare }),
    'clone must be one of none, structured, freeze, got an object',
  ],
  ['key of cached', () => cached({ key: bare }), 'key must be a function of the arguments, got an object'],
])('refuses a wrong %s at construction, naming option and value (%#)', (_name, make, message) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});

it('tells of a jitter that has no text', () => {
  expect(() => createCache({ jitter: bare })).toThrow(
    new TypeError('jitter must be a share from 0 to 1, got an object without a text'),
  );
});

it.each<[string, (cache: Cache<string>) => Promise<unknown>, string]>([
  [
    'signal',
    (cache) => cache.getOrSet('k', () => 'v', { signal: {} as never }),
    'signal must be an AbortSignal, got [object Object]',
  ],
  [
    'signal',
    (cache) => cache.getOrSet('k', () => 'v', { signal: null as never }),
    'signal must be an AbortSignal, got null',
  ],
  [
    'signal of many',
    (cache) => cache.getOrSetMany(['k'], () => new Map(), { signal: bare }),
    'signal must be an AbortSignal, got an object',
  ],
  [
    'forceRefresh',
    (cache) => cache.getOrSet('k', () => 'v', { forceRefresh: 'x' as never }),
    'forceRefresh must be true or false, got x',
  ],
  ['key', (cache) => cache.get(bare), 'key must be a non-empty string, got an object without a text'],
  ['tags', (cache) => cache.set('k', 'v', { tags: bare }), 'tags must be an array of strings, got an object'],
])('rejects a call with a wrong %s, and stores nothing (%#)', async (_name, call, message) => {
  const cache = createCache<string>();
  const error = await call(cache).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TypeError);
  expect((error as Error).message).toContain(message);
  expect(cache.stats().memory?.entries).toBe(0);
});

it.each<[unknown, string]>([
  [undefined, 'undefined'],
  [null, 'null'],
  [['v'], 'v'],
  [{ k: 'v' }, '[object Object]'],
  [bare, 'an object without a text'],
])('says that a loader of many must return a Map when it returns %p', async (answer, shown) => {
  const cache = createCache<string>();
  await expect(cache.getOrSetMany(['k'], () => answer as never)).rejects.toThrow(
    new TypeError(`the loader of getOrSetMany must return a Map, got ${shown}`),
  );
});

it('a store that throws a value without a text is a store that failed', async () => {
  const store = new FaultyStore();
  store.get = async () => {
    throw bare;
  };
  const cache = createCache<string>({ memory: false, stores: [store] });
  expect(await cache.get('k')).toBeUndefined();
  expect(await cache.getOrSet('k', () => 'v')).toBe('v');
});

it('a listener that throws or rejects is warned of, and nothing else comes of it', async () => {
  const heard: unknown[] = [];
  const { emitWarning } = process;
  process.emitWarning = ((text: unknown) => void heard.push(text)) as typeof emitWarning;
  try {
    const cache = createCache<string>();
    cache.on('set', () => {
      throw new Error('at once');
    });
    cache.on('set', async () => {
      throw new Error('later');
    });
    cache.on('set', () => Promise.reject(bare));
    await cache.set('k', 'v');
    await settle();
    expect(await cache.get('k')).toBe('v');
  } finally {
    process.emitWarning = emitWarning;
  }
  const start = 'A listener of the cache event "set" threw: ';
  expect(heard).toEqual([
    `${start}Error: at once`,
    `${start}Error: later`,
    `${start}an object without a text`,
  ]);
});
