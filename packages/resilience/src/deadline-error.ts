import { TaskCancelledError } from './cockatiel.ts';
import { stackless } from './errors.ts';
import { REJECTION } from './rejection.ts';

interface Detail {
  /** What was left when it was given up. */
  remainingMs: number;
  /** Calls made until then. */
  attempts: number;
  /** What the next step would have needed at least. */
  neededMs?: number | undefined;
  cause?: unknown;
}

/**
 * The time budget is spent, or what is left is too short for the next wait, which was therefore not begun.
 * With `attempts` 0 nothing was called (`safety` is `not-sent`); else the last call may have been carried out.
 * cockatiel's `isTaskCancelledError` recognises it. It carries no stack frames.
 */
export class DeadlineExceededError extends TaskCancelledError {
  static {
    Object.defineProperty(DeadlineExceededError.prototype, 'name', {
      value: 'DeadlineExceededError',
      writable: true,
    });
  }
  readonly code = 'DEADLINE_EXCEEDED';
  readonly retryable = true;
  readonly safety: 'not-sent' | 'idempotent-only';
  /** Name of the policy that gave up. */
  readonly policy: string;
  /** Milliseconds that were left. */
  readonly remainingMs: number;
  /** Calls that were made under the policy that gave up. */
  readonly attempts: number;
  /** Milliseconds that the next wait would have taken; undefined when the time was simply spent. */
  readonly neededMs: number | undefined;

  /** @param detail `cause` is the failure of the last attempt that failed, where there was one. */
  constructor(policy: string, message: string, detail: Detail) {
    super(message);
    this.policy = policy;
    this.remainingMs = detail.remainingMs;
    this.attempts = detail.attempts;
    this.neededMs = detail.neededMs;
    this.safety = detail.attempts === 0 ? 'not-sent' : 'idempotent-only';
    const hidden = { writable: true, configurable: true };
    if (detail.attempts === 0) Object.defineProperty(this, REJECTION, { value: true, ...hidden });
    if (detail.cause !== undefined) Object.defineProperty(this, 'cause', { value: detail.cause, ...hidden });
  }
}

/** No time is left, so nothing was called. */
export const spent = (policy: string): DeadlineExceededError =>
  stackless(
    () =>
      new DeadlineExceededError(policy, `"${policy}": the deadline had passed before the call was made`, {
        remainingMs: 0,
        attempts: 0,
      }),
  );

/** Time ran out during a call, or between calls, or (`attempts` 0) before one was made; `limitMs` is what there was. */
export const struck = (
  policy: string,
  limitMs: number,
  attempts: number,
  cause?: unknown,
): DeadlineExceededError =>
  stackless(
    () =>
      new DeadlineExceededError(policy, `"${policy}" reached its deadline after ${show(limitMs)} ms`, {
        remainingMs: 0,
        attempts,
        cause,
      }),
  );

/** A wait of `neededMs` does not fit into what is left, so it is not begun. */
export const unfit = (
  policy: string,
  remainingMs: number,
  neededMs: number,
  attempts: number,
  cause?: unknown,
): DeadlineExceededError =>
  stackless(
    () =>
      new DeadlineExceededError(
        policy,
        `"${policy}" has ${show(remainingMs)} ms left and would wait ${show(neededMs)} ms; calls made: ${attempts}`,
        { remainingMs, neededMs, attempts, cause },
      ),
  );

const show = (ms: number): number => Math.ceil(ms);
