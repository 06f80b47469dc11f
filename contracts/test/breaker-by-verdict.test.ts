import { classify, NotFoundError, UnavailableError } from '@agent4/errors';
import { circuitBreaker } from '@agent4/resilience';
import { describe, expect, it } from '@jest/globals';

const fail = (error: unknown) => async (): Promise<never> => {
  throw error;
};

describe('a breaker with the verdict of @agent4/errors', () => {
  it("stays closed over the caller's faults", async () => {
    const breaker = circuitBreaker({ failureThreshold: 1 });
    for (let call = 0; call < 3; call++)
      await expect(breaker.execute(fail(new NotFoundError('no such user')))).rejects.toBeInstanceOf(
        NotFoundError,
      );
    expect(breaker.state).toBe('closed');
  });

  it('opens over faults of the dependency', async () => {
    const breaker = circuitBreaker({ failureThreshold: 1 });
    await expect(breaker.execute(fail(new UnavailableError('down')))).rejects.toBeInstanceOf(
      UnavailableError,
    );
    expect(breaker.state).toBe('open');
  });

  it('takes classify for errors that say nothing of themselves', async () => {
    const breaker = circuitBreaker({ failureThreshold: 1, classify: (error) => classify(error).retry });
    await expect(breaker.execute(fail(new TypeError('a bug')))).rejects.toBeInstanceOf(TypeError);
    expect(breaker.state).toBe('closed');
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });
    await expect(breaker.execute(fail(refused))).rejects.toBe(refused);
    expect(breaker.state).toBe('open');
  });
});
