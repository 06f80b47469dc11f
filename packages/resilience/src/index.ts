// The whole public surface of @agent4/resilience. What is not named here is not for use.
export type { BackoffContext, BackoffShape, CustomBackoff, Jitter } from './backoff.ts';
export { type Bulkhead, type BulkheadEvents, type BulkheadOptions, bulkhead } from './bulkhead.ts';
export type { CircuitSnapshot, IsolationHandle } from './circuit.ts';
export {
  type CircuitBreaker,
  type CircuitBreakerEvents,
  type CircuitBreakerOptions,
  circuitBreaker,
} from './circuit-breaker.ts';
export type { CircuitWindow } from './circuit-counters.ts';
export { compose } from './compose.ts';
export type { PolicyContext } from './context.ts';
export { BulkheadFullError, CircuitIsolatedError, CircuitOpenError, PolicyTimeoutError } from './errors.ts';
export type { CircuitStateName, EventName, PolicyEvents, StateChange } from './events.ts';
export { type FallbackEvents, type FallbackFunction, type FallbackOptions, fallback } from './fallback.ts';
export {
  type HealthAnswer,
  type HealthCheck,
  type HealthCheckOptions,
  type HealthCheckResult,
  HealthRegistry,
  type HealthRegistryOptions,
  type HealthReport,
  type HealthSource,
  type HealthStatus,
  healthRegistry,
} from './health.ts';
export { type Pipeline, type PipelineOptions, type PipelineSnapshot, pipeline } from './pipeline.ts';
export type { Policy, PolicyLike } from './policy.ts';
export { type RetryEvents, type RetryPolicy, retry } from './retry.ts';
export type { PolicyStats } from './stats.ts';
export { type TimeoutEvents, type TimeoutOptions, timeout } from './timeout.ts';
export type { Clock, Timers, TimeSource } from './timers.ts';
export type { Handle, Safety, Verdict } from './verdict.ts';
