import { describe } from './describe.ts';
import { checkLevel, type Level } from './levels.ts';

/** A level for all loggers whose name fits: `db.pool` for one, `db.*` for many. */
export type PatternLevel = readonly [pattern: string, level: Level];

const matches = (pattern: string, name: string): boolean => {
  const parts = pattern.split('*');
  const first = parts.shift() as string;
  const last = parts.pop() as string;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - at >= last.length && name.endsWith(last);
};

/** How well a pattern such as `db.*` or `db.pool` fits a name: its length, exact names first; -1 for not at all. */
const fit = (pattern: string, name: string): number => {
  if (pattern === name) return Number.POSITIVE_INFINITY;
  return pattern.includes('*') && matches(pattern, name) ? pattern.length : -1;
};

/** The level of the pattern that fits best; of two that fit as well, the later one. */
export const bestLevel = (patterns: Iterable<PatternLevel>, name: string): Level | undefined => {
  let best: { level: Level; score: number } | undefined;
  for (const [pattern, level] of patterns) {
    const score = fit(pattern, name);
    if (score >= 0 && (best === undefined || score >= best.score)) best = { level, score };
  }
  return best?.level;
};

/** @throws TypeError unless it is a text of 1 to 256 characters. */
export const checkPattern = (option: string, value: unknown): string => {
  if (typeof value === 'string' && value !== '' && value.length <= 256) return value;
  throw new TypeError(
    `${option} must be a logger's name or a pattern such as db.*, of 1 to 256 characters, got ${describe(value).slice(0, 300)}`,
  );
};

/** @throws TypeError or RangeError naming the pattern that is wrong. */
export const patternLevels = (option: string, value: Readonly<Record<string, unknown>>): PatternLevel[] =>
  Object.entries(value).map(([pattern, level]) => [
    checkPattern(`a pattern of ${option}`, pattern),
    checkLevel(`${option}['${pattern}']`, level),
  ]);
