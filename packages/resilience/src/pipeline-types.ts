import type { AdaptiveConcurrency, AdaptiveConcurrencyChanges } from './adaptive-concurrency.ts';
import type { Bulkhead, BulkheadChanges, BulkheadOptions } from './bulkhead.ts';
import type { ChaosChanges } from './chaos.ts';
import type { CircuitBreaker, CircuitBreakerChanges, CircuitBreakerOptions } from './circuit-breaker.ts';
import type { CircuitExplanation, CircuitSnapshot } from './circuit-report.ts';
import type { Deadline } from './deadline.ts';
import type { EventName } from './events.ts';
import type { FallbackFunction } from './fallback.ts';
import type { HedgeChanges } from './hedge.ts';
import type { PatternParts } from './pipeline-patterns.ts';
import type { Policy, PolicyLike } from './policy.ts';
import type { PriorityBulkheadOptions } from './priority-bulkhead.ts';
import type { RateLimit, RateLimitChanges } from './rate-limit.ts';
import type { RetryChanges, RetryPolicy } from './retry.ts';
import type { RetryBudgetSnapshot } from './retry-budget.ts';
import type { PolicyStats } from './stats.ts';
import type { TimeSource } from './timers.ts';
import type { Verdict } from './verdict.ts';

/** Options of `pipeline`, in the order in which a call meets the parts. A part is its options, or a ready policy. */
export interface PipelineOptions<A = never> extends TimeSource, PatternParts {
  /** The dependency's name; the parts bear it too. Default `pipeline`. */
  name?: string | undefined;
  /** Answers in the call's place when all else has failed; a ready `fallback(…)` can be choosier. */
  fallback?: FallbackFunction<A> | Policy<A, 'success' | 'failure' | 'fallback'> | undefined;
  /** The limit of the whole: queueing, all attempts, all waits. Its name is `<name>.total`. */
  totalTimeoutMs?: number | PolicyLike | undefined;
  /** The slot is held during retries and their waits. With `priority` it is a `priorityBulkhead`. */
  bulkhead?: BulkheadOptions | PriorityBulkheadOptions | PolicyLike | undefined;
  retry?: RetryPolicy | PolicyLike | undefined;
  /** Sees each attempt. */
  circuitBreaker?: CircuitBreakerOptions | PolicyLike | undefined;
  /** The limit of each attempt. */
  timeoutMs?: number | PolicyLike | undefined;
  /** What an error means, for retry and breaker. Default: the error's own `retryable`, `safety` and `retryAfterMs`. */
  classify?: ((error: unknown) => Verdict) | undefined;
}

/** What parts show of themselves; undefined for one that is not there, or not one of ours. */
export interface PartSnapshots {
  bulkhead: ReturnType<Bulkhead['snapshot']> | undefined;
  rateLimit: ReturnType<RateLimit['snapshot']> | undefined;
  adaptiveConcurrency: ReturnType<AdaptiveConcurrency['snapshot']> | undefined;
}

export interface PipelineSnapshot extends PartSnapshots {
  name: string;
  circuitBreaker: CircuitSnapshot | undefined;
  stats: PolicyStats;
}

/** What `configure` can change: settings of parts that the pipeline has. Undefined leaves a part, or a setting, as it is. */
export interface PipelineChanges {
  deadlineMs?: number | undefined;
  totalTimeoutMs?: number | undefined;
  rateLimit?: RateLimitChanges | undefined;
  bulkhead?: BulkheadChanges | undefined;
  adaptiveConcurrency?: AdaptiveConcurrencyChanges | undefined;
  retry?: RetryChanges | undefined;
  hedge?: HedgeChanges | undefined;
  circuitBreaker?: CircuitBreakerChanges | undefined;
  timeoutMs?: number | undefined;
  chaos?: ChaosChanges | undefined;
}

export interface PipelineExplanation extends PartSnapshots {
  name: string;
  /** The parts, the outermost first. */
  order: readonly string[];
  /** For people, in a line. */
  text: string;
  circuitBreaker: CircuitExplanation | undefined;
  /** The budget of the `retry`, if it has one. */
  retryBudget: RetryBudgetSnapshot | undefined;
  /** `remainingMs` is what a call from here and now would have. */
  deadline: ReturnType<Deadline['snapshot']> | undefined;
}

/** A {@link Policy} of the usual parts. `on` hears the parts' events as well; `success` and `failure` are the whole's. */
export interface Pipeline<A = never> extends Policy<A, EventName> {
  /** Undefined when there is none, or it is not one of ours; the type knows it is there when the options say so. */
  readonly circuitBreaker: CircuitBreaker | undefined;
  /** As `circuitBreaker`. */
  readonly bulkhead: Bulkhead | undefined;
  snapshot(): PipelineSnapshot;
  /** What a call meets, and what it would meet just now. */
  explain(): PipelineExplanation;
  /**
   * Changes settings of the parts for calls from now on; those running keep theirs. A ready policy that was handed in is changed
   * for all its users.
   * @throws As at construction, or TypeError for a part that is not there; then nothing is changed.
   */
  configure(changes: PipelineChanges): void;
  /** Counts of the whole; `retries` and `timeouts` are summed over the parts (a shared part counts all its users). */
  stats(): PolicyStats;
}

export interface GivesBreaker {
  circuitBreaker: (CircuitBreakerOptions & { execute?: undefined }) | CircuitBreaker;
}

export interface GivesBulkhead {
  bulkhead: ((BulkheadOptions | PriorityBulkheadOptions) & { execute?: undefined }) | Bulkhead;
}

export interface ShowsBreaker {
  readonly circuitBreaker: CircuitBreaker;
}

export interface ShowsBulkhead {
  readonly bulkhead: Bulkhead;
}
