import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hmacCensor } from '../src/index.ts';
import { captured } from './capture.ts';

const key = 'a key of sixteen';

it('gives the same value the same pseudonym, in every place, and never the value', () => {
  const { logger, records } = captured({
    redact: { keys: ['mail'], paths: ['user'], censor: hmacCensor({ key }) },
  });
  logger.info('m', { mail: 'ann@example.org', deep: { Mail: 'ann@example.org' }, user: 'ann@example.org' });
  const [record] = records();
  expect(record!.mail).toMatch(/^hmac:string:[\w-]{16}$/);
  expect((record!.deep as { Mail: string }).Mail).toBe(record!.mail);
  expect(record!.user).toBe(record!.mail);
});

it('tells types and keys apart', () => {
  const [one, other] = [hmacCensor({ key }), hmacCensor({ key: `${key}!` })];
  const made = [
    one('1'),
    one(1),
    one(1n),
    one(true),
    one('true'),
    one(null),
    one('null'),
    one(['1']),
    other('1'),
  ];
  expect(new Set(made).size).toBe(made.length);
  expect(one({ a: 1, b: { c: 2, d: 3 } })).toBe(one({ b: { d: 3, c: 2 }, a: 1 }));
  expect(one(new Date(0))).not.toBe(one(new Date(1)));
});

it('shows no value and differs for different values', () => {
  const censor = hmacCensor({ key, length: 43 });
  fc.assert(
    fc.property(fc.string({ minLength: 8 }), fc.string(), (value, other) => {
      expect(censor(value)).not.toContain(value);
      expect(censor(value) === censor(other)).toBe(value === other);
    }),
  );
});

it.each([
  ['a Map', new Map([['a', 1]])],
  ['a cycle', ((o) => Object.assign(o, { o }))({})],
  ['an error', new Error('e')],
])('leaves %s to the usual mark', (_name, secret) => {
  const { logger, records } = captured({ redact: { censor: hmacCensor({ key }) } });
  logger.info('m', { secret });
  expect(records()[0]!.secret).toBe('[REDACTED]');
});

it('takes length and encoding', () => {
  expect(hmacCensor({ key, length: 64, encoding: 'hex' })('x')).toMatch(/^hmac:string:[0-9a-f]{64}$/);
  expect(hmacCensor({ key: Buffer.from(key), length: 8 })('x')).toBe(hmacCensor({ key, length: 8 })('x'));
});

it('keeps its key to itself, and a copy of it', () => {
  const bytes = Buffer.from(key);
  const censor = hmacCensor({ key: bytes });
  const before = censor('x');
  bytes.fill(0);
  expect(censor('x')).toBe(before);
  const looks =
    inspect(censor, { showHidden: true, depth: 9 }) + String(censor) + JSON.stringify({ ...censor });
  expect(looks).not.toContain(key);
});

describe('options', () => {
  it.each<[unknown, string]>([
    [{ key: 'short key' }, 'hmacCensor key must have at least 16 bytes, got 9'],
    [{ key: 12345678901234567890n }, 'hmacCensor key must be a string or a Uint8Array, got bigint'],
    [{ key, length: 7 }, 'hmacCensor length must be an integer from 8 to 43, got 7'],
    [{ key, length: 65, encoding: 'hex' }, 'hmacCensor length must be an integer from 8 to 64, got 65'],
    [{ key, encoding: 'utf8' }, 'hmacCensor encoding must be base64url or hex, got utf8'],
    [{ key, keys: 1 }, 'hmacCensor has no option "keys"; it knows key, length, encoding'],
  ])('that are wrong are refused without showing the key: %#', (options, message) => {
    expect(() => hmacCensor(options as never)).toThrow(message);
    try {
      hmacCensor(options as never);
    } catch (error) {
      expect(inspect(error)).not.toContain('short key');
    }
  });
});
