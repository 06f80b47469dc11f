import { afterEach, expect, it, jest } from '@jest/globals';
import { later } from '../src/later.ts';

afterEach(() => {
  jest.useRealTimers();
});

it('waits the longest a timer can where it is told to wait longer, instead of not at all', () => {
  jest.useFakeTimers();
  const calls: string[] = [];
  later(() => calls.push('called'), Number.MAX_SAFE_INTEGER);
  jest.advanceTimersByTime(2_147_483_646);
  expect(calls).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(calls).toEqual(['called']);
});
