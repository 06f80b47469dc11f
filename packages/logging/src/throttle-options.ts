import { performance } from 'node:perf_hooks';
import { checkFunction, checkMs, checkShare, wholeNumber } from './check-options.ts';
import { describe } from './describe.ts';
import { type LevelSet, npmLevels } from './levels.ts';
import { onlyKnown } from './only-known.ts';
import { type Schedule, unrefTimer } from './schedule.ts';

/** What is written of many records; what is not is counted and told. Each part is off until it is given. */
export interface ThrottleOptions {
  /** Keeps a part of all units of work, whole: by a hash of `traceId`, else `correlationId`. */
  sample?: SampleOptions | undefined;
  /** At most so many records of one logger, level and message. */
  rateLimit?: RateLimitOptions | undefined;
  /** The first few records of one logger, level and message in each interval, then every so manieth. */
  dedupe?: DedupeOptions | undefined;
  /** What was held back is told after this time, and `dedupe` begins anew; milliseconds. Default 10_000. */
  intervalMs?: number | undefined;
  /** Different messages watched at a time, for each logger and all its levels. Default 1_000. */
  maxKeys?: number | undefined;
  /** Milliseconds from any origin, never going back. Default `performance.now`. */
  monotonicClock?: (() => number) | undefined;
  /** From 0 to below 1, for records outside of every context. Default `Math.random`. */
  random?: (() => number) | undefined;
  /** Default an unref'd timer. */
  schedule?: Schedule | undefined;
}

export interface SampleOptions {
  /** The part of units of work that is written, 0 to 1. */
  rate: number;
  /** Parts for levels of their own: `{ debug: 0.01 }`. `error`, `warn` and what is more severe are never sampled out. */
  levels?: Readonly<Record<string, number>> | undefined;
}

export interface RateLimitOptions {
  /** Records a second, above 0; less than 1 is allowed. */
  perSecond: number;
  /** Records at once after a pause. Default `perSecond`, at least 1. */
  burst?: number | undefined;
}

export interface DedupeOptions {
  /** Records written in each interval before any is held back. Default 100. */
  first?: number | undefined;
  /** Of those behind them every so manieth is written; 0 for none. Default 100. */
  every?: number | undefined;
}

/** Checked options with all defaults; the same object as long as the configuration is the same. */
export interface Throttling {
  /** Rates by level; levels that are not here are never sampled out. Undefined without sampling. */
  readonly sample: { readonly rate: number; readonly levels: Readonly<Record<string, number>> } | undefined;
  readonly rateLimit: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly dedupe: { readonly first: number; readonly every: number } | undefined;
  readonly intervalMs: number;
  readonly maxKeys: number;
  readonly monotonicClock: () => number;
  readonly random: () => number;
  readonly schedule: Schedule;
}

/** The rank up to which records are never sampled out: `warn`'s, else all that are more severe than the usual level. */
export const certainRank = ({ names, ranks, usual }: LevelSet): number => {
  const most = ['error', 'warn', 'warning'].flatMap((name) => ranks[name] ?? []);
  const severe = names.map((name) => ranks[name] as number).filter((rank) => rank < (ranks[usual] as number));
  return Math.max(...most, ...(ranks.warn === undefined ? severe : []));
};

const sampleOf = (given: SampleOptions, set: LevelSet): Throttling['sample'] => {
  onlyKnown('throttle.sample', given, ['rate', 'levels']);
  const certain = certainRank(set);
  const levels = given.levels ?? {};
  if (typeof levels !== 'object' || levels === null)
    throw new TypeError(
      `throttle.sample.levels must be an object such as { debug: 0.01 }, got ${describe(levels)}`,
    );
  for (const [name, value] of Object.entries(levels)) {
    const rank = Object.hasOwn(set.ranks, name) ? set.ranks[name] : undefined;
    if (rank === undefined || rank <= certain)
      throw new RangeError(
        `throttle.sample.levels must name levels less severe than warn (${set.names.filter((known) => (set.ranks[known] as number) > certain).join(', ')}), got ${name}`,
      );
    checkShare(`throttle.sample.levels.${name}`, value);
  }
  return { rate: checkShare('throttle.sample.rate', given.rate), levels: { ...levels } };
};

const rateLimitOf = (given: RateLimitOptions): Throttling['rateLimit'] => {
  onlyKnown('throttle.rateLimit', given, ['perSecond', 'burst']);
  const { perSecond, burst } = given;
  if (typeof perSecond !== 'number' || !(perSecond > 0 && perSecond < Number.POSITIVE_INFINITY))
    throw new RangeError(`throttle.rateLimit.perSecond must be a number above 0, got ${describe(perSecond)}`);
  return {
    perSecond,
    burst: wholeNumber('throttle.rateLimit.burst', burst, 1, Math.max(1, Math.floor(perSecond))),
  };
};

const dedupeOf = (given: DedupeOptions): Throttling['dedupe'] => {
  onlyKnown('throttle.dedupe', given, ['first', 'every']);
  return {
    first: wholeNumber('throttle.dedupe.first', given.first, 1, 100),
    every: wholeNumber('throttle.dedupe.every', given.every, 0, 100),
  };
};

const known = 'sample rateLimit dedupe intervalMs maxKeys monotonicClock random schedule'.split(' ');

/** @throws TypeError or RangeError naming the option that is unknown or wrong. */
export const throttlingOf = (
  options: ThrottleOptions | false,
  set: LevelSet = npmLevels,
): Throttling | undefined => {
  if (options === false) return undefined;
  onlyKnown('throttle', options, known);
  const { sample, rateLimit, dedupe } = options;
  return {
    sample: sample === undefined ? undefined : sampleOf(sample, set),
    rateLimit: rateLimit === undefined ? undefined : rateLimitOf(rateLimit),
    dedupe: dedupe === undefined ? undefined : dedupeOf(dedupe),
    intervalMs:
      options.intervalMs === undefined ? 10_000 : checkMs('throttle.intervalMs', options.intervalMs),
    maxKeys: wholeNumber('throttle.maxKeys', options.maxKeys, 1, 1_000),
    monotonicClock:
      checkFunction('throttle.monotonicClock', options.monotonicClock) ?? (() => performance.now()),
    random: checkFunction('throttle.random', options.random) ?? Math.random,
    schedule: checkFunction('throttle.schedule', options.schedule) ?? unrefTimer,
  };
};
