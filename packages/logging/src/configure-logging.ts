import { type Configuration, layOver, type Transport, touch } from './configuration.ts';
import { checkFields, createLogger } from './create-logger.ts';
import { describe } from './describe.ts';
import { type Destination, destinationOf } from './destination.ts';
import { type Format, shapeOf } from './formats.ts';
import { patternLevels } from './level-patterns.ts';
import { checkLevel, type Level } from './levels.ts';
import { feedsOf } from './logger.ts';
import { onlyKnown } from './only-known.ts';
import { type RecorderOptions, recorderOf } from './recorder.ts';
import { checkRedact, type RedactOptions } from './redact.ts';
import { type ThrottleOptions, throttlingOf } from './throttle-options.ts';
import type { TraceReader } from './trace/active.ts';
import { traceReader } from './trace/reader.ts';

export interface LoggingOptions {
  /** The level of every logger, those with a level of their own included; a level assigned later is theirs again. */
  level?: Level | undefined;
  /** Levels by name, `*` standing for anything: `{ 'db.*': 'debug' }`. The longest matching pattern counts, before `level`. */
  levels?: Readonly<Record<string, Level>> | undefined;
  /** For every logger, on top of the default redaction; `false` switches it off for those that ask for none themselves. */
  redact?: RedactOptions | false | undefined;
  /** Fields of every record; a logger's own `base` wins. */
  base?: Record<string, unknown> | undefined;
  /** The shape of lines, for every logger without a `format` of its own. Default: LOG_FORMAT, `pretty` on a terminal, else `json`. */
  format?: Format | undefined;
  /** For every logger without a destination of its own. */
  destination?: Destination | 'stdout' | 'stderr' | undefined;
  /** winston transports that every logger feeds besides its own. They are not closed when replaced: who made them does that. */
  transports?: Transport | readonly Transport[] | undefined;
  /** From this duration on a timing of a performance logger is a `warn`, in milliseconds. */
  slowMs?: number | undefined;
  /**
   * Whose ids a record carries as `traceId`, `spanId` and `traceFlags`, before those of the context: `'otel'` for
   * OpenTelemetry's active span, or a function of your own; `false` for the context's alone, which is the default.
   */
  trace?: 'otel' | TraceReader | false | undefined;
  /** Sampling, rate limit and deduplication, for every logger without a `throttle` of its own; `false` for none. */
  throttle?: ThrottleOptions | false | undefined;
  /** Keeps records below the written level and writes them when an error comes; `false` for none. Default none. */
  recorder?: RecorderOptions | false | undefined;
}

const loggingOptions = [
  'level',
  'levels',
  'redact',
  'base',
  'format',
  'destination',
  'transports',
  'slowMs',
  'trace',
  'throttle',
  'recorder',
];

/** @throws RangeError unless it is undefined or a number >= 0. */
export const checkSlowMs = (value: unknown): number | undefined => {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return value;
  throw new RangeError(`slowMs must be a number >= 0, got ${describe(value)}`);
};

/**
 * Changes all loggers at once, at any time: those made earlier, their children, and methods taken off them.
 * Options that are left out stay as they were.
 * @returns Takes this change back and no other, in whatever order; a second call does nothing.
 * @throws TypeError or RangeError naming the option that is unknown or wrong; nothing is changed then.
 */
export const configureLogging = (options: LoggingOptions): (() => void) => {
  onlyKnown('configureLogging', options, loggingOptions);
  const next: Partial<Configuration> = {};
  if (options.level !== undefined) next.level = checkLevel('level', options.level);
  if (options.levels !== undefined)
    next.levels = patternLevels('levels', checkFields('levels', options.levels));
  checkRedact(options.redact);
  if (options.redact !== undefined) next.redact = options.redact;
  if (options.base !== undefined) next.base = checkFields('base', options.base);
  const shape = shapeOf(options.format);
  if (shape !== undefined) next.shape = shape;
  if (options.destination !== undefined) next.destination = destinationOf(options.destination);
  if (checkSlowMs(options.slowMs) !== undefined) next.slowMs = options.slowMs;
  if (options.trace !== undefined) next.trace = traceReader(options.trace);
  if (options.throttle !== undefined) next.throttle = throttlingOf(options.throttle);
  if (options.recorder !== undefined) next.recorder = recorderOf(options.recorder);
  // A logger of our own takes them, so that they are attached exactly as a user's logger would do it.
  if (options.transports !== undefined)
    next.feeds = feedsOf(createLogger({ name: 'shared transports', transports: options.transports }));

  if (options.level !== undefined || options.levels !== undefined) next.levelsSince = touch();
  return layOver(next);
};
