import { describe } from '../describe.ts';
import { type Expected, type LogRecord, misfits } from './match.ts';

const shownLines = 20;
const shownLength = 400;
const deepest = 8;

const cut = (text: string): string =>
  text.length > shownLength ? `${text.slice(0, shownLength)}… (${text.length} characters)` : text;

/** What was expected as text: functions, patterns and matchers by what they are called. */
export const showExpected = (expected: Expected): string => {
  const shown = (value: unknown, depth: number): string => {
    if (depth > deepest) return '…';
    if (value instanceof RegExp) return String(value);
    if (typeof value === 'function') return `[function ${value.name || 'without a name'}]`;
    if (Array.isArray(value)) return `[${value.map((item) => shown(item, depth + 1)).join(', ')}]`;
    if (typeof value === 'object' && value !== null) {
      const { asymmetricMatch, toAsymmetricMatcher } = value as Record<string, unknown>;
      if (typeof asymmetricMatch === 'function')
        return describe(
          typeof toAsymmetricMatcher === 'function' ? Reflect.apply(toAsymmetricMatcher, value, []) : value,
        );
      const members = Object.entries(value).map(([name, member]) => `${name}: ${shown(member, depth + 1)}`);
      return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
    }
    return typeof value === 'string' ? JSON.stringify(value) : describe(value);
  };
  return cut(shown(expected, 0));
};

export const showLines = (lines: readonly string[]): string => {
  if (lines.length === 0) return '  (nothing was logged)';
  const shown = lines.slice(0, shownLines).map((line) => `  ${cut(line)}`);
  if (lines.length > shownLines) shown.push(`  and ${lines.length - shownLines} more`);
  return shown.join('\n');
};

/** The record that fits best, and in what it does not. */
export const showNearest = (records: readonly LogRecord[], expected: Expected): string => {
  const names = Object.keys(expected).length;
  let nearest: { record: LogRecord; wrong: string[] } | undefined;
  for (const record of records) {
    const wrong = misfits(record, expected);
    if (wrong.length < names && (nearest === undefined || wrong.length < nearest.wrong.length))
      nearest = { record, wrong };
  }
  if (nearest === undefined) return '';
  const { record, wrong } = nearest;
  const differences = wrong.map((name) => `${name} is ${cut(JSON.stringify(record[name]) ?? 'not there')}`);
  return `\nThe nearest differs in: ${differences.join('; ')}`;
};
