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

const host = fc
  .tuple(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/), fc.constantFrom('db', 'eu-1', 'prod'))
  .chain(([name, zone]) =>
    fc.constantFrom(`${name}.${zone}.acme.corp`, `${name}.${zone}.svc`, `${name}.com`),
  );
const quoted = fc.stringMatching(/^[a-z0-9 .:/=-]{0,20}$/);
const parameters = fc.record({
  host,
  port: fc.integer({ min: 1, max: 65535 }),
  id: fc.oneof(
    id,
    fc.ulid(),
    fc.stringMatching(/^[0-9a-f]{24}$/).filter((hex) => /\d/.test(hex)),
  ),
  date: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
  text: quoted,
});
type Parameters = typeof parameters extends fc.Arbitrary<infer T> ? T : never;

it.each<[string, (one: Parameters) => string]>([
  ['a host name that was looked up', ({ host }) => `getaddrinfo ENOTFOUND ${host}`],
  ['a host of one word', ({ host }) => `getaddrinfo EAI_AGAIN ${host.split('.')[0]}`],
  ['host and port', ({ host, port }) => `no answer from ${host}:${port}, giving up`],
  ['address and port', ({ port }) => `connect ECONNREFUSED 10.0.${port % 256}.7:${port}`],
  ['a port alone', ({ port }) => `port:${port} is taken, tried port=${port}`],
  ['an id', ({ id }) => `no order ${id}`],
  ['an id behind a name', ({ id }) => `order_id=${id} (order:${id}) is gone`],
  ['an id in a path', ({ id }) => `GET /orders/${id}/items failed`],
  ['an ISO date', ({ date }) => `expired at=${date.toISOString()}, since ${date.toISOString()}`],
  ['a day', ({ date }) => `no prices of ${date.toISOString().slice(0, 10)}`],
  ['a date of HTTP', ({ date }) => `not modified since ${date.toUTCString()}`],
  ['text in double quotes', ({ text }) => `no user "${text}" in name="${text}"`],
  ['text in single quotes', ({ text }) => `no user '${text}' in name='${text}', isn't there`],
  ['text in backticks', ({ text }) => `no user \`${text}\` in name=\`${text}\``],
])('stays the same without frames under %s', (_, text) => {
  fc.assert(
    fc.property(parameters, parameters, word, (one, other, code) => {
      const bare = (message: string, own = code) => ({ name: 'OwnError', code: own, message });
      expect(print(bare(text(one)))).toBe(print(bare(text(other))));
      expect(print(bare(text(one)))).not.toBe(print(bare(text(one), `${code}2`)));
      expect(print(bare(text(one)))).not.toBe(print(bare(`${text(one)} once more`)));
    }),
  );
});

it('differs without frames by what is no parameter', () => {
  const messages = [
    'read config.db',
    'read config.cache',
    'no Order',
    'no Cart',
    'A::b failed',
    'A::c failed',
  ];
  const prints = messages.map((message) => print({ name: 'OwnError', message }));
  expect(new Set(prints).size).toBe(messages.length);
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
