import { checkPattern, type PatternLevel } from './level-patterns.ts';
import { isLevel, type Level } from './levels.ts';

interface EnvironmentLevels {
  readonly level: Level;
  readonly patterns: readonly PatternLevel[];
  /** Parts that are not understood. */
  readonly ignored: readonly string[];
}

const isPattern = (text: string): boolean => {
  try {
    return checkPattern('a pattern', text) === text;
  } catch {
    return false;
  }
};

const parse = (text: string): EnvironmentLevels => {
  let level: Level = 'info';
  const patterns: PatternLevel[] = [];
  const ignored: string[] = [];
  for (const part of text.split(/[,;\s]+/)) {
    if (part === '') continue;
    const at = part.lastIndexOf('=');
    const name = part.slice(at + 1).toLowerCase();
    const pattern = part.slice(0, Math.max(0, at));
    if (!isLevel(name)) ignored.push(part);
    else if (at < 0) level = name;
    else if (isPattern(pattern)) patterns.push([pattern, name]);
    else ignored.push(part);
  }
  return { level, patterns, ignored };
};

let parsedFrom: string | undefined;
let parsed = parse('');

/**
 * LOG_LEVEL: a level, in any case, and levels by pattern, such as `info,db.*=debug`; parts may be separated by `,`, `;`
 * or spaces. Without a level of its own it is `info`.
 */
export const environmentLevels = (): EnvironmentLevels => {
  const given = process.env.LOG_LEVEL;
  if (given !== parsedFrom) {
    parsed = parse(given ?? '');
    parsedFrom = given;
  }
  return parsed;
};

let reported = false;

/** What of LOG_LEVEL is not understood, for the first who asks; undefined when there is nothing to tell. */
export const untoldEnvironment = (): { given: string; ignored: readonly string[] } | undefined => {
  const { ignored } = environmentLevels();
  if (reported || ignored.length === 0) return undefined;
  reported = true;
  return { given: parsedFrom ?? '', ignored };
};
