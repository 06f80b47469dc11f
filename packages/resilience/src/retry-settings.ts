import { type Delays, delaysOf } from './backoff.ts';
import { isCancellation, isRejection } from './errors.ts';
import type { Emitter } from './events.ts';
import { shown } from './opened.ts';
import type { RetryInput, RetryPolicy } from './retry.ts';
import type { RetryBudget } from './retry-budget.ts';
import { duration, flag, integer, optionalFunction, show } from './validate.ts';
import { clean, filterOf, type Verdict, verdictOf } from './verdict.ts';

/** The options of a retry, checked and made ready. Replaced as a whole, so that a running call keeps those it began with. */
export interface RetrySettings {
  readonly maxAttempts: number;
  readonly maxElapsedMs: number;
  /** A fresh series of waits; undefined when there are none. */
  readonly series: (() => Delays) | undefined;
  /** Milliseconds that the server asked for when the error is to be retried, undefined when it is not. */
  readonly judge: (error: unknown, emitter: Emitter) => number | undefined;
  /** Undefined when results are not looked at. */
  readonly isBad: ((value: unknown, emitter: Emitter) => boolean) | undefined;
  readonly canRetry: ((input: RetryInput) => boolean) | undefined;
  readonly budget: RetryBudget | undefined;
}

export const retrySettings = (options: RetryPolicy): RetrySettings => {
  const { budget } = options;
  if (
    budget !== undefined &&
    (typeof budget?.deposit !== 'function' || typeof budget.withdraw !== 'function')
  )
    throw new TypeError(`budget must have deposit and withdraw, as retryBudget() has, got ${show(budget)}`);
  return {
    maxAttempts: integer('maxAttempts', options.maxAttempts ?? 3, 1, true),
    maxElapsedMs: duration('maxElapsedMs', options.maxElapsedMs ?? Number.POSITIVE_INFINITY, {
      zero: true,
      infinite: true,
    }),
    series: delaysOf({
      initialDelayMs: options.initialDelayMs ?? 1_000,
      maxDelayMs: options.maxDelayMs ?? 30_000,
      backoff: options.backoff ?? 'exponential',
      factor: options.factor ?? 2,
      jitter: options.jitter,
      random: options.random ?? Math.random,
    }),
    judge: judgeOf(options),
    isBad: resultsOf(options),
    canRetry: optionalFunction('canRetry', options.canRetry),
    budget,
  };
};

const resultsOf = (options: RetryPolicy): RetrySettings['isBad'] => {
  const retryOnResult = optionalFunction('retryOnResult', options.retryOnResult);
  const badResult = filterOf('handle', options.handle).result;
  if (retryOnResult === undefined && badResult === undefined) return undefined;
  return (value, emitter) =>
    (retryOnResult !== undefined && emitter.ask('retryOnResult', () => retryOnResult(shown(value)), false)) ||
    (badResult !== undefined && emitter.ask('handle', () => badResult(value), false));
};

// A verdict that cannot be had is no licence to repeat the call.
const REFUSE: Verdict = { retryable: false, safety: 'never' };

const judgeOf = (options: RetryPolicy): RetrySettings['judge'] => {
  const { idempotent } = options;
  flag('idempotent', idempotent);
  const retryRejections = flag('retryRejections', options.retryRejections) ?? false;
  const classify = optionalFunction('classify', options.classify);
  const handles = filterOf('handle', options.handle).error;
  const maxRetryAfterMs = duration('maxRetryAfterMs', options.maxRetryAfterMs ?? 60_000, {
    zero: true,
    infinite: true,
  });
  return (error, emitter) => {
    if (isRejection(error) && !retryRejections) return undefined;
    let verdict: Verdict;
    try {
      verdict = classify === undefined ? verdictOf(error) : clean(classify(error));
    } catch (fault) {
      emitter.report(classify === undefined ? 'verdict' : 'classify', fault);
      verdict = REFUSE;
    }
    if (handles !== undefined) {
      if (!emitter.ask('handle', () => handles(error), false)) return undefined;
    } else if (verdict.retryable === false || (verdict.retryable === undefined && isCancellation(error))) {
      return undefined;
    }
    if (!isSafe(verdict.safety, idempotent)) return undefined;
    return Math.min(verdict.afterMs ?? 0, maxRetryAfterMs);
  };
};

const isSafe = (safety: Verdict['safety'], idempotent: boolean | undefined): boolean => {
  if (safety === 'not-sent' || safety === 'always') return true;
  if (safety === 'never') return false;
  if (safety === 'idempotent-only') return idempotent === true;
  return idempotent !== false;
};
