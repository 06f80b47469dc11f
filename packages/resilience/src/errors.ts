import {
  BrokenCircuitError,
  BulkheadRejectedError,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  isTaskCancelledError,
  TaskCancelledError,
} from './cockatiel.ts';
import { isMarkedRejection, REJECTION } from './rejection.ts';

/**
 * The circuit is open (or half-open with all its probes taken), so the call was not made.
 * cockatiel's `isBrokenCircuitError` recognises it. It carries no stack frames: a rejection must stay cheap under load.
 */
export class CircuitOpenError extends BrokenCircuitError {
  static {
    Object.defineProperty(CircuitOpenError.prototype, 'name', { value: 'CircuitOpenError', writable: true });
    // An own property would have to be defined as not enumerable, at a third of the cost of a rejection.
    Object.defineProperty(CircuitOpenError.prototype, 'cause', {
      get(this: object) {
        return #cause in this ? this.#cause : undefined;
      },
      configurable: true,
    });
  }
  readonly #cause: unknown;
  readonly code: 'CIRCUIT_OPEN' | 'CIRCUIT_ISOLATED' = 'CIRCUIT_OPEN';
  readonly retryable: boolean = true;
  readonly safety = 'not-sent';
  /** The circuit's name. */
  readonly policy: string;
  /** Milliseconds until the circuit admits a probe; undefined when nobody can tell. */
  readonly retryAfterMs: number | undefined;

  /** @param cause The failure that opened the circuit; undefined when slow calls did, or a probe that did not settle. */
  constructor(policy: string, retryAfterMs: number | undefined, cause?: unknown, message?: string) {
    super(message ?? `Circuit "${policy}" is open; next probe in ${Math.ceil(retryAfterMs ?? 0)} ms`);
    this.policy = policy;
    this.retryAfterMs = retryAfterMs;
    this.#cause = cause;
  }
}

/** The circuit is held open by hand (`isolate()`); cockatiel's `isIsolatedCircuitError` recognises it. */
export class CircuitIsolatedError extends CircuitOpenError {
  static {
    Object.defineProperty(CircuitIsolatedError.prototype, 'name', {
      value: 'CircuitIsolatedError',
      writable: true,
    });
  }
  override readonly code = 'CIRCUIT_ISOLATED';
  readonly isIsolatedCircuitError = true;

  constructor(policy: string) {
    super(policy, undefined, undefined, `Circuit "${policy}" is isolated by hand`);
  }
}

/** The call did not finish in time. cockatiel's `isTaskCancelledError` recognises it; its `name` is `TimeoutError`. */
export class PolicyTimeoutError extends TaskCancelledError {
  static {
    Object.defineProperty(PolicyTimeoutError.prototype, 'name', { value: 'TimeoutError', writable: true });
  }
  readonly code = 'TIMEOUT';
  readonly retryable = true;
  /**
   * `idempotent-only`: the call may have been carried out all the same. `not-sent` when the time passed before it was made, in the
   * queue of a bulkhead inside: a rejection, which says nothing about the dependency.
   */
  readonly safety: 'idempotent-only' | 'not-sent';
  readonly policy: string;
  readonly timeoutMs: number;

  /** @param called Whether the call was made. Default true. */
  constructor(policy: string, timeoutMs: number, called = true) {
    super(`"${policy}" timed out after ${timeoutMs} ms${called ? '' : ', before the call was made'}`);
    this.policy = policy;
    this.timeoutMs = timeoutMs;
    this.safety = called ? 'idempotent-only' : 'not-sent';
    if (!called) Object.defineProperty(this, REJECTION, { value: true, writable: true, configurable: true });
  }
}

/** No slot was free and the queue was full, or the wait in the queue was too long; the call was not made. */
export class BulkheadFullError extends BulkheadRejectedError {
  static {
    Object.defineProperty(BulkheadFullError.prototype, 'name', {
      value: 'BulkheadFullError',
      writable: true,
    });
  }
  readonly code = 'BULKHEAD_FULL';
  readonly retryable = true;
  readonly safety = 'not-sent';
  readonly policy: string;
  readonly reason: 'full' | 'queue-timeout';
  readonly maxConcurrent: number;
  readonly maxQueue: number;

  constructor(
    policy: string,
    maxConcurrent: number,
    maxQueue: number,
    reason: 'full' | 'queue-timeout',
    queueTimeoutMs = 0,
  ) {
    super(maxConcurrent, maxQueue);
    this.message =
      reason === 'full'
        ? `Bulkhead "${policy}" is full: ${maxConcurrent} running, ${maxQueue} queued`
        : `Bulkhead "${policy}" gave no slot within ${queueTimeoutMs} ms`;
    this.policy = policy;
    this.maxConcurrent = maxConcurrent;
    this.maxQueue = maxQueue;
    this.reason = reason;
  }
}

/** Builds an error without collecting stack frames, which is nearly all of an error's cost. */
export const stackless = <E extends Error>(build: () => E): E => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return build();
  } finally {
    Error.stackTraceLimit = limit;
  }
};

// An error may throw when it is looked at: a getter of its own, a proxy that was revoked. Such a one says nothing.

/** True for a call that a policy (ours or cockatiel's) refused to make. */
export const isRejection = (error: unknown): boolean => {
  try {
    return isBrokenCircuitError(error) || isBulkheadRejectedError(error) || isMarkedRejection(error);
  } catch {
    return false;
  }
};

/** True for a time limit of ours or of cockatiel. */
export const isTimeout = (error: unknown): boolean => {
  try {
    return isTaskCancelledError(error);
  } catch {
    return false;
  }
};

/** True for an error that says somebody cancelled, whoever it was. */
export const isCancellation = (error: unknown): boolean => {
  if (typeof error !== 'object' || error === null) return false;
  try {
    const { name, code } = error as { name?: unknown; code?: unknown };
    return name === 'AbortError' || code === 'ABORT_ERR' || code === 'CANCELLED';
  } catch {
    return false;
  }
};
