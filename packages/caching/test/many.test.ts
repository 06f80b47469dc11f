import { describe, expect, it, jest } from '@jest/globals';
import { type Cache, createCache } from '../src/index.ts';
import { deferred, FaultyStore, manualClock, settle } from './doubles.ts';

describe('getOrSetMany', () => {
  it('brings the missing keys in one loader call, joined to loads under way', async () => {
    const store = new FaultyStore();
    await createCache<string>({ stores: [store] }).set('stored', 'from store');
    const cache = createCache<string>({ stores: [store] });
    await cache.set('held', 'from memory');
    const load = deferred<string>();
    const single = cache.getOrSet('loading', () => load.promise);
    const asked: string[][] = [];
    const many = cache.getOrSetMany(['held', 'stored', 'loading', 'x', 'y', 'x', 'none'], async (keys) => {
      asked.push(keys);
      return new Map([
        ['x', 'X'],
        ['y', 'Y'],
        ['uninvited', 'Z'],
      ]);
    });
    const joined = cache.getOrSet('x', () => 'not called');
    await settle();
    load.resolve('from the other load');
    expect([...(await many)]).toEqual([
      ['held', 'from memory'],
      ['stored', 'from store'],
      ['loading', 'from the other load'],
      ['x', 'X'],
      ['y', 'Y'],
    ]);
    expect(asked).toEqual([['x', 'y', 'none']]);
    expect([await single, await joined]).toEqual(['from the other load', 'X']);
    expect([await cache.has('y'), await cache.has('none'), await cache.has('uninvited')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('rejects with the loader error, unless every key has a stale value within grace', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ clock: clock.now, ttl: 1_000, grace: 5_000 });
    await cache.setMany([
      ['a', '1'],
      ['b', '2'],
    ]);
    clock.advance(1_000);
    const error = new Error('down');
    const failing = () => Promise.reject(error);
    expect(await cache.getOrSetMany(['a', 'b'], failing)).toEqual(
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    );
    await expect(cache.getOrSetMany(['a', 'c'], failing)).rejects.toBe(error);
  });

  it('does not let its result undo a set of one of its keys', async () => {
    const cache = createCache<string>();
    const load = deferred<Map<string, string>>();
    const many = cache.getOrSetMany(['a', 'b'], () => load.promise);
    await settle();
    await cache.set('a', 'newer');
    load.resolve(
      new Map([
        ['a', 'old'],
        ['b', 'B'],
      ]),
    );
    await many;
    expect(await cache.getMany(['a', 'b'])).toEqual(
      new Map([
        ['a', 'newer'],
        ['b', 'B'],
      ]),
    );
  });

  it('aborts its loader only when nobody waits for any of its keys', async () => {
    const cache = createCache<string>();
    const leaving = new AbortController();
    let signal: AbortSignal | undefined;
    const load = deferred<Map<string, string>>();
    const many = cache.getOrSetMany(
      ['a', 'b'],
      (_keys, context) => {
        signal = context.signal;
        return load.promise;
      },
      { signal: leaving.signal },
    );
    const joined = cache.getOrSet('b', () => 'not called');
    await settle();
    leaving.abort(new Error('gone'));
    await expect(many).rejects.toThrow('gone');
    expect(signal?.aborted).toBe(false);
    load.resolve(new Map([['b', 'B']]));
    expect(await joined).toBe('B');
  });
});

describe('a caller of one key that joins a load of many', () => {
  it.each([
    ['getOrSet', (cache: Cache<string>, loader: () => string) => cache.getOrSet('b', loader)],
    [
      'getOrSetWithMeta',
      async (cache: Cache<string>, loader: () => string) => (await cache.getOrSetWithMeta('b', loader)).value,
    ],
  ])(
    'has its own loader called, once for all such, where the other leaves the key out (%s)',
    async (_name, ask) => {
      const cache = createCache<string>();
      const loaded = deferred<Map<string, string>>();
      const many = cache.getOrSetMany(['a', 'b'], () => loaded.promise);
      const own = jest.fn(() => 'B');
      const asked = [ask(cache, own), ask(cache, own), ask(cache, own)];
      await settle();
      expect(own).not.toHaveBeenCalled();
      loaded.resolve(new Map([['a', 'A']]));
      expect([...(await many)]).toEqual([['a', 'A']]);
      expect(await Promise.all(asked)).toEqual(['B', 'B', 'B']);
      expect(own).toHaveBeenCalledTimes(1);
      expect(cache.stats()).toMatchObject({ misses: 5, loads: 2 });
      expect(await cache.get('b')).toBe('B');
    },
  );
});

describe('a caller of many keys that leaves while some are answered by a store', () => {
  const make = async () => {
    const stores = [new FaultyStore()];
    await createCache<string>({ stores }).set('stored', 'v');
    return { store: stores[0]!, cache: createCache<string>({ stores, maxLoads: 1 }) };
  };

  it('ends the load of the others, whose turn is free again', async () => {
    const { cache } = await make();
    const leaving = new AbortController();
    let signal: AbortSignal | undefined;
    const left = cache.getOrSetMany(
      ['stored', 'missing'],
      (_keys, context) => {
        signal = context.signal;
        return new Promise(() => {});
      },
      { signal: leaving.signal },
    );
    await settle();
    expect(signal?.aborted).toBe(false);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(signal?.aborted).toBe(true);
    expect(await cache.getOrSet('z', () => 'fine')).toBe('fine');
  });

  it('has no loader called when it leaves before the answer', async () => {
    const { cache } = await make();
    const leaving = new AbortController();
    const load = jest.fn(async () => new Map<string, string>());
    const left = cache.getOrSetMany(['stored', 'missing'], load, { signal: leaving.signal });
    const other = cache.getOrSet('stored', () => 'never');
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(await other).toBe('v');
    await settle();
    expect(load).not.toHaveBeenCalled();
  });
});

describe.each([
  ['', {}],
  [', in its turn', { maxLoads: 1 }],
  [', with a store', { stores: [new FaultyStore()] }],
] as const)(
  'keys of a batch that are changed one after the other before its loader is called%s',
  (_name, options) => {
    it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('all have an answer, %i turns of the queue apart', async (turns) => {
      const cache = createCache<string>(options);
      const load = (keys: string[]) => new Map(keys.map((key) => [key, 'loaded']));
      const answers = cache.getOrSetMany(['a', 'b'], load);
      void cache.set('a', 'set');
      for (let at = 0; at < turns; at++) await null;
      void cache.clear();
      expect([...(await answers).keys()]).toEqual(['a', 'b']);
    });
  },
);
