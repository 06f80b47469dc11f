import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import { checkFunction } from '../check-options.ts';
import { describe } from '../describe.ts';
import type { Level } from '../levels.ts';
import { apiLogger } from '../loggers.ts';
import { onlyKnown } from '../only-known.ts';
import { baggageNames, headerName, type PropagationSettings, spanIdsOf } from '../trace/settings.ts';
import { type TrustProxy, trustOf } from './client-address.ts';

/** The part of a logger that is used here; winston and console have it too. */
export interface HttpLogger {
  info(message: string, fields?: Record<string, unknown>): unknown;
  warn(message: string, fields?: Record<string, unknown>): unknown;
  error(message: string, fields?: Record<string, unknown>): unknown;
}

const extras = ['ip', 'userAgent', 'bytesSent'] as const;

/** A field that a line has only when it is asked for. */
export type HttpField = (typeof extras)[number];

export interface HttpLoggingOptions<Incoming = IncomingMessage> {
  /** Default `apiLogger`. */
  logger?: HttpLogger | undefined;
  /** Where the id comes in and goes out. Default `x-request-id`; `x-correlation-id` is read after it. */
  header?: string | undefined;
  /**
   * True for requests that get an id but no line, such as health checks. Asked at the end, with the status, so that a
   * check that fails can have its line; one that throws hides nothing. Default none.
   */
  ignore?: ((request: Incoming, status: number) => boolean) | undefined;
  /** Milliseconds from any origin, never going back. Default `performance.now`. */
  clock?: (() => number) | undefined;
  /** A level for the records of this request alone, by its headers or its user; undefined for the usual ones. Default none. */
  levelFor?: ((request: Incoming) => Level | undefined) | undefined;
  /** An id for a request that brought none. Default a UUID. */
  generateId?: (() => string) | undefined;
  /** 16 lower-case hex digits for the span of a request that brought a `traceparent`. Default random. */
  generateSpanId?: (() => string) | undefined;
  /** Names of the `baggage` that is taken into the context. Default none. */
  baggage?: readonly string[] | undefined;
  /** More fields of the line: `ip`, `userAgent`, `bytesSent` (bytes on the socket, head included). Default none. */
  include?: readonly HttpField[] | undefined;
  /**
   * Whose `x-forwarded-for` is believed: the number of proxies in front, or a function that knows their addresses.
   * It brings `ip` along. Default nobody's: `ip` is the address of the socket.
   */
  trustProxy?: number | ((address: string, hop: number) => boolean) | undefined;
}

export interface FullOptions {
  readonly logger: HttpLogger;
  readonly ignore: (request: never, status: number) => boolean;
  readonly clock: () => number;
  readonly generateId: () => string;
  readonly levelFor: (request: never) => Level | undefined;
  readonly include: ReadonlySet<HttpField>;
  readonly trusts: TrustProxy;
  readonly propagation: PropagationSettings;
}

const names = [
  'logger',
  'header',
  'ignore',
  'clock',
  'generateId',
  'levelFor',
  'generateSpanId',
  'baggage',
  'include',
  'trustProxy',
];

const included = ({ include = [], trustProxy }: HttpLoggingOptions<never>): ReadonlySet<HttpField> => {
  if (!Array.isArray(include) || !include.every((name) => extras.includes(name)))
    throw new TypeError(`include must be an array of ${extras.join(', ')}, got ${describe(include)}`);
  return new Set(trustProxy === undefined ? include : [...include, 'ip']);
};

/** @throws TypeError naming the option that is unknown or wrong. */
export const fullOptions = (owner: string, options: HttpLoggingOptions<never>): FullOptions => {
  onlyKnown(owner, options, names);
  const full: FullOptions = {
    logger: options.logger ?? apiLogger,
    ignore: options.ignore ?? (() => false),
    clock: options.clock ?? (() => performance.now()),
    generateId: options.generateId ?? randomUUID,
    levelFor: options.levelFor ?? (() => undefined),
    include: included(options),
    trusts: trustOf(options.trustProxy),
    propagation: {
      header: headerName(options.header),
      baggage: baggageNames(options.baggage),
      newSpanId: spanIdsOf(options.generateSpanId),
      isAllowed: undefined,
    },
  };
  for (const name of ['ignore', 'clock', 'generateId', 'levelFor'] as const) checkFunction(name, full[name]);
  for (const method of ['info', 'warn', 'error'] as const)
    if (typeof full.logger[method] !== 'function')
      throw new TypeError(`logger must have ${method}(message, fields), got ${describe(full.logger)}`);
  return full;
};
