import { expect, it } from '@jest/globals';
import { categorise } from '../src/domain/categorise.ts';

it.each([
  ['Ada is allergic to peanuts and sees her doctor monthly', ['health']],
  ['My brother Tom married his girlfriend', ['relationships']],
  ['Flight to Lisbon, hotel booked for the holiday', ['travel']],
  ['Prefers TypeScript code over Python', ['ai, ml & technology', 'preferences']],
  ['xyzzy plugh', []],
  ['', []],
])('%j belongs to %j', (text, expected) => {
  expect(categorise(text)).toEqual(expected);
});

it('names at most three, the same ones every time', () => {
  const text = 'doctor hospital flight hotel salary boss school exam bank loan movie song';
  expect(categorise(text)).toHaveLength(3);
  expect(categorise(text)).toEqual(categorise(text));
});

it('counts a word once however often it stands there', () => {
  expect(categorise(`${'bank '.repeat(50)} doctor hospital`)[0]).toBe('health');
});
