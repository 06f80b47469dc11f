import { expect, it } from '@jest/globals';
import { pathsOf } from '../src/pattern-paths.ts';

it.each<[RegExp, number]>([
  [/abc/, 1],
  [/a|b|cd/, 3],
  [/a?/, 2],
  [/a{3}/, 1],
  [/a{1,64}/, 64],
  [/a{1,64}?b/, 64],
  [/[a-z]{1,8}@[a-z]{1,8}/, 64],
  [/(?:a|b){2}/, 4],
  [/(?:a{1,2}){1,2}/, 6],
  [/(a?b|c){0,1}/, 4],
  [/[|*+?{]{2}/, 1],
  [/[\]|]x\|\*/, 1],
  [/(?<year>\d{4})-(?=x)(?!y|z)(?<=a)(?<!b)\k<year>/, 2],
  [/\p{L}{1,4}\u{1F600}/u, 4],
  [/a{,3}b{x}/, 1],
  [/(?:)/, 1],
  [/a*/, Number.POSITIVE_INFINITY],
  [/a+?/, Number.POSITIVE_INFINITY],
  [/(?:ab{2,})/, Number.POSITIVE_INFINITY],
  [/(?:a+){0}/, 1],
])('counts the ways of %s', (pattern, ways) => {
  expect(pathsOf(pattern.source, pattern.flags)).toBe(ways);
});

it('gives up counting early', () => {
  expect(pathsOf('(?:a|b){1,1000}', '')).toBeGreaterThan(5_000);
});

it('knows the sets in sets of flag v', () => {
  expect(pathsOf('[[a-z]--[b\\|c]]{1,3}', 'v')).toBe(3);
});
