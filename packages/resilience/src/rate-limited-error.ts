import { REJECTION } from './rejection.ts';

/**
 * The rate is used up, and the queue is full or the caller's turn too far away; the call was not made.
 * It carries no stack frames.
 */
export class RateLimitedError extends Error {
  static {
    Object.defineProperty(RateLimitedError.prototype, 'name', { value: 'RateLimitedError', writable: true });
    Object.defineProperty(RateLimitedError.prototype, REJECTION, { value: true });
  }
  readonly code = 'RATE_LIMITED';
  readonly retryable = true;
  readonly safety = 'not-sent';
  /** The limit's name. */
  readonly policy: string;
  readonly reason: 'rate' | 'queue-timeout';
  /** Milliseconds until a call that comes now would have its turn. */
  readonly retryAfterMs: number;

  constructor(policy: string, reason: 'rate' | 'queue-timeout', retryAfterMs: number) {
    super(`Rate limit "${policy}" is reached; next turn in ${Math.ceil(retryAfterMs)} ms`);
    this.policy = policy;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}
