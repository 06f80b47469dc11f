import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { replaceMatches } from '../src/replace-matches.ts';

it('replaces as String.replace does, and leaves what is left', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1') }),
      fc.string({ maxLength: 3 }),
      (text, by) => {
        expect(replaceMatches(text, /[ab]{1,2}/g, ([match]) => (match === 'ab' ? undefined : by))).toBe(
          text.replace(/[ab]{1,2}/g, (match) => (match === 'ab' ? match : by)),
        );
      },
    ),
  );
});

it('moves a mark with what stands before it, and behind a replacement that covers it', () => {
  const parts = fc.array(fc.tuple(fc.constantFrom('xx', '[s]'), fc.boolean()), { maxLength: 8 });
  fc.assert(
    fc.property(parts, fc.nat({ max: 30 }), fc.string({ maxLength: 6 }), (pieces, place, by) => {
      const text = pieces.map(([piece]) => piece).join('');
      const at = Math.min(place, text.length);
      const mark = { at };
      const out = replaceMatches(text, /\[s\]/g, () => by, mark);
      // Character by character: what is behind the mark in the text is behind it in what came out.
      let expected = 0;
      for (let from = 0; from < at; ) {
        const covered = text.startsWith('[s]', from);
        expected += covered ? by.length : 1;
        from += covered ? 3 : 1;
      }
      expect(mark.at).toBe(expected);
      expect(out).toBe(text.replaceAll('[s]', () => by));
    }),
  );
});

it('finds what starts inside a match that is left, when it is asked to', () => {
  const told = ([match]: RegExpExecArray): string | undefined => (match === 'ba' ? 'X' : undefined);
  expect(replaceMatches('aba', /[ab]{2}/g, told)).toBe('aba');
  expect(replaceMatches('aba', /[ab]{2}/g, told, undefined, true)).toBe('aX');
});

it('ends with an expression that matches nothing at all', () => {
  expect(replaceMatches('abc', /(?=b)/g, () => '-')).toBe('a-bc');
  expect(replaceMatches('bc', /(?=b)/g, () => '-')).toBe('-bc');
});
