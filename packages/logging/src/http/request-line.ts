import { contextFields } from '../context.ts';
import { publishFailure } from '../events.ts';
import { BRAND } from '../logger.ts';
import type { FullOptions, HttpField } from './options.ts';
import { timeOf } from './request-context.ts';

/** The label of a request's route, by when its status is known: a pattern, undefined where there is no router. */
export type RouteOf = (status: number | undefined) => string | undefined;

/** What the line of a request says. */
export interface Told {
  readonly request: unknown;
  readonly method: string | undefined;
  readonly route: RouteOf;
  readonly url: string;
  /** Undefined for a connection that ended before it was answered. */
  readonly status: number | undefined;
  readonly since: number;
  readonly end: 'completed' | 'aborted' | 'upgraded';
  readonly extras: { readonly [Name in HttpField]?: unknown };
}

const messages = {
  completed: 'request completed',
  aborted: 'request aborted',
  upgraded: 'connection closed',
} as const;

const maxUserAgent = 512;

/** What somebody else's function gives; a failure is told and must cost the line nothing. */
const asked = <Result>(source: string, ask: () => Result, otherwise: Result): Result => {
  try {
    return ask();
  } catch (error) {
    publishFailure({ source, error });
    return otherwise;
  }
};

/** Writes the line, in the context it is called in. Never throws: behind an event nobody is left to catch it. */
export const tell = (options: FullOptions, told: Told): void => {
  const { logger, include } = options;
  const { status, end } = told;
  if (asked('ignore', () => options.ignore(told.request as never, status ?? 0) === true, false)) return;
  const fields: Record<string, unknown> = {};
  // A logger that is not ours does not know the context.
  if (!(BRAND in logger))
    for (const name of ['correlationId', 'traceId', 'spanId']) {
      const value = contextFields()?.[name];
      if (value !== undefined) fields[name] = value;
    }
  fields.method = told.method;
  const route = asked('route', () => told.route(status), undefined);
  if (route !== undefined) fields.route = route;
  fields.url = told.url;
  if (status !== undefined) fields.status = status;
  const durationMs = Math.max(0, Math.round((timeOf(options) - told.since) * 1_000) / 1_000);
  if (!Number.isNaN(durationMs)) fields.durationMs = durationMs;
  if (end !== 'completed') fields[end] = true;
  for (const name of include) {
    const value = told.extras[name];
    if (value !== undefined) fields[name] = typeof value === 'string' ? value.slice(0, maxUserAgent) : value;
  }
  const level = end === 'aborted' ? 'warn' : status !== undefined && status >= 500 ? 'error' : 'info';
  asked('logger', () => void logger[level](messages[end], fields), undefined);
};
