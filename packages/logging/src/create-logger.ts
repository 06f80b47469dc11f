import type winston from 'winston';
import { environmentLevel, type Transport } from './configuration.ts';
import { describe } from './describe.ts';
import { type Destination, destinationOf } from './destination.ts';
import { checkLevel, type Level } from './levels.ts';
import { type Logger, rootLogger } from './logger.ts';
import { onlyKnown } from './only-known.ts';
import { checkRedact, type RedactOptions } from './redact.ts';
import { defaultLimits, fullLimits, type Limits } from './rules.ts';

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
  /** A winston format: it gets a redacted copy of each record and makes the text. Default: our JSON line, without a copy. */
  format?: winston.Logform.Format | undefined;
  /** Writes nothing at all while true. Default false. */
  silent?: boolean | undefined;
}

export const loggerOptions: readonly string[] =
  'name level transports redact base destination limits clock format silent'.split(' ');

/** @throws TypeError when `base` is not an object. */
export const checkFields = (option: string, value: unknown): Readonly<Record<string, unknown>> => {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new TypeError(`${option} must be an object, got ${describe(value)}`);
};

/**
 * A named logger: a `winston.Logger` to its user, that writes one JSON object a line, to stdout unless told otherwise.
 * Every record carries the fields of the `CorrelationContext` it is logged in.
 * @throws TypeError or RangeError naming the option that is unknown or wrong. Log calls never throw.
 */
export const createLogger = (options: LoggerOptions): Logger => {
  onlyKnown('createLogger', options, loggerOptions);
  const { name, level, transports, redact, clock = Date.now } = options;
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`name must be a non-empty string, got ${describe(name)}`);
  if (level !== undefined) checkLevel('level', level);
  if (typeof clock !== 'function') throw new TypeError(`clock must be a function, got ${describe(clock)}`);
  checkRedact(redact);
  const core = {
    name,
    clock,
    redact,
    limits: options.limits === undefined ? defaultLimits : fullLimits(options.limits),
    base: checkFields('base', options.base),
    destination: destinationOf(options.destination),
    feeds: [],
    defaultMeta: () => undefined,
  };
  const logger = rootLogger(core, {
    ...(level === undefined ? {} : { level }),
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.silent === undefined ? {} : { silent: options.silent }),
    ...(transports === undefined ? {} : { transports: [transports].flat() as Transport[] }),
  });
  const { invalid } = environmentLevel();
  if (invalid !== undefined)
    logger.warn('LOG_LEVEL is not a level; info is used', {
      given: invalid,
      allowed: Object.keys(logger.levels),
    });
  return logger;
};
