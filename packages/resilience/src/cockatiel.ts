// The one place that imports the engine: what we take from cockatiel 4, and nothing else.
export {
  BrokenCircuitError,
  BulkheadRejectedError,
  CircuitState as EngineState,
  ConsecutiveBreaker,
  type IBackoffFactory,
  type IBreaker,
  type IDefaultPolicyContext,
  type IDisposable,
  type IFailureEvent,
  type IPolicy,
  type ISuccessEvent,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  isTaskCancelledError,
  type Policy as HandleFilter,
  TaskCancelledError,
} from 'cockatiel';
