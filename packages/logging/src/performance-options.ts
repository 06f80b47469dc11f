import { performance } from 'node:perf_hooks';
import { checkFunction, checkMs, checkShare, yesOrNo } from './check-options.ts';
import { checkSlowMs } from './configure-logging.ts';
import { type LoggerOptions, loggerOptions } from './create-logger.ts';
import { describe } from './describe.ts';
import { publishFailure } from './events.ts';
import { onlyKnown } from './only-known.ts';
import { spanIdsOf } from './trace/settings.ts';

/** Sets and clears what is called again and again; `globalThis` fits. A handle with `unref` keeps no process alive. */
export interface IntervalTimers {
  setInterval(fn: () => void, ms: number): unknown;
  clearInterval(handle: never): void;
}

export interface PerformanceLoggerOptions extends LoggerOptions {
  /** From this duration on a record is a `warn`, in milliseconds. Default: `configureLogging`'s, else none is slow. */
  slowMs?: number | undefined;
  /** Milliseconds from any origin, never going back. Default `performance.now`. */
  monotonicClock?: (() => number) | undefined;
  /**
   * Which share of the records that are neither slow nor failed is written, 0 to 1. A trace has all of them or none. Those left out
   * are in `stats()` and in the reports all the same. Default 1.
   */
  sampleFast?: number | undefined;
  /** Writes a record for each operation every so many milliseconds, at `flush`, `close` and exit. Default none; with `eventLoop` or `gc` 60,000. */
  reportEveryMs?: number | undefined;
  /** Reports the delay of the event loop and its utilisation too. Default false. */
  eventLoop?: boolean | undefined;
  /** Reports count and duration of garbage collections too. Default false. */
  gc?: boolean | undefined;
  /** 16 lower-case hex digits for a new span; two make a new trace. Default random. */
  generateSpanId?: (() => string) | undefined;
  /** From 0 to 1, for records outside of every context. Default `Math.random`. */
  random?: (() => number) | undefined;
  /** Default the process's own. */
  timers?: IntervalTimers | undefined;
}

const own = 'slowMs monotonicClock sampleFast reportEveryMs eventLoop gc generateSpanId random timers'.split(
  ' ',
);

interface FullOptions {
  readonly slowMs: number | undefined;
  readonly monotonicClock: () => number;
  readonly sampleFast: number;
  readonly eventLoop: boolean;
  readonly gc: boolean;
  readonly reportEveryMs: number | undefined;
  readonly newSpanId: () => string;
  readonly random: () => number;
  readonly timers: IntervalTimers;
  /** What is left for the logger itself. */
  readonly logger: LoggerOptions;
}

/** The number that a function of the user's gives; when it throws or gives none that is told, and costs no measured call. */
const numberOf = (source: string, fn: () => number, otherwise: number): number => {
  try {
    const value: unknown = fn();
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new RangeError(`${source} gave ${describe(value)}`);
  } catch (error) {
    publishFailure({ source, error });
    return otherwise;
  }
};

/** A clock that stands still where the one given fails. */
const steady = (clock: () => number): (() => number) => {
  let last = 0;
  return () => {
    last = numberOf('monotonicClock', clock, last);
    return last;
  };
};

/** @throws TypeError or RangeError naming the option that is unknown or wrong; those of the logger itself are left to it. */
export const performanceOptions = (options: PerformanceLoggerOptions): FullOptions => {
  onlyKnown('createPerformanceLogger', options, [...loggerOptions, ...own]);
  const {
    slowMs,
    monotonicClock = () => performance.now(),
    sampleFast = 1,
    eventLoop = false,
    gc = false,
    reportEveryMs = eventLoop || gc ? 60_000 : undefined,
    generateSpanId,
    random = Math.random,
    timers = globalThis,
    ...logger
  } = options;
  checkSlowMs(slowMs);
  for (const [name, value] of Object.entries({ monotonicClock, random })) checkFunction(name, value);
  for (const [name, value] of Object.entries({ eventLoop, gc })) yesOrNo(name, value);
  checkShare('sampleFast', sampleFast);
  if (reportEveryMs !== undefined) checkMs('reportEveryMs', reportEveryMs);
  for (const method of ['setInterval', 'clearInterval'] as const)
    if (typeof timers?.[method] !== 'function')
      throw new TypeError(`timers must have ${method}(), got ${describe(timers)}`);
  return {
    slowMs,
    monotonicClock: steady(monotonicClock),
    sampleFast,
    eventLoop,
    gc,
    reportEveryMs,
    newSpanId: spanIdsOf(generateSpanId),
    // Where it fails the record is written.
    random: () => numberOf('random', random, 0),
    timers,
    logger,
  };
};
