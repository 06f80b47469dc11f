import { expect, it } from '@jest/globals';
import { Doubts } from '../src/store/doubts.ts';

it('a record that is confirmed is believed, what is older is not', () => {
  const doubts = new Doubts();
  doubts.raise('k', 10);
  const confirm = doubts.confirming('k', 5);
  expect(doubts.doubted('k', 5)).toBe(true);
  confirm();
  expect([doubts.doubted('k', 5), doubts.doubted('k', 4)]).toEqual([false, true]);
});

it.each([
  ['of the key', (doubts: Doubts) => doubts.raise('k', 20)],
  ['of all', (doubts: Doubts) => doubts.raiseAll(20)],
])('a doubt %s that comes while the record is written outlives its confirmation', (_name, raise) => {
  const doubts = new Doubts();
  doubts.raise('k', 10);
  const confirm = doubts.confirming('k', 5);
  raise(doubts);
  confirm();
  expect(doubts.doubted('k', 5)).toBe(true);
});

it('a doubt that follows a failed write is not ended by a confirmation', () => {
  const doubts = new Doubts();
  doubts.raise('k', 10);
  doubts.settle('k', 10, false, true);
  doubts.confirming('k', 5)();
  expect(doubts.doubted('k', 5)).toBe(true);
});

it('past 10,000 keys all that is older than the newest doubt is doubted', () => {
  const doubts = new Doubts();
  for (let at = 0; at <= 10_000; at++) doubts.raise(`k${at}`, at + 1);
  expect([doubts.doubted('other', 10_000), doubts.doubted('other', 10_001)]).toEqual([true, false]);
});
