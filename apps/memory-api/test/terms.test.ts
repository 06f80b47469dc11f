import { expect, it } from '@jest/globals';
import { searchTerms } from '../src/domain/terms.ts';

it('keeps the words that tell something, each once, in lower case', () => {
  expect(searchTerms('When did Caroline go to the LGBTQ support-group? Caroline!')).toEqual([
    'caroline',
    'go',
    'lgbtq',
    'support',
    'group',
  ]);
});

it('keeps stop words when there is nothing else', () => {
  expect(searchTerms('who are you?')).toEqual(['who', 'are', 'you']);
});

it('takes words of any script and numbers', () => {
  expect(searchTerms('Größe 42, 東京')).toEqual(['größe', '42', '東京']);
});

it('keeps the 32 longest words of a long query', () => {
  const words = Array.from({ length: 100 }, (_, at) => `w${'x'.repeat(at)}`);
  const terms = searchTerms(words.join(' '));
  expect(terms).toHaveLength(32);
  expect(terms[0]).toBe(words[99]);
});

it('answers nothing for punctuation', () => {
  expect(searchTerms('?!… "')).toEqual([]);
});
