import { DatabaseError, handleError, NotFoundError } from '@agent4/errors';
import { CorrelationContext, createLogger } from '@agent4/logging';
import { circuitBreaker } from '@agent4/resilience';
import { describe, expect, it } from '@jest/globals';
import { CapturedLog } from './captured-log.ts';

const logged = async (fields: Record<string, unknown>): Promise<Record<string, unknown>> => {
  const log = new CapturedLog();
  const logger = createLogger({ name: 'contracts', destination: log });
  logger.error('it failed', fields);
  await logger.flush();
  return log.records[0]!;
};

const driverError = Object.assign(new Error('connect to postgres://app:hunter2@db-7/orders failed'), {
  code: 'ECONNREFUSED',
  syscall: 'connect',
  config: { password: 'hunter2' },
});

describe('a StructuredError in a log line', () => {
  it('is written as its own log record', async () => {
    const structured = handleError(new NotFoundError('no row', { code: 'ORDER_NOT_FOUND' }), {
      operation: 'orders.get',
    });
    const { error } = await logged({ error: structured });
    expect(error).toEqual(JSON.parse(JSON.stringify(structured.toLogRecord())));
    expect(error).toMatchObject({ code: 'ORDER_NOT_FOUND', fingerprint: structured.fingerprint });
  });

  it('carries neither credentials nor configuration of what caused it', async () => {
    const structured = handleError(new DatabaseError('no answer', { cause: driverError }));
    const text = JSON.stringify(await logged({ error: structured }));
    expect(text).toContain('ECONNREFUSED');
    expect(text).not.toContain('hunter2');
  });
});

describe('an error in a log line without handleError', () => {
  it('keeps name, message, stack, code and category of an AppError', async () => {
    const { error } = await logged({ error: new NotFoundError('row 7 is gone') });
    expect(error).toMatchObject({
      name: 'NotFoundError',
      message: 'row 7 is gone',
      code: 'NOT_FOUND',
      category: 'NOT_FOUND',
      stack: expect.stringContaining('errors-in-the-log.test.ts'),
    });
  });

  it('keeps name, code and numbers of a policy error', async () => {
    const breaker = circuitBreaker({ name: 'store', failureThreshold: 1, clock: () => 0 });
    await breaker.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    const open = await breaker.execute(() => 'never called').catch((error: unknown) => error);
    const { error } = await logged({ error: open });
    expect(error).toMatchObject({
      name: 'CircuitOpenError',
      code: 'CIRCUIT_OPEN',
      policy: 'store',
      retryAfterMs: 30_000,
    });
  });

  it('bears the correlation id that handleError was given from the context', async () => {
    const log = new CapturedLog();
    const logger = createLogger({ name: 'contracts', destination: log });
    const structured = CorrelationContext.run({ correlationId: 'req-1' }, () => {
      const handled = handleError(driverError, {
        correlationId: CorrelationContext.current()?.correlationId,
      });
      logger.error('it failed', { error: handled });
      return handled;
    });
    await logger.flush();
    expect(structured.correlationId).toBe('req-1');
    expect(log.records[0]).toMatchObject({ correlationId: 'req-1' });
  });
});
