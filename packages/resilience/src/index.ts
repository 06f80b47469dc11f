// The whole public surface of @agent4/resilience. What is not named here is not for use.
export {
  type AdaptiveConcurrency,
  type AdaptiveConcurrencyChanges,
  type AdaptiveConcurrencyEvents,
  type AdaptiveConcurrencyOptions,
  adaptiveConcurrency,
} from './adaptive-concurrency.ts';
export { attemptsOf, type FailedAttempt, type RetryHistory } from './attempts.ts';
export type { BackoffContext, BackoffShape, CustomBackoff, Jitter } from './backoff.ts';
export {
  type Bulkhead,
  type BulkheadChanges,
  type BulkheadEvents,
  type BulkheadOptions,
  bulkhead,
} from './bulkhead.ts';
export {
  type Chaos,
  type ChaosChanges,
  type ChaosEvents,
  type ChaosOptions,
  type ChaosRates,
  chaos,
  InjectedFaultError,
} from './chaos.ts';
export {
  type CircuitBreaker,
  type CircuitBreakerChanges,
  type CircuitBreakerEvents,
  type CircuitBreakerOptions,
  circuitBreaker,
} from './circuit-breaker.ts';
export { type CircuitBreakers, type CircuitBreakersOptions, circuitBreakers } from './circuit-breakers.ts';
export type { CircuitWindow } from './circuit-counters.ts';
export type {
  CircuitCounts,
  CircuitExplanation,
  CircuitSnapshot,
  IsolationHandle,
} from './circuit-report.ts';
export type { CircuitMode, CircuitRefusal } from './circuit-state.ts';
export { type Coalesce, type CoalesceEvents, type CoalesceOptions, coalesce } from './coalesce.ts';
export { compose } from './compose.ts';
export {
  type Deadline,
  type DeadlineEvents,
  type DeadlineOptions,
  deadline,
  type WithDeadlineOptions,
  withDeadline,
} from './deadline.ts';
export { remainingMs } from './deadline-context.ts';
export { DeadlineExceededError } from './deadline-error.ts';
export { type DeadlineFormat, fromDeadlineHeader, toDeadlineHeader } from './deadline-header.ts';
export { BulkheadFullError, CircuitIsolatedError, CircuitOpenError, PolicyTimeoutError } from './errors.ts';
export type { CircuitStateName, EventName, PolicyEvents, StateChange } from './events.ts';
export { type FallbackEvents, type FallbackFunction, type FallbackOptions, fallback } from './fallback.ts';
export {
  type AnswerOf,
  type FallbackChain,
  type FallbackContext,
  type FallbackOutcome,
  type FallbackStep,
  fallbackChain,
  type StaleAnswer,
} from './fallback-chain.ts';
export {
  type HealthCheckOptions,
  HealthRegistry,
  type HealthRegistryOptions,
  type HealthReport,
  healthRegistry,
  type Liveness,
} from './health.ts';
export type { HealthAnswer, HealthCheck, HealthCheckResult, HealthStatus } from './health-check.ts';
export type { HealthSource } from './health-sources.ts';
export { type Hedge, type HedgeChanges, type HedgeEvents, type HedgeOptions, hedge } from './hedge.ts';
export type { HedgeBudget } from './hedge-delay.ts';
export { type PerInstance, perInstance } from './per-instance.ts';
export { pipeline } from './pipeline.ts';
export type {
  PartSnapshots,
  Pipeline,
  PipelineChanges,
  PipelineExplanation,
  PipelineOptions,
  PipelineSnapshot,
} from './pipeline-types.ts';
export type { Policy, PolicyContext, PolicyLike } from './policy.ts';
export { type NamedPolicy, PolicyRegistry, policies } from './policy-registry.ts';
export { type PriorityBulkheadOptions, priorityBulkhead } from './priority-bulkhead.ts';
export {
  type RateLimit,
  type RateLimitChanges,
  type RateLimitEvents,
  RateLimitedError,
  type RateLimitOptions,
  rateLimit,
} from './rate-limit.ts';
export {
  type Retry,
  type RetryChanges,
  type RetryEvents,
  type RetryInput,
  type RetryPolicy,
  retry,
} from './retry.ts';
export {
  type RetryBudget,
  type RetryBudgetOptions,
  type RetryBudgetSnapshot,
  retryBudget,
} from './retry-budget.ts';
export type { Priority } from './slots.ts';
export type { PolicyStats } from './stats.ts';
export { type StreamOptions, stream } from './stream.ts';
export { type Timeout, type TimeoutEvents, type TimeoutOptions, timeout } from './timeout.ts';
export type { Clock, Timers, TimeSource } from './timers.ts';
export type { Handle, Safety, Verdict } from './verdict.ts';
