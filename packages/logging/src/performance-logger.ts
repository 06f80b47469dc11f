import { types } from 'node:util';
import { registry } from './configuration.ts';
import { checkSlowMs } from './configure-logging.ts';
import { CorrelationContext } from './context.ts';
import { createLogger } from './create-logger.ts';
import { describe } from './describe.ts';
import { publishSlow } from './events.ts';
import { fastSampler } from './fast-sampler.ts';
import type { Logger } from './logger.ts';
import { watchEventLoop, watchGc } from './loop-watch.ts';
import { onlyKnown } from './only-known.ts';
import { peek, snapshot } from './peek.ts';
import { type PerformanceLoggerOptions, performanceOptions } from './performance-options.ts';
import { PerformanceReport } from './performance-report.ts';
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
   * A thenable that is no promise, such as a query builder, may run each time its `then` is called: it is called once, here.
   * @returns What `fn` returns; for such a thenable a promise of what it gives. @throws What `fn` throws, by identity.
   */
  time<Result extends Promise<unknown>>(operation: string, fn: () => Result, options?: TimeOptions): Result;
  time<Value>(operation: string, fn: () => PromiseLike<Value>, options?: TimeOptions): Promise<Value>;
  time<Result>(operation: string, fn: () => Result, options?: TimeOptions): Result;
  /** Starts a measurement that the caller ends. */
  start(operation: string, options?: TimeOptions): Timer;
  /**
   * As `time`, and all that `fn` logs carries `traceId`, `spanId` and `parentSpanId`: those of the span around it, or a trace of its own.
   * @returns As `time`. @throws What `fn` throws, by identity.
   */
  span<Result extends Promise<unknown>>(operation: string, fn: () => Result, options?: TimeOptions): Result;
  span<Value>(operation: string, fn: () => PromiseLike<Value>, options?: TimeOptions): Promise<Value>;
  span<Result>(operation: string, fn: () => Result, options?: TimeOptions): Result;
  /** Count, errors and percentiles of each operation since the start or the last `reset`. */
  stats(): Record<string, OperationStats>;
  /** Forgets what was measured, in `stats` and for the next report. */
  reset(): void;
  /** Writes a record `timings` for each operation, with what was measured since the last report. Does nothing without `reportEveryMs`. */
  report(): void;
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  typeof peek(value, 'then') === 'function';

const timeOptions = ['fields', 'slowMs'];

/**
 * A logger that also measures. Finished work is `info`, slow or failed work `warn`.
 * @throws TypeError or RangeError naming the option that is unknown or wrong.
 */
export const createPerformanceLogger = (options: PerformanceLoggerOptions): PerformanceLogger => {
  const full = performanceOptions(options);
  const { slowMs, monotonicClock, newSpanId, reportEveryMs } = full;
  const timings = new Timings();
  const logger = createLogger(full.logger);
  const isLogged = fastSampler(full.sampleFast, full.random);
  const report =
    reportEveryMs === undefined
      ? undefined
      : new PerformanceReport({
          logger,
          everyMs: reportEveryMs,
          monotonicClock,
          timers: full.timers,
          watches: [...(full.eventLoop ? [watchEventLoop()] : []), ...(full.gc ? [watchGc()] : [])],
        });

  // `this` is the logger, a child of it (whose fields are then on its timings too), or nothing when taken off.
  function start(this: Logger | undefined, operation: string, given: TimeOptions = {}): Timer {
    onlyKnown('time', given, timeOptions);
    const threshold = checkSlowMs(given.slowMs) ?? slowMs;
    const since = monotonicClock();
    let duration: number | undefined;
    const finish = (outcome: 'ok' | 'error', fields: Record<string, unknown>): number => {
      if (duration !== undefined) return duration;
      duration = Math.max(0, Math.round((monotonicClock() - since) * 1_000) / 1_000);
      const limit = threshold ?? registry.configuration.slowMs;
      const slow = limit !== undefined && duration >= limit;
      const failed = outcome === 'error';
      const logged = slow || failed || isLogged();
      const measured = { durationMs: duration, failed, slow, logged };
      timings.record(operation, measured);
      report?.timings.record(operation, measured);
      if (slow) publishSlow({ logger: logger.name, operation, durationMs: duration, slowMs: limit, outcome });
      if (logged)
        (this ?? logger).log(slow || failed ? 'warn' : 'info', operation, {
          ...snapshot(given.fields ?? {}),
          ...snapshot(fields),
          durationMs: duration,
          outcome,
          ...(slow ? { slow } : {}),
        });
      return duration;
    };
    return {
      end: (fields = {}) => finish('ok', fields),
      fail: (error, fields = {}) => finish('error', { ...snapshot(fields), error }),
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
    if (typeof fn !== 'function') throw new TypeError(`fn must be a function, got ${describe(fn)}`);
    const timer = Reflect.apply(start, this, [operation, given]);
    let result: Result;
    try {
      result = fn();
    } catch (error) {
      timer.fail(error);
      throw error;
    }
    if (!isThenable(result)) {
      timer.end();
      return result;
    }
    const settled = types.isPromise(result) ? result : Promise.resolve(result);
    // The caller gets the very promise; this branch only listens, so it must not turn into an unhandled rejection.
    settled.then(
      () => timer.end(),
      (error: unknown) => timer.fail(error),
    );
    return settled as Result;
  }

  function span<Result>(
    this: Logger | undefined,
    operation: string,
    fn: () => Result,
    given: TimeOptions = {},
  ): Result {
    const around = CorrelationContext.current();
    const fields = {
      traceId: typeof around?.traceId === 'string' ? around.traceId : newSpanId() + newSpanId(),
      spanId: newSpanId(),
      parentSpanId: typeof around?.spanId === 'string' ? around.spanId : undefined,
    };
    return CorrelationContext.run(fields, () => Reflect.apply(time, this, [operation, fn, given]) as Result);
  }

  const { flush, close } = logger;
  return Object.assign(logger, {
    start,
    time,
    span,
    stats: () => timings.stats(),
    reset: () => {
      timings.reset();
      report?.timings.reset();
    },
    report: () => report?.write(),
    flush(this: Logger): Promise<void> {
      report?.write();
      return Reflect.apply(flush, this, []) as Promise<void>;
    },
    close(this: Logger): Logger {
      report?.stop();
      return Reflect.apply(close, this, []) as Logger;
    },
  });
};
