import type winston from 'winston';
import type { Destination } from './destination.ts';
import type { Feed } from './feed.ts';
import { isLevel, type Level } from './levels.ts';
import { compileRedactor, type RedactOptions } from './redact.ts';
import { defaultLimits, type FullLimits, Rules } from './rules.ts';
import { jsonShape, type Shape } from './shape.ts';
import type { TraceReader } from './trace/active.ts';

export type Transport = winston.transport;

/** What all loggers share. Every change makes a new `version`, by which loggers and children notice it at their next call. */
export interface Configuration {
  level: Level | undefined;
  levels: ReadonlyArray<readonly [pattern: string, level: Level]>;
  /** When levels were configured last: a level that a logger got later is its own. */
  levelsSince: number;
  redact: RedactOptions | false | undefined;
  base: Readonly<Record<string, unknown>>;
  shape: Shape | undefined;
  destination: Destination | undefined;
  feeds: readonly Feed[];
  slowMs: number | undefined;
  trace: TraceReader | undefined;
}

const empty: Configuration = {
  level: undefined,
  levels: [],
  levelsSince: 0,
  redact: undefined,
  base: {},
  shape: undefined,
  destination: undefined,
  feeds: [],
  slowMs: undefined,
  trace: undefined,
};

export const registry: { version: number; configuration: Configuration } = {
  version: 1,
  configuration: empty,
};

/** Makes every logger look at its configuration anew. @returns a number that grows with each call. */
export const touch = (): number => ++registry.version;

/** How well a pattern such as `db.*` or `db.pool` fits a name: its literal length, exact names first; -1 for not at all. */
const fit = (pattern: string, name: string): number => {
  if (pattern === name) return Number.POSITIVE_INFINITY;
  if (!pattern.includes('*')) return -1;
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name) ? pattern.length : -1;
};

export const patternLevel = (name: string): Level | undefined => {
  let best: { level: Level; score: number } | undefined;
  for (const [pattern, level] of registry.configuration.levels) {
    const score = fit(pattern, name);
    if (score >= 0 && (best === undefined || score >= best.score)) best = { level, score };
  }
  return best?.level;
};

let reported = false;

/** LOG_LEVEL, in any case; `info` without it. `invalid` is told once in a process. */
export const environmentLevel = (): { level: Level; invalid?: string } => {
  const given = process.env.LOG_LEVEL;
  if (given === undefined || given === '') return { level: 'info' };
  const level = given.trim().toLowerCase();
  if (isLevel(level)) return { level };
  if (reported) return { level: 'info' };
  reported = true;
  return { level: 'info', invalid: given };
};

const plain = new Map<Shape, Rules>();
let compiledFrom: RedactOptions | false | undefined;

/** Loggers without a redaction of their own share rules, and with them the key cache and the text of the context. */
export const rulesFor = (
  redact: RedactOptions | false | undefined,
  limits: FullLimits,
  shape: Shape = jsonShape,
): Rules => {
  const common = registry.configuration.redact;
  if (redact !== undefined || limits !== defaultLimits)
    return new Rules(compileRedactor([common, redact]), limits, shape);
  if (compiledFrom !== common) plain.clear();
  compiledFrom = common;
  let rules = plain.get(shape);
  if (rules === undefined) {
    rules = new Rules(compileRedactor([common]), limits, shape);
    plain.set(shape, rules);
  }
  return rules;
};
