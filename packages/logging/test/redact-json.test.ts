import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { captured } from './capture.ts';

const X = '[REDACTED]';
const shown = (text: string, patterns = true): unknown => {
  const { logger, records } = captured({ redact: { patterns } });
  logger.info(text);
  return records()[0]!.message;
};

it.each([
  ['{"password":"p w\\"x\\\\","n":1}', `{"password":"${X}","n":1}`],
  ['body: {"a":[{"api_key" : 12345}],"pin":null}', `body: {"a":[{"api_key" : "${X}"}],"pin":"${X}"}`],
  ['{"credentials":{"user":"u","pw":["}",{"x":1}]},"kept":1}', `{"credentials":"${X}","kept":1}`],
  ['{"token":["a","b"],"tokens":3}', `{"token":"${X}","tokens":3}`],
  ['{"password":"cut off', `{"password":"${X}"`],
  ['{"secret":{"a":"cut', `{"secret":"${X}"`],
  ['{"key":"shown","note":"password"}', '{"key":"shown","note":"password"}'],
])('hides values of secret keys in JSON kept as text: %s', (text, expected) => {
  expect(shown(text)).toBe(expected);
});

it('leaves them without patterns', () => {
  expect(shown('{"password":"p"}', false)).toBe('{"password":"p"}');
});

it('finds them in JSON at any depth of strings in strings, and leaves it JSON', () => {
  const levels = fc.integer({ min: 0, max: 2 });
  const value = fc.oneof(fc.string(), fc.integer(), fc.jsonValue({ maxDepth: 2 }));
  fc.assert(
    fc.property(levels, value, fc.string(), (level, secret, note) => {
      let text = JSON.stringify({ a: note, list: [{ password: secret, after: note }] });
      for (let turn = 0; turn < level; turn++) text = JSON.stringify({ body: text, end: turn });
      let read: unknown = shown(text);
      for (let turn = 0; turn < level; turn++) read = (JSON.parse(read as string) as { body: string }).body;
      expect(JSON.parse(read as string)).toEqual(
        JSON.parse(JSON.stringify({ a: note, list: [{ password: X, after: note }] })),
      );
    }),
    { examples: [[2, 'a"\\"\\\\', '\\']] },
  );
});
