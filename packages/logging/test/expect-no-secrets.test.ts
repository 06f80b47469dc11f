import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { expectNoSecrets, findSecrets } from '../src/testing.ts';

const secret = 's3cr3t "vä+lue/';
const where = (value: unknown): string[] =>
  findSecrets([secret], { out: value }).map((found) => `${found.encoding} ${found.where}`);

describe('finds a secret', () => {
  it.each<[string, unknown, string]>([
    ['plain', `a ${secret} b`, 'plain out'],
    ['in JSON', JSON.stringify({ a: [secret] }), 'json out'],
    ['in JSON in JSON', JSON.stringify(JSON.stringify(secret)), 'json out'],
    [
      'as unicode escapes',
      [...secret].map((c) => `\\u00${c.charCodeAt(0).toString(16).toUpperCase()}`).join(''),
      'json out',
    ],
    ['URI-encoded', `?q=${encodeURIComponent(secret)}`, 'uri out'],
    ['as a form has it', new URLSearchParams({ q: secret }).toString(), 'uri out'],
    ['in lower-case percents', encodeURIComponent(secret).toLowerCase(), 'uri out'],
    ['in hex', Buffer.from(`x${secret}`).toString('hex').toUpperCase(), 'hex out'],
    ['in a field', { infos: [{ error: { stack: secret } }] }, 'plain out.infos[0].error.stack'],
    ['under a symbol', { [Symbol('message')]: secret }, 'plain out.message'],
    ['in a key', { [secret]: 1 }, 'plain a key of out'],
    ['in a Map', new Map([['a', { b: secret }]]), 'plain out[1].b'],
    ['in a Set', new Set([secret]), 'plain out[0]'],
    ['in bytes', [Buffer.from(secret)], 'plain out[0]'],
    ['in a hidden property', Object.defineProperty({}, 'hidden', { value: secret }), 'plain out.hidden'],
    [
      'in a getter',
      {
        get late() {
          return secret;
        },
      },
      'plain out.late',
    ],
    [
      'in an inherited one',
      Object.create({
        get stack() {
          return secret;
        },
      }),
      'plain out.stack',
    ],
    ['split over chunks', ['a s3cr3t "v', 'ä+lue/ b'], 'plain out, joined'],
  ])('%s', (_name, value, expected) => {
    expect(where(value)).toContain(expected);
  });

  it('in the message and cause of an error', () => {
    const found = where(new Error(`no ${secret}`, { cause: { secret } }));
    expect(found).toEqual(
      expect.arrayContaining(['plain out.message', 'plain out.stack', 'plain out.cause.secret']),
    );
  });

  it('in base64 at any offset, of either alphabet', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 6 }),
        fc.string(),
        fc.string(),
        fc.constantFrom('base64', 'base64url'),
        (value, before, after, form) => {
          const bytes = Buffer.concat([before, value, after].map((text) => Buffer.from(text)));
          expect(findSecrets([value], { out: bytes.toString(form as BufferEncoding) })).toHaveLength(1);
        },
      ),
    );
  });

  it('in a structure that goes in a circle, or deeper than the call stack', () => {
    let deep: object = { secret };
    for (let at = 0; at < 50_000; at++) deep = { deep };
    const circle: Record<string, unknown> = { deep };
    circle.self = circle;
    expect(where(circle)).toHaveLength(1);
  });
});

it('finds nothing where there is nothing', () => {
  expect(where(['s3cr3t', '"vä', { a: 1, b: [null, undefined, 1n, Symbol('s'), () => secret] }])).toEqual([]);
});

it('throws with each secret’s name, encoding and place, but not the secret', () => {
  const outputs = { lines: [`{"a":"${encodeURIComponent(secret)}"}`], stderr: 'ok' };
  expect(() => expectNoSecrets({ apiKey: secret, other: 'not there' }, outputs)).toThrow(
    new Error('1 places show a secret:\n  apiKey (uri) in lines[0]'),
  );
  expectNoSecrets({ other: 'not there' }, outputs);
});

it.each<[unknown, unknown, string]>([
  [[], {}, 'secrets must not be empty'],
  ['text', {}, 'secrets must be an array or an object of texts, got text'],
  [['abc'], {}, 'secrets[0] must be a text of at least 4 characters'],
  [{ pin: 1234 }, {}, 'pin must be a text of at least 4 characters'],
  [['abcd'], {}, 'outputs must be an object of what was captured, such as { lines }'],
])('refuses what would prove nothing: %j %j', (secrets, outputs, message) => {
  expect(() => expectNoSecrets(secrets as never, outputs as never)).toThrow(message);
});
