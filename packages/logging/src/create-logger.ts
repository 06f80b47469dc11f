import type winston from 'winston';
import { checkFunction, yesOrNo } from './check-options.ts';
import type { Transport } from './configuration.ts';
import { describe } from './describe.ts';
import { type Destination, destinationOf } from './destination.ts';
import { untoldEnvironment } from './environment-level.ts';
import { publishFailure } from './events.ts';
import { type Format, isFormat, shapeOf, unknownFormat } from './formats.ts';
import { checkLevel, type Level, levelSet } from './levels.ts';
import type { LevelMethod } from './log-methods.ts';
import { type Logger, rootLogger } from './logger.ts';
import { onlyKnown } from './only-known.ts';
import { checkRedact, type RedactOptions } from './redact.ts';
import { defaultLimits, fullLimits, type Limits } from './rules.ts';
import { type ThrottleOptions, throttlingOf } from './throttle-options.ts';

export interface LoggerOptions {
  /** Stands in each line as `logger`; patterns of `configureLogging({ levels })` go by it. Not empty. */
  name: string;
  /** The least severe level that is written. Default: `configureLogging`, else LOG_LEVEL, else `info`. */
  level?: Level | undefined;
  /** winston transports; with one attached, lines go to `destination` only when that is given. Default none. */
  transports?: Transport | readonly Transport[] | undefined;
  /** Added to the default redaction and `configureLogging`'s; `false` switches all of it off. */
  redact?: RedactOptions | false | undefined;
  /** Fields of every record. Default none. */
  base?: Record<string, unknown> | undefined;
  /** Where lines go. Default `stdout` while no transport is attached. */
  destination?: Destination | 'stdout' | 'stderr' | undefined;
  /** Caps on one record. */
  limits?: Limits | undefined;
  /** Wall clock, milliseconds since 1970. Default `Date.now`. */
  clock?: (() => number) | undefined;
  /**
   * The shape of a line, by name: all but `pretty`, which is for people, cost the same. Or a winston format: it gets a redacted
   * copy of each record, as winston would make it, and makes the text. Default: `configureLogging`'s, else LOG_FORMAT, else
   * `pretty` on stdout and stderr where they are a terminal, else `json`.
   */
  format?: Format | winston.Logform.Format | undefined;
  /** Levels of your own, a lower number being more severe: `{ fatal: 0, info: 1 }`. Default: winston's npm levels. */
  levels?: Readonly<Record<string, number>> | undefined;
  /** Writes nothing at all while true. Default false. */
  silent?: boolean | undefined;
  /** Sampling, rate limit and deduplication; `false` for none. Default `configureLogging`'s, else none. */
  throttle?: ThrottleOptions | false | undefined;
}

export const loggerOptions: readonly string[] =
  'name level levels transports redact base destination limits clock format silent throttle'.split(' ');

/** @throws TypeError when `base` is not an object. */
export const checkFields = (option: string, value: unknown): Readonly<Record<string, unknown>> => {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new TypeError(`${option} must be an object, got ${describe(value)}`);
};

/** @throws TypeError for what winston would refuse too, without saying which option it was. */
const checkTransports = (value: Transport | readonly Transport[]): Transport[] => {
  const all = [value].flat() as Transport[];
  for (const transport of all)
    if (typeof (transport as { log?: unknown } | null | undefined)?.log !== 'function')
      throw new TypeError(
        `transports must be winston transports, objects with log(info, next), got ${describe(transport)}`,
      );
  return all;
};

/** A clock that fails, or gives no number, must not cost a record: the system's counts then, and the failure is told. */
const steady = (name: string, clock: () => number) => (): number => {
  try {
    const now: unknown = clock();
    return typeof now === 'number' ? now : Date.now();
  } catch (error) {
    publishFailure({ source: `clock of ${name}`, error });
    return Date.now();
  }
};

/** A logger with levels of its own: it has their methods in the place of npm's. */
export type LoggerWithLevels<Levels> = Omit<Logger, Level | 'child'> & {
  readonly [Name in keyof Levels]: LevelMethod;
} & { child(fields: Record<string, unknown>): LoggerWithLevels<Levels> };

/**
 * A named logger with levels of its own and a method for each, in the place of npm's.
 * @throws TypeError for levels that are no object of plain names and integers, RangeError for one named as a method is; else as without.
 */
export function createLogger<const Levels extends Readonly<Record<string, number>>>(
  options: Omit<LoggerOptions, 'level'> & { levels: Levels; level?: (keyof Levels & string) | undefined },
): LoggerWithLevels<Levels>;
/**
 * A named logger: a `winston.Logger` to its user, that writes one JSON object a line, to stdout unless told otherwise.
 * Every record carries the fields of the `CorrelationContext` it is logged in.
 * @throws TypeError or RangeError naming the option that is unknown or wrong. Log calls never throw.
 */
export function createLogger(options: LoggerOptions): Logger;
export function createLogger(
  options: Omit<LoggerOptions, 'level'> & { level?: string | undefined },
): Logger | LoggerWithLevels<Readonly<Record<string, number>>> {
  onlyKnown('createLogger', options, loggerOptions);
  const { name, level, transports, redact, format, clock = Date.now } = options;
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`name must be a non-empty string, got ${describe(name)}`);
  const set = levelSet(options.levels);
  if (level !== undefined) checkLevel('level', level, set);
  checkFunction('clock', clock);
  checkRedact(redact);
  yesOrNo('silent', options.silent);
  const attached = transports === undefined ? [] : checkTransports(transports);
  const core = {
    name,
    clock: clock === Date.now ? clock : steady(name, clock),
    redact,
    levels: set,
    shape: shapeOf(format),
    limits: options.limits === undefined ? defaultLimits : fullLimits(options.limits),
    base: checkFields('base', options.base),
    destination: destinationOf(options.destination),
    throttle:
      options.throttle === undefined ? undefined : (throttlingOf(options.throttle, set) ?? (false as const)),
    feeds: [],
    defaultMeta: () => undefined,
    root: undefined as never,
  };
  const logger = rootLogger(core, {
    ...(level === undefined ? {} : { level }),
    ...(format === undefined || isFormat(format) ? {} : { format }),
    ...(options.silent === undefined ? {} : { silent: options.silent }),
    ...(transports === undefined ? {} : { transports: attached }),
  });
  const untold = untoldEnvironment();
  if (untold !== undefined)
    logger.log('warn', 'LOG_LEVEL has parts that are not understood; they are ignored', {
      ...untold,
      allowed: Object.keys(logger.levels),
    });
  const wrong = unknownFormat();
  if (wrong !== undefined) logger.log('warn', 'LOG_FORMAT is not a format; it is left out', wrong);
  return logger;
}
