/** One failed attempt of a call that was retried. */
export interface FailedAttempt {
  /** 1 is the first call. */
  attempt: number;
  /** Absent when it was a result that `retryOnResult` did not take. */
  error?: unknown;
  /** The wait that followed, in milliseconds; absent for the last attempt. */
  delayMs?: number;
}

/** What happened before a retry gave up. */
export interface RetryHistory {
  /** In order; of more than 100 the last ones. */
  readonly attempts: readonly FailedAttempt[];
  /** Set when a further attempt was due and the retry budget did not allow it. */
  readonly suppressed?: 'budget';
}

// At the side, because the error belongs to the code that threw it: it may be frozen, or shared between calls.
const HISTORIES = new WeakMap<object, RetryHistory>();

/**
 * The attempts that led to an error of a retry. Undefined for an error that was not retried, and for a thrown value that is
 * no object. One error object thrown by several calls tells of the last of them.
 */
export function attemptsOf(error: unknown): RetryHistory | undefined {
  return typeof error === 'object' && error !== null ? HISTORIES.get(error) : undefined;
}

export const rememberAttempts = (error: unknown, history: RetryHistory): void => {
  if (typeof error === 'object' && error !== null) HISTORIES.set(error, history);
};
