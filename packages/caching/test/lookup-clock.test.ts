import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { LookupClock } from '../src/lookup-clock.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
});
afterEach(() => {
  jest.useRealTimers();
});

/** Time passes, and no timer fires: as while promises keep the event loop. */
const pass = (ms: number): void => {
  const at = performance.now() + ms;
  jest.spyOn(performance, 'now').mockReturnValue(at);
};

it('lookups within a millisecond share a reading, the next one has its own', () => {
  const { recent } = new LookupClock();
  const first = recent();
  const read = jest.spyOn(performance, 'now');
  expect([recent(), read.mock.calls.length]).toEqual([first, 0]);
  read.mockRestore();
  jest.advanceTimersByTime(1);
  expect(recent()).toBe(first + 1);
});

it('no more than 64 lookups share a reading, even if no timer can fire', () => {
  const { recent } = new LookupClock();
  const first = recent();
  pass(10);
  for (let lookup = 1; lookup < 64; lookup++) expect(recent()).toBe(first);
  expect(recent()).toBe(first + 10);
});

it('a lookup is never earlier than a write before it', () => {
  const { now, recent } = new LookupClock();
  const first = recent();
  pass(10);
  expect([now(), recent()]).toEqual([first + 10, first + 10]);
});

it('one timer at a time, and none that keeps the process alive', () => {
  const { recent } = new LookupClock();
  for (let lookup = 0; lookup < 200; lookup++) recent();
  expect(jest.getTimerCount()).toBe(1);
  jest.useRealTimers();
  const kept = process.getActiveResourcesInfo();
  new LookupClock().recent();
  expect(process.getActiveResourcesInfo()).toEqual(kept);
});
