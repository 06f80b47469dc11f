import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import { describe } from '../describe.ts';
import type { Level } from '../levels.ts';
import { apiLogger } from '../loggers.ts';
import { onlyKnown } from '../only-known.ts';

/** The part of a logger that is used here; winston and console have it too. */
export interface HttpLogger {
  info(message: string, fields?: Record<string, unknown>): unknown;
  warn(message: string, fields?: Record<string, unknown>): unknown;
  error(message: string, fields?: Record<string, unknown>): unknown;
}

export interface HttpLoggingOptions {
  /** Default `apiLogger`. */
  logger?: HttpLogger | undefined;
  /** Where the id comes in and goes out. Default `x-request-id`; `x-correlation-id` is read after it. */
  header?: string | undefined;
  /** True for requests that get an id but no line, such as health checks. Default none. */
  ignore?: ((request: IncomingMessage) => boolean) | undefined;
  /** Milliseconds from any origin, never going back. Default `performance.now`. */
  clock?: (() => number) | undefined;
  /** A level for the records of this request alone, by its headers or its user; undefined for the usual ones. Default none. */
  levelFor?: ((request: IncomingMessage) => Level | undefined) | undefined;
  /** An id for a request that brought none. Default a UUID. */
  generateId?: (() => string) | undefined;
}

export type FullOptions = {
  readonly [Name in keyof HttpLoggingOptions]-?: NonNullable<HttpLoggingOptions[Name]>;
};

/** @throws TypeError naming the option that is unknown or wrong. */
export const fullOptions = (owner: string, options: HttpLoggingOptions): FullOptions => {
  onlyKnown(owner, options, ['logger', 'header', 'ignore', 'clock', 'generateId', 'levelFor']);
  if (options.header !== undefined && typeof options.header !== 'string')
    throw new TypeError(`header must be a header name, got ${describe(options.header)}`);
  const full: FullOptions = {
    logger: options.logger ?? apiLogger,
    header: (options.header ?? 'x-request-id').toLowerCase(),
    ignore: options.ignore ?? (() => false),
    clock: options.clock ?? (() => performance.now()),
    generateId: options.generateId ?? randomUUID,
    levelFor: options.levelFor ?? (() => undefined),
  };
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(full.header))
    throw new TypeError(`header must be a header name, got ${full.header}`);
  for (const name of ['ignore', 'clock', 'generateId', 'levelFor'] as const)
    if (typeof full[name] !== 'function')
      throw new TypeError(`${name} must be a function, got ${describe(full[name])}`);
  for (const method of ['info', 'warn', 'error'] as const)
    if (typeof full.logger[method] !== 'function')
      throw new TypeError(`logger must have ${method}(message, fields)`);
  return full;
};
