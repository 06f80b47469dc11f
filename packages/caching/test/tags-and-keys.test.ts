import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { Invalidations, Stamps } from '../src/stamps.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

describe('invalidateTags', () => {
  it('voids the tagged entries in memory and store, and no others', async () => {
    const store = new FaultyStore();
    const clock = manualClock();
    const cache = createCache<string>({ stores: [store], clock: clock.now });
    await cache.set('a', 'v', { tags: ['user:1', 'list'] });
    await cache.set('b', 'v', { tags: ['user:2'] });
    await cache.set('c', 'v');
    await cache.invalidateTags(['user:1']);
    const other = createCache<string>({ stores: [store], clock: clock.now });
    for (const reader of [cache, other])
      expect(await reader.getMany(['a', 'b', 'c'])).toEqual(
        new Map([
          ['b', 'v'],
          ['c', 'v'],
        ]),
      );
    expect(await cache.has('a')).toBe(false);
  });

  it('in the same millisecond: what was set before is void, what is set after is not', async () => {
    const cache = createCache<string>({ stores: [new FaultyStore()], clock: () => 5, memory: false });
    await cache.set('k', 'before', { tags: ['t'] });
    await cache.invalidateTags(['t']);
    expect(await cache.get('k')).toBeUndefined();
    await cache.set('k', 'after', { tags: ['t'] });
    expect(await cache.get('k')).toBe('after');
  });

  it('tags that cannot be checked make a miss, not a wrong answer', async () => {
    const store = new FaultyStore();
    const cache = createCache<string>({ stores: [store], memory: false });
    await cache.set('k', 'v', { tags: ['t'] });
    const get = store.get.bind(store);
    store.get = async (key) => (key.includes(':t') ? Promise.reject(new Error('down')) : get(key));
    expect(await cache.get('k')).toBeUndefined();
  });

  it('many tags are merged into a floor that voids too much rather than too little', () => {
    const stamps = new Stamps(() => 1);
    const marks = new Invalidations(2);
    const before = stamps.next();
    for (const tag of ['a', 'b', 'c']) marks.tag(tag, stamps.next());
    expect([
      marks.voids(before, ['a']),
      marks.voids(before, ['other']),
      marks.voids(before, undefined),
    ]).toEqual([true, true, false]);
    expect(marks.voids(stamps.next(), ['a', 'b', 'c'])).toBe(false);
  });
});

describe('clear', () => {
  it('voids this namespace for every reader of the store, and no other', async () => {
    const store = new FaultyStore();
    const [users, others] = ['user', 'users'].map((name) => createCache<string>({ name, stores: [store] }));
    await users!.set('k', 'v');
    await others!.set('k', 'w');
    await users!.clear();
    expect(await createCache({ name: 'user', stores: [store] }).get('k')).toBeUndefined();
    expect(await createCache({ name: 'users', stores: [store] }).get('k')).toBe('w');
    await users!.set('k', 'again');
    expect(await createCache({ name: 'user', stores: [store] }).get('k')).toBe('again');
  });
});

describe('keys', () => {
  it.each(['', 5, undefined, null, {}])('refuses %p', async (key) => {
    const cache = createCache<string>();
    await expect(cache.get(key as string)).rejects.toThrow(/^key must be a non-empty string/);
    await expect(cache.getOrSet(key as string, () => 'v')).rejects.toBeInstanceOf(TypeError);
    await expect(cache.set('k', 'v', { tags: [key as string] })).rejects.toThrow(
      /^tag must be a non-empty string/,
    );
  });

  const odd = [
    ...['__proto__', 'constructor', 'a::b', ':', '%3A', '#', '=', 'é', 'e\u0301', 'a b', 'ab'],
    ...['\0', '\ud800', '\udfff', 'a\r\nset x', 'a\nset x', '\u007f', '\u0085'],
    ...['x'.repeat(5_000), 'x'.repeat(250), 'é'.repeat(160), 'é'.repeat(100)],
  ];

  it.each(odd)('keeps %j apart from the others, in memory and in a store', async (key) => {
    const store = new FaultyStore();
    const cache = createCache<string>({ stores: [store] });
    await cache.setMany(odd.map((each) => [each, `of ${JSON.stringify(each)}`]));
    const cold = createCache<string>({ stores: [store] });
    for (const reader of [cache, cold]) expect(await reader.get(key)).toBe(`of ${JSON.stringify(key)}`);
    expect(new Set([...store.data.keys()].map((stored) => Buffer.from(stored).toString())).size).toBe(
      odd.length,
    );
  });

  it.each(['cache', 'n'.repeat(400), 'é'.repeat(80), 'two words', '\0', '\ud800'])(
    'names nothing in a store that memcached or an SQL column would refuse, in the namespace %j',
    async (namespace) => {
      const store = new FaultyStore();
      const cache = createCache<string>({ namespace, stores: [store] });
      await cache.setMany(
        odd.map((each) => [each, 'v']),
        { tags: odd },
      );
      await cache.invalidateTags(odd);
      await cache.clear();
      expect(store.data.size).toBe(2 * odd.length + 1);
      for (const name of store.data.keys()) {
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(250);
        expect(name).not.toMatch(/[\p{Cc}\s]|\p{Surrogate}/u);
      }
    },
  );

  it('no namespace and key can pass for another pair', async () => {
    const store = new FaultyStore();
    const pairs: [string, string][] = [
      ['a', 'b::x'],
      ['a::b', 'x'],
      ['a:k', 'x'],
      ['a', 'k:x'],
      ['a%3Ak', 'x'],
      ['\ud800', 'x'],
      ['\udfff', 'x'],
      [`#${createHash('sha256').update(JSON.stringify('\ud800')).digest('hex')}`, 'x'],
    ];
    for (const [namespace, key] of pairs)
      await createCache<string>({ namespace, stores: [store] }).set(key, namespace + key);
    for (const [namespace, key] of pairs)
      expect(await createCache<string>({ namespace, stores: [store] }).get(key)).toBe(namespace + key);
    expect(store.data.size).toBe(pairs.length);
  });
});

it('writes of one key reach the store in the order they were made', async () => {
  const store = new FaultyStore();
  const set = store.set.bind(store);
  let first = true;
  store.set = async (key, value, ttl) => {
    if (first) {
      first = false;
      await settle();
      await settle();
    }
    return set(key, value, ttl);
  };
  const cache = createCache<string>({ stores: [store] });
  await Promise.all([cache.set('k', 'first'), cache.set('k', 'second')]);
  expect(await createCache<string>({ stores: [store] }).get('k')).toBe('second');
});
