import {
  type BackoffContext,
  type BackoffShape,
  type CustomBackoff,
  delaysOf,
  type Jitter,
} from './backoff.ts';
import { deadlineRest } from './deadline-context.ts';
import { unfit } from './deadline-error.ts';
import { isCancellation, isRejection } from './errors.ts';
import { Emitter } from './events.ts';
import { definePolicy, type Layer, type Policy } from './policy.ts';
import type { Scope } from './scope.ts';
import { Recorder } from './stats.ts';
import { after, type Timers, type TimeSource } from './timers.ts';
import { duration, flag, integer, nameOf, onlyKnown, optionalFunction, timeSource } from './validate.ts';
import { clean, filterOf, type Handle, type Verdict, verdictOf } from './verdict.ts';

/** Options of {@link retry}. */
export interface RetryPolicy extends TimeSource {
  /** In events and errors. Default `retry`. */
  name?: string | undefined;
  /** All calls, the first included. Default 3; 1 turns retrying off, `Infinity` never gives up. */
  maxAttempts?: number | undefined;
  /** Wait before the second call, before jitter. Default 1_000. */
  initialDelayMs?: number | undefined;
  /** No computed wait is longer. Default 30_000. */
  maxDelayMs?: number | undefined;
  /** How waits grow, or the waits themselves. Default `exponential`. */
  backoff?: BackoffShape | CustomBackoff | undefined;
  /** Of `exponential`. Default 2. */
  factor?: number | undefined;
  /** Default `full` for a word in `backoff`, `none` for your own waits. */
  jitter?: Jitter | undefined;
  /** Default `Math.random`. */
  random?: (() => number) | undefined;
  /** No wait is begun that would end later than this after the first call's start. Default `Infinity`. */
  maxElapsedMs?: number | undefined;
  /** Answers true for a result that is to be tried again; the last one is returned as it is. */
  retryOnResult?: ((value: unknown) => boolean) | undefined;
  /** Only these errors are retried, whatever they say of `retryable`. */
  handle?: Handle | undefined;
  /** What an error means. Default: the error's own `retryable`, `safety` and `retryAfterMs`. */
  classify?: ((error: unknown) => Verdict) | undefined;
  /**
   * May the call be carried out twice? `true`: yes. `false`: only errors that are safe to repeat (`not-sent`, `always`)
   * are retried. Default undefined: an error that tells its safety is obeyed as for `false`, one that tells nothing is retried.
   */
  idempotent?: boolean | undefined;
  /** The longest Retry-After that is obeyed; a longer one is cut to this. Default 60_000. */
  maxRetryAfterMs?: number | undefined;
  /** Also retry calls that a breaker or bulkhead refused. Default false. */
  retryRejections?: boolean | undefined;
}

const OPTIONS = [
  ...['name', 'maxAttempts', 'initialDelayMs', 'maxDelayMs', 'backoff', 'factor', 'jitter', 'random'],
  ...['maxElapsedMs', 'retryOnResult', 'handle', 'classify', 'idempotent', 'maxRetryAfterMs'],
  ...['retryRejections', 'clock', 'timers'],
];

export type RetryEvents = 'success' | 'failure' | 'retry';

/**
 * A policy that runs a call again after a retryable failure.
 * Use it three ways: `policy.execute(fn, signal?)`, `policy(fn)` for a wrapped function, `@policy` on a method.
 * @param options.maxAttempts All calls, the first included. Default 3; 1 turns retrying off.
 * @param options.initialDelayMs Wait before the second call, before jitter. Default 1_000.
 * @throws The last error, by identity; `signal.reason` at once when aborted, even in mid-wait.
 * @throws DeadlineExceededError, with the last error as `cause`, instead of a wait that the deadline in force would cut off.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function retry(options: RetryPolicy = {}): Policy<never, RetryEvents> {
  onlyKnown('retry', options, OPTIONS);
  const { clock, timers } = timeSource(options);
  const policy = nameOf(options.name, 'retry');
  const maxAttempts = integer('maxAttempts', options.maxAttempts ?? 3, 1, true);
  const maxElapsedMs = duration('maxElapsedMs', options.maxElapsedMs ?? Number.POSITIVE_INFINITY, {
    zero: true,
    infinite: true,
  });
  const series = delaysOf({
    initialDelayMs: options.initialDelayMs ?? 1_000,
    maxDelayMs: options.maxDelayMs ?? 30_000,
    backoff: options.backoff ?? 'exponential',
    factor: options.factor ?? 2,
    jitter: options.jitter,
    random: options.random ?? Math.random,
  });
  const judge = judgeOf(options);
  const retryOnResult = optionalFunction('retryOnResult', options.retryOnResult);
  const badResult = filterOf('handle', options.handle).result;
  const recorder = new Recorder();
  const emitter = new Emitter(policy, ['success', 'failure', 'retry']);
  const isBad = (value: unknown): boolean =>
    (retryOnResult !== undefined && emitter.ask('retryOnResult', () => retryOnResult(value), false)) ||
    (badResult !== undefined && emitter.ask('handle', () => badResult(value), false));
  const looksAtResults = retryOnResult !== undefined || badResult !== undefined;

  const layer: Layer = async (task, scope) => {
    const start = maxElapsedMs === Number.POSITIVE_INFINITY ? 0 : clock();
    let delays: ReturnType<typeof series> | undefined;
    for (let attempt = 1; ; attempt++) {
      let result: BackoffContext['result'];
      let afterMs = 0;
      try {
        const value = await task(scope, attempt);
        if (!looksAtResults || attempt === maxAttempts || !isBad(value)) return value;
        result = { value };
      } catch (error) {
        if (scope.aborted) throw scope.reason;
        if (attempt === maxAttempts) throw error;
        const verdict = judge(error, emitter);
        if (verdict === undefined) throw error;
        afterMs = verdict;
        result = { error };
      }
      delays ??= series();
      const next = delays;
      const context = contextOf(scope, attempt, result);
      const delayMs = Math.max(
        afterMs,
        emitter.ask('backoff', () => next(context), 0),
      );
      const late = maxElapsedMs !== Number.POSITIVE_INFINITY && clock() - start + delayMs > maxElapsedMs;
      if (late) {
        if ('error' in result) throw result.error;
        return result.value;
      }
      const restMs = deadlineRest();
      if (restMs !== undefined && delayMs >= restMs) {
        if ('error' in result) throw unfit(policy, restMs, delayMs, attempt, result.error);
        return result.value;
      }
      recorder.retries++;
      if (emitter.wants('retry'))
        emitter.emit('retry', {
          policy,
          attempt,
          delayMs,
          ...('error' in result ? { error: result.error } : {}),
        });
      // An abort may have come while the attempt's result was on its way, or from a listener.
      if (delayMs > 0 && !scope.aborted) await wait(timers, delayMs, scope);
      if (scope.aborted) throw scope.reason;
    }
  };
  return definePolicy({ emitter, clock, recorder, layer });
}

/** Milliseconds that the server asked for when the error is to be retried, undefined when it is not. */
type Judge = (error: unknown, emitter: Emitter) => number | undefined;

const judgeOf = (options: RetryPolicy): Judge => {
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
    // A verdict that cannot be had is no licence to repeat the call.
    const refuse: Verdict = { retryable: false, safety: 'never' };
    const verdict =
      classify === undefined
        ? emitter.ask('verdict', () => verdictOf(error), refuse)
        : emitter.ask('classify', () => clean(classify(error)), refuse);
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

const contextOf = (scope: Scope, attempt: number, result: BackoffContext['result']): BackoffContext => ({
  get signal() {
    return scope.signal;
  },
  attempt,
  result,
});

const wait = (timers: Timers, ms: number, scope: Scope): Promise<void> =>
  new Promise((resolve, reject) => {
    const stopTimer = after(timers, ms, () => {
      stopListening();
      resolve();
    });
    const stopListening = scope.onAbort((reason) => {
      stopTimer();
      reject(reason);
    });
  });
