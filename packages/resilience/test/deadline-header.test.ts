import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromDeadlineHeader, toDeadlineHeader, withDeadline } from '../src/index.ts';
import { VirtualClock } from './virtual-clock.ts';

it.each<[number, string | undefined, string | undefined]>([
  [1_500, '1500m', '1500'],
  [1_500.9, '1500m', '1500'],
  [0.25, '250000n', '0'],
  [0, '0n', '0'],
  [-3, '0n', '0'],
  [99_999_999, '99999999m', '99999999'],
  [100_000_000, '100000S', '100000000'],
  [1e12, '16666666M', '1000000000000'],
  [1e15, '99999999H', '1000000000000000'],
  [Number.POSITIVE_INFINITY, undefined, undefined],
])('writes %p ms as %p and %p', (ms, grpc, plain) => {
  expect(toDeadlineHeader('grpc-timeout', ms)).toBe(grpc);
  expect(toDeadlineHeader('ms', ms)).toBe(plain);
});

it('writes the rest of the deadline in force, and nothing without one', async () => {
  const time = new VirtualClock();
  expect(toDeadlineHeader()).toBeUndefined();
  const written = await withDeadline(
    250,
    () => {
      time.now = 50;
      return [toDeadlineHeader(), toDeadlineHeader('ms')];
    },
    time.time,
  );
  expect(written).toEqual(['200m', '200']);
});

it.each<[unknown, number | undefined]>([
  ['1500m', 1_500],
  ['2S', 2_000],
  ['3M', 180_000],
  ['1H', 3_600_000],
  ['5u', 0.005],
  ['250000n', 0.25],
  ['1500', 1_500],
  [' 20 ', 20],
  [['7S', '9S'], 7_000],
  ['123456789m', undefined],
  ['-5m', undefined],
  ['1.5S', undefined],
  ['5s', undefined],
  ['', undefined],
  ['m', undefined],
  ['Infinity', undefined],
  ['1e3', undefined],
  [undefined, undefined],
  [null, undefined],
  [5, undefined],
  [[], undefined],
  ['9'.repeat(400), undefined],
])('reads %p as %p', (text, ms) => {
  expect(fromDeadlineHeader(text)).toBe(ms);
});

it('never promises more than there is, and loses less than one unit of the eighth digit', () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 3.5e14, noNaN: true }), (ms) => {
      const grpc = fromDeadlineHeader(toDeadlineHeader('grpc-timeout', ms))!;
      const plain = fromDeadlineHeader(toDeadlineHeader('ms', ms))!;
      expect(grpc).toBeLessThanOrEqual(ms);
      expect(plain).toBeLessThanOrEqual(ms);
      expect(ms - plain).toBeLessThan(1);
      expect(ms - grpc).toBeLessThan(ms <= 99_999_999 ? 1 : ms / 1_000 + 1);
    }),
  );
});

it('never throws whatever stands in the header', () => {
  fc.assert(
    fc.property(fc.anything(), (anything) => {
      const ms = fromDeadlineHeader(anything);
      expect(ms === undefined || ms >= 0).toBe(true);
    }),
  );
});

it('refuses a format or a number that makes no sense', () => {
  expect(() => toDeadlineHeader('seconds' as never)).toThrow('format must be one of grpc-timeout, ms');
  expect(() => toDeadlineHeader('ms', Number.NaN)).toThrow('ms must be a number of milliseconds, got NaN');
});
