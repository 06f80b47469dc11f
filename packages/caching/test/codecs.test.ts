import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Keyv } from 'keyv';
import { compression, encryption } from '../src/codecs.ts';
import { createCache } from '../src/index.ts';
import { settle } from './doubles.ts';

const [old, fresh] = [randomBytes(32), randomBytes(32)];
const long = 'a text that repeats itself, '.repeat(200);

describe.each(['brotli', 'gzip'] as const)('compression by %s', (algorithm) => {
  it('law: what comes out is what went in, whatever it looks like', async () => {
    const codec = compression({ algorithm, minBytes: 0 });
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.tuple(fc.constantFrom('br:', 'gz:', '=:', ''), fc.string()).map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.nat(50), async (part, times) => {
        const whole = part.repeat(times);
        expect(await codec.decompress(await codec.compress(whole))).toBe(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('makes a long text smaller, and leaves a short or a random one as it is', async () => {
    const codec = compression({ algorithm });
    expect((await codec.compress(long)).length).toBeLessThan(long.length / 10);
    expect(await codec.compress('{"short":1}')).toBe('{"short":1}');
    const noise = randomBytes(3_000).toString('base64');
    expect((await codec.compress(noise)).length).toBeLessThanOrEqual(noise.length);
  });

  it('reads the other algorithm, and what was stored without compression', async () => {
    const other = compression({ algorithm: algorithm === 'gzip' ? 'brotli' : 'gzip' });
    const codec = compression({ algorithm });
    expect(await codec.decompress(await other.compress(long))).toBe(long);
    expect(await codec.decompress('{"value":1}')).toBe('{"value":1}');
  });

  it('refuses what would unpack to more than maxBytes, and what is damaged', async () => {
    const packed = await compression({ algorithm }).compress('x'.repeat(100_000));
    await expect(compression({ maxBytes: 1_000 }).decompress(packed)).rejects.toThrow(SyntaxError);
    await expect(compression().decompress(`${packed.slice(0, 3)}AAAA`)).rejects.toThrow(SyntaxError);
  });
});

describe('encryption', () => {
  const codec = encryption({ keys: { '2026': old }, write: '2026' });

  it('law: what comes out is what went in, and no two texts are alike', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sealed = codec.encrypt(text);
        expect(codec.decrypt(sealed)).toBe(text);
        expect(codec.encrypt(text)).not.toBe(sealed);
      }),
    );
  });

  it('refuses a text that was changed anywhere, its key id included', () => {
    const sealed = codec.encrypt('secret');
    const [, , body] = sealed.split(':');
    const raw = Buffer.from(body!, 'base64');
    for (let at = 0; at < raw.length; at++) {
      const changed = Buffer.from(raw);
      changed[at]! ^= 1;
      expect(() => codec.decrypt(`aes1:2026:${changed.toString('base64')}`)).toThrow(SyntaxError);
    }
    const two = encryption({ keys: { '2026': old, same: old }, write: 'same' });
    expect(() => two.decrypt(`aes1:same:${body}`)).toThrow(SyntaxError);
    for (const text of ['', '{"value":1}', 'aes1:2026:', 'aes1:2026:AAAA', 'aes1:gone:AAAA'])
      expect(() => codec.decrypt(text)).toThrow(SyntaxError);
  });

  it('rotates: both keys are read, the new one is written with', () => {
    const rotated = encryption({ keys: { '2026': old, '2027': fresh.toString('base64') }, write: '2027' });
    expect(rotated.decrypt(codec.encrypt('v'))).toBe('v');
    expect(rotated.encrypt('v')).toMatch(/^aes1:2027:/);
    expect(() => codec.decrypt(rotated.encrypt('v'))).toThrow('unknown key "2027"');
  });

  it.each([
    [{ keys: { a: 'short' }, write: 'a' }, 'keys: "a" must be 32 bytes'],
    [{ keys: { a: 5 }, write: 'a' }, 'keys: "a" must be 32 bytes'],
    [{ keys: { 'a:b': old }, write: 'a:b' }, 'keys: an id must be letters'],
    [{ keys: { a: old }, write: 'b' }, 'write must be the id of one of keys, got b'],
    [{ keys: null, write: 'b' }, 'keys must be an object'],
    [{ keys: {}, write: 'b', key: 1 }, 'encryption has no option "key"'],
    [undefined, 'encryption options must be an object'],
  ])('refuses %j and tells no key', (options, text) => {
    expect(() => encryption(options as never)).toThrow(text);
  });
});

it.each([
  [{ algorithm: 'lz4' }, 'algorithm must be one of brotli, gzip, got lz4'],
  [{ minBytes: -1 }, 'minBytes must be an integer >= 0, got -1'],
  [{ level: 1 }, 'compression has no option "level"'],
])('compression refuses %j', (options, text) => {
  expect(() => compression(options as never)).toThrow(text);
});

describe('in a cache over keyv 6', () => {
  const stores = (map: Map<string, unknown>, options: object) => [new Keyv({ store: map, ...options })];
  const sealed = { compression: compression(), encryption: encryption({ keys: { a: old }, write: 'a' }) };

  it('values and tags go through both, and the store holds neither', async () => {
    const map = new Map<string, unknown>();
    await createCache<string>({ stores: stores(map, sealed) }).set('k', long, { tags: ['secret tag'] });
    const reader = createCache<string>({ stores: stores(map, sealed) });
    expect(await reader.get('k')).toBe(long);
    await reader.invalidateTags(['secret tag']);
    expect(await reader.has('k')).toBe(false);
    const held = JSON.stringify([...map.values()]);
    expect(held.match(/aes1:a:/g)).toHaveLength(map.size);
    expect(held).not.toMatch(/repeats|secret/);
    expect(held.length).toBeLessThan(2_000);
  });

  it('an entry of an unknown key is a miss and does not take the others or the store along', async () => {
    const map = new Map<string, unknown>();
    const other = { encryption: encryption({ keys: { b: fresh }, write: 'b' }) };
    const both = { encryption: encryption({ keys: { a: old, b: fresh }, write: 'a' }) };
    await createCache({ stores: stores(map, both) }).setMany([
      ['a', 1],
      ['c', 3],
    ]);
    const foreign = new Map<string, unknown>();
    await createCache({ stores: stores(foreign, other) }).set('b', 2);
    for (const [key, value] of foreign) map.set(key, value);
    const cache = createCache({
      stores: stores(map, { encryption: encryption({ keys: { a: old }, write: 'a' }) }),
      storeCooldown: { failures: 1 },
    });
    expect([...(await cache.getMany(['a', 'b', 'c']))]).toEqual([
      ['a', 1],
      ['c', 3],
    ]);
    await settle();
    expect(cache.stats().stores[0]?.state).toBe('up');
  });
});

describe('schema', () => {
  const make = (
    keyv: Keyv,
    schema?: { version: number; upgrade?: (value: unknown, from: number) => unknown },
  ) => createCache<unknown>({ stores: [keyv], ...(schema === undefined ? {} : { schema }) });

  it('a value of an earlier version is a miss, one of a later version too and left alone', async () => {
    const keyv = new Keyv();
    await make(keyv, { version: 2 }).set('k', 'two');
    expect(await make(keyv).get('k')).toBeUndefined();
    expect(await make(keyv, { version: 1 }).get('k')).toBeUndefined();
    expect(await make(keyv, { version: 3 }).get('k')).toBeUndefined();
    expect(await make(keyv, { version: 2 }).get('k')).toBe('two');
  });

  it('upgrade brings an earlier value up to date; undefined or a throw is a miss', async () => {
    const keyv = new Keyv();
    await make(keyv).set('k', { name: 'Ada Lovelace' });
    const upgrade = (value: unknown, from: number) => ({
      from,
      first: (value as { name: string }).name.split(' ')[0],
    });
    expect(await make(keyv, { version: 1, upgrade }).get('k')).toEqual({ from: 0, first: 'Ada' });
    expect(await make(keyv, { version: 1, upgrade: () => undefined }).get('k')).toBeUndefined();
    const throwing = make(keyv, {
      version: 1,
      upgrade: () => {
        throw new Error('cannot');
      },
    });
    expect(await throwing.get('k')).toBeUndefined();
    expect(throwing.stats().stores[0]).toMatchObject({ errors: 1, state: 'up' });
  });

  it.each([
    [{ version: 0 }, 'schema.version must be an integer >= 1, got 0'],
    [{ version: 1, upgrade: 1 }, 'schema.upgrade must be a function, got 1'],
    [{ version: 1, from: 1 }, 'schema has no option "from"'],
  ])('refuses %j', (schema, text) => {
    expect(() => createCache({ schema: schema as never })).toThrow(text);
  });
});
