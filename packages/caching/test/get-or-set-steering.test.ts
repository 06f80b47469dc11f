import { describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { createCache, type LoadContext } from '../src/index.ts';
import { deferred, FaultyStore, manualClock, settle } from './doubles.ts';

const down = new Error('source down');
const failing = async (): Promise<never> => {
  throw down;
};

describe('slidingMaxAge', () => {
  it('gives a value its ttl anew at each read, never past the maximum age', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ ttl: 100, slidingMaxAge: 250, clock: clock.now });
    await cache.set('k', 'v');
    const seen: unknown[] = [];
    for (let at = 0; at < 4; at++) {
      clock.advance(80);
      seen.push(await cache.get('k'));
    }
    expect(seen).toEqual(['v', 'v', 'v', undefined]);
  });

  it('ends an unread value at its ttl', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ ttl: 100, slidingMaxAge: null, clock: clock.now });
    await cache.getOrSet('k', () => 'v');
    clock.advance(100);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('keeps the grace behind the prolonged ttl', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ ttl: 100, grace: 50, slidingMaxAge: null, clock: clock.now });
    await cache.set('k', 'v');
    clock.advance(90);
    await cache.get('k');
    clock.advance(140);
    expect(await cache.getOrSet('k', failing)).toBe('v');
    clock.advance(10_010);
    await expect(cache.getOrSet('k', failing)).rejects.toBe(down);
  });

  it('a set without sliding replaces it, even of the same key', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ ttl: 100, clock: clock.now });
    await cache.set('k', 'v', { slidingMaxAge: null });
    await cache.set('k', 'v2');
    clock.advance(90);
    expect(await cache.get('k')).toBe('v2');
    clock.advance(90);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('reaches the store at most once in half a ttl, so that another process sees the prolonged life', async () => {
    const clock = manualClock();
    const store = new FaultyStore();
    const options = { ttl: 100_000, slidingMaxAge: '1h', stores: [store], clock: clock.now };
    const cache = createCache<string>(options);
    await cache.set('k', 'v');
    const writes = store.calls;
    for (let at = 0; at < 9; at++) {
      clock.advance(10_000);
      await cache.get('k');
      await settle();
    }
    expect(store.calls - writes).toBe(2); // one read, one write
    clock.advance(50_000);
    expect(await createCache<string>(options).get('k')).toBe('v');
  });
});

it('a value that another process deleted is not prolonged', async () => {
  const clock = manualClock();
  const options = { ttl: 100_000, slidingMaxAge: '1h', stores: [new FaultyStore()], clock: clock.now };
  const [one, other] = [createCache<string>(options), createCache<string>(options)];
  await one.set('k', 'old');
  clock.advance(60_000);
  await other.delete('k');
  expect(await one.get('k')).toBe('old');
  await settle();
  expect(await one.get('k')).toBeUndefined();
});

it('a prolonged value does not undo what another process set, and is not believed any more', async () => {
  const clock = manualClock();
  const options = { ttl: 100_000, slidingMaxAge: '1h', stores: [new FaultyStore()], clock: clock.now };
  const [one, other] = [createCache<string>(options), createCache<string>(options)];
  await one.set('k', 'old');
  clock.advance(60_000);
  await other.set('k', 'new');
  expect(await one.get('k')).toBe('old');
  await settle();
  expect(await one.get('k')).toBe('new');
  expect(await createCache<string>(options).get('k')).toBe('new');
});

describe('eagerRefresh', () => {
  it('answers from memory and loads once behind it, from that share of the ttl on', async () => {
    const clock = manualClock();
    const store = new FaultyStore();
    const cache = createCache<number>({ ttl: 100, eagerRefresh: 0.8, stores: [store], clock: clock.now });
    let loads = 0;
    const load = async () => ++loads;
    await cache.getOrSet('k', load);
    clock.advance(79);
    await cache.getOrSet('k', load);
    await settle();
    expect(loads).toBe(1);
    clock.advance(1);
    expect(await Promise.all([cache.getOrSet('k', load), cache.getOrSet('k', load)])).toEqual([1, 1]);
    await settle();
    expect(loads).toBe(2);
    clock.advance(79);
    expect(await cache.getOrSet('k', load)).toBe(2);
    expect(cache.stats()).toMatchObject({ misses: 1, stale: 0 });
  });

  it('takes what another process has loaded meanwhile, and does not load', async () => {
    const clock = manualClock();
    const options = { ttl: 100_000, eagerRefresh: 0.5, stores: [new FaultyStore()], clock: clock.now };
    const [one, other] = [createCache<string>(options), createCache<string>(options)];
    await one.set('k', 'old');
    expect(await other.get('k')).toBe('old');
    clock.advance(50_000);
    const calls: string[] = [];
    for (const [name, cache] of [
      ['one', one],
      ['other', other],
    ] as const) {
      const load = () => {
        calls.push(name);
        return 'new';
      };
      expect(await cache.getOrSet('k', load)).toBe('old');
      await settle();
      expect(await cache.get('k')).toBe('new');
    }
    expect(calls).toEqual(['one']);
  });

  it('backs off after a failure, which nobody sees and which is no unhandled rejection', async () => {
    const clock = manualClock();
    const cache = createCache<number>({
      ttl: 100_000,
      eagerRefresh: 0,
      graceBackoffMs: 50,
      clock: clock.now,
    });
    await cache.set('k', 1);
    let loads = 0;
    const load = async () => {
      loads++;
      return failing();
    };
    for (let at = 0; at < 3; at++) {
      expect(await cache.getOrSet('k', load)).toBe(1);
      await settle();
    }
    expect(loads).toBe(1);
    clock.advance(50);
    await cache.getOrSet('k', load);
    await settle();
    expect(loads).toBe(2);
  });

  it('loads all due keys of getOrSetMany in one call', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ ttl: 100, eagerRefresh: 0.5, clock: clock.now });
    await cache.setMany([
      ['a', 'old'],
      ['b', 'old'],
    ]);
    clock.advance(50);
    const calls: string[][] = [];
    const load = async (keys: string[]) => {
      calls.push(keys);
      return new Map(keys.map((key) => [key, 'new']));
    };
    expect([...(await cache.getOrSetMany(['a', 'b'], load)).values()]).toEqual(['old', 'old']);
    await settle();
    expect(calls).toEqual([['a', 'b']]);
    expect(await cache.get('a')).toBe('new');
  });

  it("'probabilistic': the later and the slower the loads, the likelier", async () => {
    const clock = manualClock();
    let random = 0.5;
    const cache = createCache<number>({
      ttl: 1_000_000,
      eagerRefresh: 'probabilistic',
      clock: clock.now,
      random: () => random,
    });
    let loads = 0;
    await cache.getOrSet('k', () => ++loads);
    clock.advance(500_000);
    await cache.getOrSet('k', () => ++loads);
    await settle();
    expect(loads).toBe(1);
    random = 1;
    await cache.getOrSet('k', () => ++loads);
    await settle();
    expect(loads).toBe(2);
  });
});

describe('negativeTtl and errorTtl', () => {
  it('null lives as long as negativeTtl says, unless the loader says otherwise', async () => {
    const clock = manualClock();
    const cache = createCache<string | null>({ ttl: 1_000, negativeTtl: 10, clock: clock.now });
    await cache.getOrSet('none', () => null);
    await cache.getOrSet('told', ({ setTtl }) => {
      setTtl(500);
      return null;
    });
    await cache.getOrSet('some', () => 'v');
    await cache.set('set', null);
    clock.advance(10);
    expect([...(await cache.getMany(['none', 'told', 'some', 'set'])).keys()]).toEqual([
      'told',
      'some',
      'set',
    ]);
  });

  it('an error is thrown again by identity without a load, for errorTtl', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ errorTtl: 100, clock: clock.now });
    let loads = 0;
    const load = () => {
      loads++;
      return failing();
    };
    for (let at = 0; at < 3; at++) await expect(cache.getOrSet('k', load)).rejects.toBe(down);
    await expect(cache.getOrSetMany(['k', 'other'], async () => new Map())).rejects.toBe(down);
    expect([loads, cache.stats().loadErrors]).toEqual([1, 1]);
    clock.advance(100);
    await expect(cache.getOrSet('k', load)).rejects.toBe(down);
    expect(loads).toBe(2);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['0', 0],
  ])('a loader that throws %s is remembered like any', async (_name, thrown) => {
    const cache = createCache<string>({ errorTtl: 100 });
    let loads = 0;
    const load = async (): Promise<string> => {
      loads++;
      throw thrown;
    };
    for (let at = 0; at < 2; at++) await expect(cache.getOrSet('k', load)).rejects.toBe(thrown);
    expect(loads).toBe(1);
  });

  it.each([
    ['set', (cache: ReturnType<typeof createCache<string>>) => cache.set('k', 'v')],
    ['delete', (cache: ReturnType<typeof createCache<string>>) => cache.delete('k')],
    ['clear', (cache: ReturnType<typeof createCache<string>>) => cache.clear()],
    ['invalidateTags', (cache: ReturnType<typeof createCache<string>>) => cache.invalidateTags(['t'])],
    [
      'forceRefresh',
      (cache: ReturnType<typeof createCache<string>>) =>
        cache.getOrSet('k', () => 'v', { forceRefresh: true }),
    ],
  ] as const)('%s forgets the error', async (_name, change) => {
    const cache = createCache<string>({ errorTtl: 100 });
    await expect(cache.getOrSet('k', failing)).rejects.toBe(down);
    await change(cache);
    expect(await cache.getOrSet('k', () => 'v')).toBe('v');
  });

  it('an error of a load that a set overtook is not remembered', async () => {
    const cache = createCache<string>({ errorTtl: 100, memory: { maxEntries: 1 } });
    const load = deferred<string>();
    const wait = cache.getOrSet('k', () => load.promise);
    await settle();
    await cache.set('k', 'v');
    load.reject(down);
    await expect(wait).rejects.toBe(down);
    await cache.delete('k');
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded');
  });
});

describe('onLoaderError', () => {
  const make = (onLoaderError: (error: unknown, context: { key: string; hasStale: boolean }) => unknown) => {
    const clock = manualClock();
    const cache = createCache<string>({
      ttl: 10,
      grace: '1h',
      errorTtl: 100,
      onLoaderError: onLoaderError as never,
      clock: clock.now,
    });
    return { clock, cache };
  };

  it.each(['throw', 'cache'] as const)(
    "'%s' lets the error through though a stale value is there",
    async (verdict) => {
      const { clock, cache } = make(() => verdict);
      await cache.set('k', 'old');
      clock.advance(10);
      await expect(cache.getOrSet('k', failing)).rejects.toBe(down);
      const next = cache.getOrSet('k', () => 'new');
      if (verdict === 'throw') expect(await next).toBe('new');
      else await expect(next).rejects.toBe(down);
    },
  );

  it("'stale' covers, and is told key and whether there is a stale value", async () => {
    const told: unknown[] = [];
    const { clock, cache } = make((error, context) => {
      told.push([error, context]);
      return 'stale';
    });
    await cache.set('k', 'old');
    clock.advance(10);
    expect(await cache.getOrSet('k', failing)).toBe('old');
    await expect(cache.getOrSet('cold', failing)).rejects.toBe(down);
    expect(told).toEqual([
      [down, { key: 'k', hasStale: true }],
      [down, { key: 'cold', hasStale: false }],
    ]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken policy');
      },
    ],
    ['answers nonsense', () => 'retry'],
  ])('a policy that %s counts as stale', async (_name, policy) => {
    const { clock, cache } = make(policy);
    await cache.set('k', 'old');
    clock.advance(10);
    expect(await cache.getOrSet('k', failing)).toBe('old');
  });
});

describe('what a loader can tell', () => {
  it('an ETag, which the next load gets with the stale value, from memory and from a store', async () => {
    const clock = manualClock();
    const store = new FaultyStore();
    const options = { ttl: 10, grace: 1_000, stores: [store], clock: clock.now };
    const seen: unknown[] = [];
    const load = ({ etag, staleValue, setEtag }: LoadContext<string>) => {
      seen.push([etag, staleValue]);
      setEtag('"2"');
      return staleValue ?? 'v';
    };
    const cache = createCache<string>(options);
    await cache.getOrSet('k', load);
    clock.advance(10);
    await cache.getOrSet('k', load);
    await settle();
    clock.advance(10);
    await createCache<string>(options).getOrSet('k', load);
    expect(seen).toEqual([
      [undefined, undefined],
      ['"2"', 'v'],
      ['"2"', 'v'],
    ]);
  });

  it('a set in between takes the ETag away', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ ttl: 10, grace: 1_000, clock: clock.now });
    await cache.getOrSet('k', ({ setEtag }) => {
      setEtag('"1"');
      return 'v';
    });
    await cache.set('k', 'other');
    clock.advance(10);
    let seen: unknown = 'none';
    await cache.getOrSet('k', ({ etag }) => {
      seen = etag;
      return 'v';
    });
    expect(seen).toBeUndefined();
  });

  it('the size of the value, in place of the measured one', async () => {
    const cache = createCache<string>({ memory: { maxBytes: 1_000, maxEntryBytes: 500 } });
    await cache.getOrSet('k', ({ setSize }) => {
      setSize(321);
      return 'v';
    });
    expect(cache.stats().memory?.bytes).toBe(321);
    await cache.getOrSet('big', ({ setSize }) => {
      setSize(501);
      return 'v';
    });
    expect(await cache.has('big')).toBe(false);
    await cache.set('k', 'v');
    expect(cache.stats().memory?.bytes).not.toBe(321);
  });

  it.each([
    ['setSize', -1, 'setSize must be given a number of bytes >= 0, got -1'],
    ['setSize', Number.NaN, 'setSize must be given a number of bytes >= 0, got NaN'],
    ['setEtag', 5, 'setEtag must be given a string, got 5'],
  ] as const)('%s(%p) is refused', async (method, value, text) => {
    const cache = createCache<string>();
    await expect(
      cache.getOrSet('k', (context) => {
        context[method](value as never);
        return 'v';
      }),
    ).rejects.toThrow(text);
  });
});

it.each([
  [{ slidingMaxAge: -1 }, 'slidingMaxAge must be milliseconds >= 0'],
  [{ eagerRefresh: 1.1 }, "eagerRefresh must be a share from 0 to 1 or 'probabilistic', got 1.1"],
  [{ eagerRefresh: 'xfetch' }, "eagerRefresh must be a share from 0 to 1 or 'probabilistic', got xfetch"],
  [{ negativeTtl: 'soon' }, 'negativeTtl must be milliseconds >= 0'],
  [{ errorTtl: Number.NaN }, 'errorTtl must be milliseconds >= 0'],
  [{ onLoaderError: 'stale' }, 'onLoaderError must be a function, got stale'],
])('refuses %j, of the cache and of a call', async (options, text) => {
  expect(() => createCache(options as never)).toThrow(text);
  await expect(createCache().getOrSet('k', () => 1, options as never)).rejects.toThrow(text);
});

it('a store written by this release is read by one that knows neither ETag nor sliding', async () => {
  const keyv = new Keyv();
  const cache = createCache<string>({ stores: [keyv], ttl: 100, slidingMaxAge: null });
  await cache.getOrSet('k', ({ setEtag }) => {
    setEtag('"1"');
    return 'v';
  });
  await settle();
  expect(await keyv.get('cache:k=k')).toMatchObject({ a4: 1, v: 'v', e: '"1"', l: [100, null] });
});
