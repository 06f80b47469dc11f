import { expect, it } from '@jest/globals';
import { createPerformanceLogger } from '../src/index.ts';
import { fakeClock } from '../src/testing.ts';
import { capture } from './capture.ts';

it('gives a logger its time and its durations', () => {
  const seen = capture();
  const time = fakeClock();
  const logger = createPerformanceLogger({
    name: 'p',
    destination: seen.destination,
    clock: time.clock,
    monotonicClock: time.monotonicClock,
    slowMs: 100,
  });
  const timer = logger.start('work');
  time.advance(250.5);
  timer.end();
  expect(seen.records()).toMatchObject([
    { timestamp: '2026-01-01T00:00:00.250Z', level: 'warn', durationMs: 250.5, slow: true },
  ]);
});

it('sets the wall clock back without a duration noticing', () => {
  const time = fakeClock(new Date('2026-05-01T12:00:00Z'));
  const before = time.monotonicClock();
  time.setTime(0);
  time.advance(5);
  expect([time.clock(), time.monotonicClock() - before]).toEqual([5, 5]);
});

it.each([
  [() => fakeClock(Number.NaN), 'start must be a Date or milliseconds since 1970, got NaN'],
  [() => fakeClock().setTime('now' as never), 'time must be a Date or milliseconds since 1970, got now'],
  [() => fakeClock().advance(-1), 'ms must be a number >= 0, got -1'],
  [() => fakeClock().advance(Number.POSITIVE_INFINITY), 'ms must be a number >= 0, got Infinity'],
])('refuses what is no time', (call, message) => {
  expect(call).toThrow(message);
});
