import { mcpErrors } from './errors.ts';

/**
 * Runs `work` until it ends, `signal` aborts or `limitMs` are over, whichever is first.
 * Work that does not heed its signal is left behind, never waited for.
 * @throws CALL_TIMED_OUT after `limitMs`; `signal.reason` when aborted.
 */
export const withDeadline = async <T>(
  limitMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(mcpErrors.CALL_TIMED_OUT({ limitMs })), limitMs);
  const either = AbortSignal.any([signal, limit.signal]);
  try {
    either.throwIfAborted();
    return await new Promise<T>((resolve, reject) => {
      either.addEventListener('abort', () => reject(either.reason), { once: true });
      work(either).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
};
