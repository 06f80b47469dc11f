import type { BackoffShape, CustomBackoff, Jitter } from './backoff.ts';
import { changeable } from './changeable.ts';
import { Emitter } from './events.ts';
import { type Policy, policyOf } from './policy.ts';
import type { RetryBudget, RetryBudgetSnapshot } from './retry-budget.ts';
import { RetryRule } from './retry-rule.ts';
import { retrySettings } from './retry-settings.ts';
import { Stage } from './stage.ts';
import type { TimeSource } from './timers.ts';
import { nameOf, onlyKnown, timeSource } from './validate.ts';
import type { Handle, Verdict } from './verdict.ts';

/** What {@link RetryPolicy.canRetry} may look at. */
export interface RetryInput {
  /** Arguments of a wrapped or decorated function; none for `execute`. */
  args: readonly unknown[];
  /** The attempt that failed; 1 is the first call. */
  attempt: number;
  /** What it threw; undefined for a result that `retryOnResult` did not take. */
  error: unknown;
}

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
  /** Answers true for a result that is to be tried again; the last one is returned as it is. Of a stream it gets the first item. */
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
  /** Answers false for a call that cannot be repeated, such as one whose argument is a stream that has been read. */
  canRetry?: ((input: RetryInput) => boolean) | undefined;
  /** What all retries around a dependency may add to its load: `retryBudget()`, shared between them. Default: no bound. */
  budget?: RetryBudget | undefined;
  /**
   * Also retry calls that were not made: a breaker, a bulkhead or a rate limit refused them, or time ran out before. Default false.
   */
  retryRejections?: boolean | undefined;
}

const CHANGES = [
  ...['maxAttempts', 'initialDelayMs', 'maxDelayMs', 'backoff', 'factor', 'jitter', 'random'],
  ...['maxElapsedMs', 'retryOnResult', 'handle', 'classify', 'idempotent', 'maxRetryAfterMs'],
  ...['canRetry', 'budget', 'retryRejections'],
];
const OPTIONS = ['name', ...CHANGES, 'clock', 'timers'];

/** What `configure` can change. */
export type RetryChanges = Omit<RetryPolicy, 'name' | 'clock' | 'timers'>;

export type RetryEvents = 'success' | 'failure' | 'retry' | 'suppress';

/** A {@link Policy} that shows its budget, and whose settings can be changed. */
export interface Retry extends Policy<never, RetryEvents> {
  /** `budget` is undefined without one, and for one that does not show itself. */
  snapshot(): { name: string; maxAttempts: number; budget: RetryBudgetSnapshot | undefined };
  /**
   * Changes settings for calls from now on; those running keep theirs. What is undefined is left as it is.
   * @throws As at construction; then nothing is changed.
   */
  configure(changes: RetryChanges): void;
}

/**
 * A policy that runs a call again after a retryable failure.
 * Use it three ways: `policy.execute(fn, signal?)`, `policy(fn)` for a wrapped function, `@policy` on a method.
 * @param options.maxAttempts All calls, the first included. Default 3; 1 turns retrying off.
 * @param options.initialDelayMs Wait before the second call, before jitter. Default 1_000.
 * @throws The last error, by identity; `signal.reason` at once when aborted, even in mid-wait.
 * @throws DeadlineExceededError, with the last error as `cause`, instead of a wait that the deadline in force would cut off; and
 * without a call when that deadline has passed.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function retry(options: RetryPolicy = {}): Retry {
  onlyKnown('retry', options, OPTIONS);
  const { clock, timers } = timeSource(options);
  const emitter = new Emitter(nameOf(options.name, 'retry'), ['success', 'failure', 'retry', 'suppress']);
  const rule = new RetryRule(emitter, clock, timers, retrySettings(options));
  const snapshot = (): ReturnType<Retry['snapshot']> => {
    const { maxAttempts, budget } = rule.settings;
    return { name: emitter.policy, maxAttempts, budget: budget?.snapshot?.() };
  };
  const prepare = changeable(options, CHANGES, retrySettings, (settings) => {
    rule.settings = settings;
  });
  return policyOf([new Stage(rule)], { snapshot }, prepare);
}
