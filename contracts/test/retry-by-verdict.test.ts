import {
  AppError,
  classify,
  NetworkError,
  RateLimitError,
  UnavailableError,
  ValidationError,
} from '@agent4/errors';
import { retry } from '@agent4/resilience';
import { describe, expect, it } from '@jest/globals';
import { ManualTime } from './manual-time.ts';

/** Fails with the error every time; `calls` counts. */
const failing = (error: unknown) => {
  const call = Object.assign(
    async (): Promise<never> => {
      call.calls++;
      throw error;
    },
    { calls: 0 },
  );
  return call;
};

const systemError = (code: string): Error =>
  Object.assign(new Error('from the system'), { code, syscall: 'connect' });
const noWait = { initialDelayMs: 0 } as const;

describe('the error of @agent4/errors, read by retry without any configuration', () => {
  it('is thrown at once when it says that it is not retryable', async () => {
    const error = new ValidationError('no');
    const call = failing(error);
    await expect(retry(noWait).execute(call)).rejects.toBe(error);
    expect(call.calls).toBe(1);
  });

  it('is retried when it says that nothing was sent', async () => {
    const error = new UnavailableError('down', { safety: 'not-sent' });
    const call = failing(error);
    await expect(retry(noWait).execute(call)).rejects.toBe(error);
    expect(call.calls).toBe(3);
  });

  it('is not repeated when only an idempotent call may be, until the call is declared so', async () => {
    const error = new NetworkError('cut');
    expect(error.safety).toBe('idempotent-only');
    const once = failing(error);
    await expect(retry(noWait).execute(once)).rejects.toBe(error);
    expect(once.calls).toBe(1);
    const declared = failing(error);
    await expect(retry({ ...noWait, idempotent: true }).execute(declared)).rejects.toBe(error);
    expect(declared.calls).toBe(3);
  });

  it('sets the least wait by its retryAfterMs', async () => {
    const time = new ManualTime();
    const call = failing(new RateLimitError('slow down', { retryAfterMs: 5_000 }));
    const policy = retry({
      initialDelayMs: 10,
      jitter: 'none',
      maxAttempts: 2,
      clock: time.clock,
      timers: time.timers,
    });
    const outcome = policy.execute(call).catch((error: unknown) => error);
    await time.advance(4_999);
    expect(call.calls).toBe(1);
    await time.advance(1);
    expect(call.calls).toBe(2);
    expect(await outcome).toBeInstanceOf(AppError);
    expect(time.waits).toEqual([5_000]);
  });
});

describe('the verdict of classify, handed to retry as `classify`', () => {
  const policy = (idempotent?: boolean) =>
    retry({ ...noWait, idempotent, classify: (error) => classify(error).retry });

  it.each([
    ['a refused connection, nothing sent', systemError('ECONNREFUSED'), undefined, 3],
    ['a cut connection, call not declared idempotent', systemError('ECONNRESET'), undefined, 1],
    ['a cut connection, call declared idempotent', systemError('ECONNRESET'), true, 3],
    ['a bug', new TypeError('x is not a function'), true, 1],
    ['a rejected input', new ValidationError('no'), true, 1],
    ['a cancellation', new DOMException('gone', 'AbortError'), true, 1],
  ])('decides on %s', async (_name, error, idempotent, calls) => {
    const call = failing(error);
    await expect(policy(idempotent).execute(call)).rejects.toBe(error);
    expect(call.calls).toBe(calls);
  });

  it('has the three fields that retry reads', () => {
    const { retryable, safety, afterMs } = classify(new RateLimitError('slow', { retryAfterMs: 250 })).retry;
    expect({ retryable, safety, afterMs }).toEqual({ retryable: true, safety: 'not-sent', afterMs: 250 });
  });
});
