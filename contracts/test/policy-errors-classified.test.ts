import { classify, createErrorResponse, handleError } from '@agent4/errors';
import { bulkhead, circuitBreaker, timeout } from '@agent4/resilience';
import { describe, expect, it } from '@jest/globals';
import { BrokenCircuitError, BulkheadRejectedError, TaskCancelledError } from 'cockatiel';
import { ManualTime } from './manual-time.ts';

const caught = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  );

const openCircuit = async (): Promise<unknown> => {
  const time = new ManualTime();
  const breaker = circuitBreaker({
    name: 'ledger-db-01',
    failureThreshold: 1,
    openMs: 30_000,
    clock: time.clock,
  });
  await caught(breaker.execute(() => Promise.reject(new Error('down'))));
  await time.advance(10_500);
  return caught(breaker.execute(() => 'never called'));
};

const fullBulkhead = async (): Promise<unknown> => {
  const gate = Promise.withResolvers<void>();
  const slots = bulkhead({ name: 'ledger-db-01', maxConcurrent: 1, maxQueue: 0 });
  const first = slots.execute(() => gate.promise);
  const error = await caught(slots.execute(() => 'never called'));
  gate.resolve();
  await first;
  return error;
};

const tooSlow = async (): Promise<unknown> => {
  const time = new ManualTime();
  const limit = timeout({ name: 'ledger-db-01', ms: 250, clock: time.clock, timers: time.timers });
  const outcome = caught(limit.execute(() => new Promise(() => {})));
  await time.advance(250);
  return outcome;
};

describe("resilience's errors, classified by @agent4/errors", () => {
  it('knows an open circuit: unavailable, not sent, with the time to the next probe', async () => {
    const { category, statusCode, httpStatus, retry } = classify(await openCircuit());
    expect({ category, statusCode, httpStatus, retry }).toEqual({
      category: 'UNAVAILABLE',
      statusCode: 'UNAVAILABLE',
      httpStatus: 503,
      retry: { retryable: true, safety: 'not-sent', afterMs: 19_500 },
    });
  });

  it('knows a full bulkhead: at our limit, not sent', async () => {
    const { category, statusCode, httpStatus, retry } = classify(await fullBulkhead());
    expect({ category, statusCode, httpStatus, retry }).toEqual({
      category: 'RESOURCE',
      statusCode: 'RESOURCE_EXHAUSTED',
      httpStatus: 503,
      retry: { retryable: true, safety: 'not-sent' },
    });
  });

  it('knows a time limit: it may have been carried out', async () => {
    const { category, statusCode, httpStatus, retry } = classify(await tooSlow());
    expect({ category, statusCode, httpStatus, retry }).toEqual({
      category: 'TIMEOUT',
      statusCode: 'DEADLINE_EXCEEDED',
      httpStatus: 504,
      retry: { retryable: true, safety: 'idempotent-only' },
    });
  });

  it.each([
    ['BrokenCircuitError', new BrokenCircuitError(), 'UNAVAILABLE'],
    ['BulkheadRejectedError', new BulkheadRejectedError(1, 0), 'RESOURCE'],
    ['TaskCancelledError', new TaskCancelledError(), 'TIMEOUT'],
  ])("knows cockatiel's own %s", (_name, error, category) => {
    expect(classify(error).category).toBe(category);
  });

  it('answers an open circuit with Retry-After and without the name of what is behind it', async () => {
    const { status, headers, body } = createErrorResponse(handleError(await openCircuit()));
    expect(status).toBe(503);
    expect(headers).toMatchObject({ 'retry-after': '20' });
    expect(JSON.stringify(body)).not.toContain('ledger-db-01');
  });
});
