import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CorrelationContext } from '../src/index.ts';
import { activeTrace, formatTraceparent, inject, parseTraceparent } from '../src/propagation.ts';
import { randomSpanId } from '../src/trace/span-ids.ts';
import { parseTracestate } from '../src/trace/tracestate.ts';

const traceId = 'ab'.repeat(16);
const spanId = 'cd'.repeat(8);

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''))
    .filter((text) => !/^0+$/.test(text));

describe('traceparent', () => {
  it.each([
    [`00-${traceId}-${spanId}-01`, '01'],
    [`00-${traceId}-${spanId}-00`, '00'],
    [`00-${traceId}-${spanId}-ff`, 'ff'],
    [`01-${traceId}-${spanId}-01`, '01'],
    [`cc-${traceId}-${spanId}-01-what-the-future-will-be`, '01'],
    [`fe-${traceId}-${spanId}-09-`, '09'],
  ])('reads %s', (text, traceFlags) =>
    expect(parseTraceparent(text)).toEqual({ traceId, spanId, traceFlags }),
  );

  it.each([
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId.toUpperCase()}-01`,
    `00-${traceId}-${spanId}-0A`,
    `0A-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-extra`,
    `00-${traceId}-${spanId}-01-`,
    `cc-${traceId}-${spanId}-01extra`,
    `cc-${traceId}-${spanId}-01-${'x'.repeat(512)}`,
    `cc-${traceId}-${spanId}-01-a\r\nx: y`,
    `00-${traceId}-${spanId}-01\n`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}`,
    `00-${traceId}a-${spanId}-01`,
    `00_${traceId}_${spanId}_01`,
    ` 00-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
    '',
    undefined,
    null,
    7,
    {},
    [`00-${traceId}-${spanId}-01`],
  ])('does not believe %j', (text) => expect(parseTraceparent(text)).toBeUndefined());

  it('reads back what it writes, sampled and random flags kept', () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.constantFrom('00', '01', '02', '03'), (trace, span, traceFlags) => {
        const given = { traceId: trace, spanId: span, traceFlags };
        expect(parseTraceparent(formatTraceparent(given))).toEqual(given);
      }),
    );
  });

  it('never throws for what is no header', () => {
    fc.assert(fc.property(fc.anything(), (value) => void parseTraceparent(value)));
  });

  it('sends flags that mean nothing yet as zero, and no trace that is none', () => {
    expect(formatTraceparent({ traceId, spanId, traceFlags: 'fd' })).toBe(`00-${traceId}-${spanId}-01`);
    expect(formatTraceparent({ traceId: 'x\r\ny: z', spanId, traceFlags: '01' })).toBeUndefined();
    expect(formatTraceparent({ traceId, spanId, traceFlags: '1' })).toBeUndefined();
    expect(formatTraceparent(undefined as never)).toBeUndefined();
  });
});

describe('tracestate', () => {
  const members = (count: number): string => Array.from({ length: count }, (_, at) => `k${at}=v`).join(',');

  it.each([
    ['a=1', 'a=1'],
    ['rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
    [' a=1 ,\tb=2,, ', 'a=1,b=2'],
    ['fw529a3039@dt=FfAAAA*/_-', 'fw529a3039@dt=FfAAAA*/_-'],
    ['0a=in ner', '0a=in ner'],
    [members(32), members(32)],
    [`a=${'x'.repeat(256)}`, `a=${'x'.repeat(256)}`],
  ])('keeps %j', (text, expected) => expect(parseTracestate(text)).toBe(expected));

  it.each([
    ['a key twice', 'a=1,b=2,a=3'],
    ['more than 32 members', members(33)],
    ['more than 512 characters', `a=${'x'.repeat(250)},b=${'x'.repeat(250)},c=${'x'.repeat(20)}`],
    ['a value of more than 256', `a=${'x'.repeat(257)}`],
    ['upper case', 'A=1'],
    ['no value', 'a='],
    ['no key', '=1'],
    ['no pair', 'a'],
    ['two equals signs', 'a=1=2'],
    ['one bad member among good ones', 'a=1,b=\u00e9'],
    ['a control character', 'a=1\r\nx: y'],
    ['nothing', ' , '],
    ['no text', 7],
  ])('drops it whole for %s', (_name, text) => expect(parseTracestate(text)).toBeUndefined());
});

it('span ids are 16 hex digits, all different beyond the size of the pool', () => {
  const ids = Array.from({ length: 5_000 }, randomSpanId);
  expect(ids.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(5_000);
});

describe('activeTrace', () => {
  it('is what the context carries, and nothing where it carries no valid trace', () => {
    expect(activeTrace()).toBeUndefined();
    CorrelationContext.run({ traceId, spanId, traceFlags: '01' }, () =>
      expect(activeTrace()).toEqual({ traceId, spanId, traceFlags: '01' }),
    );
    for (const fields of [{ traceId }, { traceId, spanId }, { traceId: 'x', spanId, traceFlags: '01' }])
      CorrelationContext.run(fields, () => {
        expect(activeTrace()).toBeUndefined();
        expect(inject({})).not.toHaveProperty('traceparent');
      });
  });
});
