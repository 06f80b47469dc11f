import type winston from 'winston';
import type { Destination } from './destination.ts';
import type { Feed } from './feed.ts';
import type { PatternLevel } from './level-patterns.ts';
import type { Level } from './levels.ts';
import type { Recorder } from './recorder.ts';
import { compileRedactor, type RedactOptions } from './redact.ts';
import { defaultLimits, type FullLimits, Rules } from './rules.ts';
import { jsonShape, type Shape } from './shape.ts';
import type { Throttling } from './throttle-options.ts';
import type { TraceReader } from './trace/active.ts';

export type Transport = winston.transport;

/** What all loggers share. Every change makes a new `version`, by which loggers and children notice it at their next call. */
export interface Configuration {
  level: Level | undefined;
  levels: readonly PatternLevel[];
  /** When levels were configured last: a level that a logger got later is its own. */
  levelsSince: number;
  redact: RedactOptions | false | undefined;
  base: Readonly<Record<string, unknown>>;
  shape: Shape | undefined;
  destination: Destination | undefined;
  feeds: readonly Feed[];
  slowMs: number | undefined;
  trace: TraceReader | undefined;
  throttle: Throttling | undefined;
  recorder: Recorder | undefined;
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
  throttle: undefined,
  recorder: undefined,
};

export const registry: {
  version: number;
  configuration: Configuration;
  /** Levels changed at run time, which come before all others; the later one last. */
  changes: readonly PatternLevel[];
  /** True once a context had a level of its own: from then on every call looks for one. */
  contextLevels: boolean;
} = {
  version: 1,
  configuration: empty,
  changes: [],
  contextLevels: false,
};

/** Makes every logger look at its configuration anew. @returns a number that grows with each call. */
export const touch = (): number => ++registry.version;

const layers: Array<Partial<Configuration>> = [];

/** Lays a change over those made before. @returns takes this change back, and no other, whatever was changed since. */
export const layOver = (layer: Partial<Configuration>): (() => void) => {
  layers.push(layer);
  registry.configuration = { ...registry.configuration, ...layer };
  touch();
  return () => {
    const at = layers.indexOf(layer);
    if (at < 0) return;
    layers.splice(at, 1);
    registry.configuration = Object.assign({ ...empty }, ...layers) as Configuration;
    touch();
  };
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
