import { type Configuration, registry, type Transport, touch } from './configuration.ts';
import { checkFields, createLogger, shapeOf } from './create-logger.ts';
import { describe } from './describe.ts';
import { type Destination, destinationOf } from './destination.ts';
import { checkLevel, type Level } from './levels.ts';
import { feedsOf } from './logger.ts';
import { onlyKnown } from './only-known.ts';
import { checkRedact, type RedactOptions } from './redact.ts';
import type { ShapeName } from './shape.ts';
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
  /** The shape of lines, for every logger without a `format` of its own. Default `json`. */
  format?: ShapeName | undefined;
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
];

/** @throws RangeError unless it is undefined or a number >= 0. */
export const checkSlowMs = (value: unknown): number | undefined => {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return value;
  throw new RangeError(`slowMs must be a number >= 0, got ${describe(value)}`);
};

/**
 * Changes all loggers at once, at any time: those made earlier, their children, and methods taken off them.
 * Options that are left out stay as they were.
 * @returns Puts back what was in force before this call.
 * @throws TypeError or RangeError naming the option that is unknown or wrong; nothing is changed then.
 */
export const configureLogging = (options: LoggingOptions): (() => void) => {
  onlyKnown('configureLogging', options, loggingOptions);
  const before = registry.configuration;
  const next: Configuration = { ...before };
  if (options.level !== undefined) next.level = checkLevel('level', options.level);
  if (options.levels !== undefined)
    next.levels = Object.entries(checkFields('levels', options.levels) as Record<string, Level>).map(
      ([pattern, level]) => [pattern, checkLevel(`levels['${pattern}']`, level)] as const,
    );
  checkRedact(options.redact);
  if (options.redact !== undefined) next.redact = options.redact;
  if (options.base !== undefined) next.base = checkFields('base', options.base);
  if (options.format !== undefined) next.shape = shapeOf(options.format) ?? before.shape;
  if (options.destination !== undefined) next.destination = destinationOf(options.destination);
  next.slowMs = checkSlowMs(options.slowMs) ?? before.slowMs;
  if (options.trace !== undefined) next.trace = traceReader(options.trace);
  // A logger of our own takes them, so that they are attached exactly as a user's logger would do it.
  if (options.transports !== undefined)
    next.feeds = feedsOf(createLogger({ name: 'shared transports', transports: options.transports }));

  const since = touch();
  if (options.level !== undefined || options.levels !== undefined) next.levelsSince = since;
  registry.configuration = next;
  return () => {
    registry.configuration = before;
    touch();
  };
};
