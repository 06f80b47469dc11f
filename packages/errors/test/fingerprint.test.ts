import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { handleError } from '../src/index.ts';

const word = fc.stringMatching(/^[a-z]{3,10}$/);
const frame = fc.record({ fn: word, file: word, packaged: fc.boolean() });
const at = fc.record({ line: fc.nat(9999), column: fc.nat(200) });
const id = fc.oneof(fc.uuid(), fc.stringMatching(/^[0-9][0-9a-f]{11}$/), fc.nat().map(String));
/** What changes from one occurrence of a fault to the next. */
const occurrence = fc.record({
  id,
  port: fc.integer({ min: 1024, max: 65535 }),
  at: fc
    .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
    .map((date) => date.toISOString()),
  places: fc.array(at, { minLength: 8, maxLength: 8 }),
});
type Frame = { fn: string; file: string; packaged: boolean };
type Occurrence = { id: string; port: number; at: string; places: { line: number; column: number }[] };

const message = (one: Occurrence): string =>
  `no order ${one.id} at 127.0.0.1:${one.port} since ${one.at} (see http://host:${one.port}/orders/${one.id})`;
const errorOf = (frames: readonly Frame[], one: Occurrence, code = 'E_ONE', cause?: unknown): Error => {
  const error = Object.assign(new Error(message(one), { cause }), { code });
  const lines = frames.map(({ fn, file, packaged }, index) => {
    const { line, column } = one.places[index] ?? { line: 1, column: 1 };
    return `    at ${fn} (/srv/${packaged ? 'node_modules/lib/' : ''}${file}.js:${line}:${column})`;
  });
  error.stack = `Error: ${error.message}\n${lines.join('\n')}`;
  return error;
};
const print = (error: unknown): string => handleError(error).fingerprint;
const stack = fc.array(frame, { minLength: 1, maxLength: 8 });

it('stays the same under other line numbers, ids, ports and times', () => {
  fc.assert(
    fc.property(stack, occurrence, occurrence, (frames, one, other) => {
      expect(print(errorOf(frames, one))).toBe(print(errorOf(frames, other)));
      const caused = (each: Occurrence) => errorOf(frames, each, 'E_OUT', errorOf(frames, each));
      expect(print(caused(one))).toBe(print(caused(other)));
    }),
  );
});

it('stays the same where no frame is known and the message has to speak', () => {
  fc.assert(
    fc.property(occurrence, occurrence, (one, other) => {
      expect(print(errorOf([], one))).toBe(print(errorOf([], other)));
      expect(print(message(one))).toBe(print(message(other)));
    }),
  );
});

it('differs by code, on the error and on its cause', () => {
  fc.assert(
    fc.property(stack, occurrence, word, word, (frames, one, a, b) => {
      fc.pre(a !== b);
      expect(print(errorOf(frames, one, a))).not.toBe(print(errorOf(frames, one, b)));
      const caused = (code: string) => errorOf(frames, one, 'E_OUT', errorOf(frames, one, code));
      expect(print(caused(a))).not.toBe(print(caused(b)));
    }),
  );
});

it('differs by the functions the application was in, and not by those of a library below them', () => {
  fc.assert(
    fc.property(stack, occurrence, frame, (frames, one, more) => {
      const ours = { ...more, fn: 'addedHere', packaged: false };
      expect(print(errorOf([ours, ...frames], one))).not.toBe(print(errorOf(frames, one)));
      const owned = [{ ...more, packaged: false }, ...frames];
      const library = { ...more, packaged: true };
      expect(print(errorOf([library, ...owned], one))).toBe(print(errorOf(owned, one)));
    }),
  );
});
