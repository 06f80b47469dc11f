import { describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { encryption } from '../src/codecs.ts';
import { type Cache, createCache, type StoreError } from '../src/index.ts';
import { settle } from './doubles.ts';

const key = (fill: number) => Buffer.alloc(32, fill);

type Codec = ReturnType<typeof encryption> | undefined;
const codecs: [string, Codec, Codec][] = [
  [
    'a mark under an encryption key that was dropped',
    encryption({ keys: { a: key(1) }, write: 'a' }),
    encryption({ keys: { b: key(2) }, write: 'b' }),
  ],
  [
    'a plain mark, since encryption was turned on later',
    undefined,
    encryption({ keys: { b: key(2) }, write: 'b' }),
  ],
];

const over = (rows: Map<string, unknown>, codec: Codec): Cache<string> =>
  createCache<string>({
    stores: [new Keyv({ store: rows, ...(codec === undefined ? {} : { encryption: codec }) })],
    memory: false,
  });

describe.each(codecs)('%s', (_name, before, after) => {
  it.each([
    ['clear', (cache: Cache<string>) => cache.clear(), 'cache:cleared'],
    ['tag', (cache: Cache<string>) => cache.invalidateTags(['t']), 'cache:t=t'],
  ] as const)(
    'of %s voids what is older, once: what is set from now on is kept',
    async (_kind, mark, name) => {
      const rows = new Map<string, unknown>();
      await mark(over(rows, before));
      const unreadable = rows.get(name);
      const cache = over(rows, after);
      const errors: StoreError[] = [];
      cache.on('store-error', ({ error }) => errors.push(error as StoreError));
      await cache.set('k', 'old', { tags: ['t'] });
      expect(await cache.get('k')).toBeUndefined();
      await settle();
      expect(rows.get(name)).not.toBe(unreadable);
      await cache.set('k', 'v', { tags: ['t'] });
      expect([await cache.get('k'), await cache.get('k')]).toEqual(['v', 'v']);
      expect(await over(rows, after).get('k')).toBe('v');
      expect(errors.map(({ code }) => code)).toEqual(['CACHE_STORE_CORRUPT']);
      expect(errors[0]?.message).toContain(name);
    },
  );
});

describe.each([
  ['years ahead', { a4: 1, s: 1e300 }],
  ['without a stamp', { a4: 1 }],
  ['of another shape', 'cleared'],
])('a mark that is %s', (_name, mark) => {
  it('is written anew, so that what is set from now on is kept, in memory too', async () => {
    const keyv = new Keyv();
    await keyv.set('cache:cleared', mark);
    const cache = createCache<string>({ stores: [keyv] });
    await cache.get('none');
    await settle();
    await cache.set('k', 'v');
    await cache.get('none');
    expect([await cache.get('k'), await cache.get('k')]).toEqual(['v', 'v']);
    expect(await createCache<string>({ stores: [keyv] }).get('k')).toBe('v');
    expect(await keyv.get('cache:cleared')).toMatchObject({ a4: 1, s: expect.any(Number) });
  });

  it('voids what is older than its first sight alone, though the store takes no new one', async () => {
    const keyv = new Keyv();
    await keyv.set('cache:cleared', mark);
    const set = keyv.set.bind(keyv);
    keyv.set = async (name: string, value: never, ttl?: number) =>
      name === 'cache:cleared' ? false : set(name, value, ttl);
    const cache = createCache<string>({ stores: [keyv], memory: false, storeCooldown: { failures: 100 } });
    await cache.set('old', 'v');
    expect(await cache.get('old')).toBeUndefined();
    await settle();
    await cache.set('k', 'v');
    expect([await cache.get('k'), await cache.get('k')]).toEqual(['v', 'v']);
  });
});

it('a sound mark that another process wrote in the meantime is not overwritten', async () => {
  const rows = new Map<string, unknown>([['cache:cleared', '{"value":{"a4":1}}']]);
  const sound = JSON.stringify({ value: { a4: 1, s: Date.now() } });
  let reads = 0;
  const store = {
    get: async (name: string) => {
      if (name === 'cache:cleared' && ++reads === 2) rows.set(name, sound);
      return rows.get(name);
    },
    set: async (name: string, value: unknown) => Boolean(rows.set(name, value)),
    delete: async (name: string) => rows.delete(name),
    clear: async () => rows.clear(),
    opts: {},
  };
  const cache = createCache<string>({ stores: [new Keyv({ store })], memory: false });
  await cache.get('k');
  await settle();
  expect(rows.get('cache:cleared')).toBe(sound);
});
