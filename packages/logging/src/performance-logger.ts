import { performance } from 'node:perf_hooks';
import { registry } from './configuration.ts';
import { checkSlowMs } from './configure-logging.ts';
import { createLogger, type LoggerOptions, loggerOptions } from './create-logger.ts';
import { describe } from './describe.ts';
import type { Logger } from './logger.ts';
import { onlyKnown } from './only-known.ts';
import { type OperationStats, Timings } from './timings.ts';

export interface TimeOptions {
  /** Fields of the record. */
  fields?: Record<string, unknown> | undefined;
  /** From this duration on the record is a `warn`, in milliseconds. Default: the logger's, then `configureLogging`'s. */
  slowMs?: number | undefined;
}

/** A running measurement; `using` ends it with its block. */
export interface Timer extends Disposable {
  /** Logs `durationMs` and outcome `ok`; only the first end counts. @returns the duration in milliseconds. */
  end(fields?: Record<string, unknown>): number;
  /** Logs `durationMs`, outcome `error` and the error; only the first end counts. @returns the duration in milliseconds. */
  fail(error: unknown, fields?: Record<string, unknown>): number;
}

export interface PerformanceLogger extends Logger {
  /**
   * Calls `fn` and logs how long it took, a promise's settling included, with outcome `ok` or `error`.
   * @returns What `fn` returns. @throws What `fn` throws, by identity.
   */
  time<Result>(operation: string, fn: () => Result, options?: TimeOptions): Result;
  /** Starts a measurement that the caller ends. */
  start(operation: string, options?: TimeOptions): Timer;
  /** Count, errors and percentiles of each operation since the start. */
  stats(): Record<string, OperationStats>;
}

export interface PerformanceLoggerOptions extends LoggerOptions {
  /** From this duration on a record is a `warn`, in milliseconds. Default: `configureLogging`'s, else none is slow. */
  slowMs?: number | undefined;
  /** Milliseconds from any origin, never going back. Default `performance.now`. */
  monotonicClock?: (() => number) | undefined;
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  typeof (value as { then?: unknown }).then === 'function';

/**
 * A logger that also measures. Finished work is `info`, slow or failed work `warn`.
 * @throws TypeError or RangeError naming the option that is unknown or wrong.
 */
export const createPerformanceLogger = (options: PerformanceLoggerOptions): PerformanceLogger => {
  onlyKnown('createPerformanceLogger', options, [...loggerOptions, 'slowMs', 'monotonicClock']);
  const { slowMs, monotonicClock = () => performance.now(), ...rest } = options;
  checkSlowMs(slowMs);
  if (typeof monotonicClock !== 'function')
    throw new TypeError(`monotonicClock must be a function, got ${describe(monotonicClock)}`);
  const timings = new Timings();
  const logger = createLogger(rest);

  // `this` is the logger, a child of it (whose fields are then on its timings too), or nothing when taken off.
  function start(this: Logger | undefined, operation: string, given: TimeOptions = {}): Timer {
    const threshold = checkSlowMs(given.slowMs) ?? slowMs;
    const since = monotonicClock();
    let duration: number | undefined;
    const finish = (outcome: 'ok' | 'error', fields: Record<string, unknown>): number => {
      if (duration !== undefined) return duration;
      duration = Math.max(0, Math.round((monotonicClock() - since) * 1_000) / 1_000);
      timings.record(operation, duration, outcome === 'error');
      const slow = duration >= (threshold ?? registry.configuration.slowMs ?? Number.POSITIVE_INFINITY);
      const level = slow || outcome === 'error' ? 'warn' : 'info';
      (this ?? logger).log(level, operation, {
        ...given.fields,
        ...fields,
        durationMs: duration,
        outcome,
        ...(slow ? { slow } : {}),
      });
      return duration;
    };
    return {
      end: (fields = {}) => finish('ok', fields),
      fail: (error, fields = {}) => finish('error', { ...fields, error }),
      [Symbol.dispose]: () => {
        finish('ok', {});
      },
    };
  }

  function time<Result>(
    this: Logger | undefined,
    operation: string,
    fn: () => Result,
    given: TimeOptions = {},
  ): Result {
    const timer = Reflect.apply(start, this, [operation, given]);
    let result: Result;
    try {
      result = fn();
    } catch (error) {
      timer.fail(error);
      throw error;
    }
    if (isThenable(result)) {
      // The caller gets the very promise; this branch only listens, so it must not turn into an unhandled rejection.
      result.then(
        () => timer.end(),
        (error: unknown) => timer.fail(error),
      );
    } else {
      timer.end();
    }
    return result;
  }

  return Object.assign(logger, { start, time, stats: () => timings.stats() });
};
