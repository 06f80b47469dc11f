// The whole public surface of @agent4/logging, apart from the subpaths ./http, ./propagation and ./testing. Everything else may change at any time.
export { type CaptureOptions, captureExceptions } from './capture-exceptions.ts';
export { configureLogging, type LoggingOptions } from './configure-logging.ts';
export { type ContextFields, CorrelationContext, isValidCorrelationId } from './context.ts';
export { createLogger, type LoggerOptions, type LoggerWithLevels } from './create-logger.ts';
export { defineEvents, type EventDefinition, type EventOptions, type TypedEvents } from './define-events.ts';
export type { Destination } from './destination.ts';
export type { FieldType } from './event-fields.ts';
export type { DropEvent, FailureEvent, LevelEvent, SlowEvent, SuppressEvent } from './events.ts';
export { type FileDestination, type FileOptions, fileDestination } from './file-destination.ts';
export { flushOnSignals, type SignalOptions } from './flush-on-signals.ts';
export type { Format } from './formats.ts';
export { type DestinationHealth, type DestinationState, loggingHealth } from './health.ts';
export { type HmacCensorOptions, hmacCensor } from './hmac-censor.ts';
export { type IsolatedDestination, isolated } from './isolated.ts';
export type { Guard, IsolatedOptions } from './isolated-options.ts';
export { type Lazy, lazy } from './lazy.ts';
export {
  changeLevel,
  type LevelChange,
  type LevelChangeOptions,
  type LevelReport,
  levelReport,
} from './level-changes.ts';
export { type LevelOnSignalOptions, type LevelSignal, levelOnSignal } from './level-on-signal.ts';
export type { Level } from './levels.ts';
export type { QueuePolicy } from './line-queue.ts';
export type { LevelMethod, LogMethod } from './log-methods.ts';
export type { Logger } from './logger.ts';
export { apiLogger, appLogger, performanceLogger } from './loggers.ts';
export {
  type DestinationMetrics,
  type FlushStats,
  type LoggingMetrics,
  loggingMetrics,
} from './metrics.ts';
export {
  createPerformanceLogger,
  type PerformanceLogger,
  type TimeOptions,
  type Timer,
} from './performance-logger.ts';
export type { IntervalTimers, PerformanceLoggerOptions } from './performance-options.ts';
export { flushRecorder, type RecorderOptions } from './recorder.ts';
export type { RedactOptions } from './redact.ts';
export type { RedactionEvent } from './redact-audit.ts';
export type { Limits } from './rules.ts';
export type { Schedule } from './schedule.ts';
export type { PatternsOption, SecretPattern } from './scrubber.ts';
export type { SecretPatternName } from './secret-patterns.ts';
export type { DedupeOptions, RateLimitOptions, SampleOptions, ThrottleOptions } from './throttle-options.ts';
export type { OperationStats } from './timings.ts';
export type { TraceReader } from './trace/active.ts';
export type { Trace } from './trace/traceparent.ts';
