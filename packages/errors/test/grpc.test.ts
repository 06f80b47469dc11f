import { describe, expect, it } from '@jest/globals';
import { fromGrpcStatus, type GrpcStatus, toGrpcStatus } from '../src/grpc.ts';
import {
  AppError,
  classify,
  errorTable,
  handleError,
  NotFoundError,
  RateLimitError,
  ValidationError,
} from '../src/index.ts';

const withProps = (props: object): Error => Object.assign(new Error('x'), props);

describe('toGrpcStatus', () => {
  it('tells code, public text, reason, wait, fields and request id', () => {
    const error = new ValidationError('private', {
      code: 'BAD_ORDER',
      retryAfterMs: 1500,
      safety: 'not-sent',
      violations: [{ path: '/items/0/a~1b', code: 'TOO_BIG', message: 'is too big' }],
    });
    expect(
      toGrpcStatus(handleError(error, { correlationId: 'r1' }), { domain: 'orders.example.com' }),
    ).toEqual({
      code: 3,
      message: 'The request is not valid',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'BAD_ORDER',
          domain: 'orders.example.com',
          metadata: { category: 'VALIDATION', retryable: 'true' },
        },
        { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' },
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: [{ field: 'items[0].a/b', description: 'is too big', reason: 'TOO_BIG' }],
        },
        { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: 'r1' },
      ],
    });
  });

  it.each(Object.values(errorTable).map((row) => [row.category, row.statusCode] as const))(
    'gives a %s error the number of %s',
    (category, statusCode) => {
      const numbers: Record<string, number> = {
        CANCELLED: 1,
        UNKNOWN: 2,
        INVALID_ARGUMENT: 3,
        DEADLINE_EXCEEDED: 4,
        NOT_FOUND: 5,
        ALREADY_EXISTS: 6,
        PERMISSION_DENIED: 7,
        RESOURCE_EXHAUSTED: 8,
        FAILED_PRECONDITION: 9,
        ABORTED: 10,
        UNIMPLEMENTED: 12,
        INTERNAL: 13,
        UNAVAILABLE: 14,
        DATA_LOSS: 15,
        UNAUTHENTICATED: 16,
      };
      expect(toGrpcStatus(handleError(new AppError('x', { category }))).code).toBe(numbers[statusCode]);
    },
  );

  it('does not call the caller unauthenticated when our own password was refused', () => {
    const refused = withProps({ name: 'error', code: '28P01', severity: 'FATAL' });
    expect(classify(refused).statusCode).toBe('UNAUTHENTICATED');
    expect(toGrpcStatus(handleError(refused)).code).toBe(13);
  });

  it('shows nothing of message, cause or details', () => {
    const error = new NotFoundError('hunter2', { cause: new Error('hunter2'), details: { a: 'hunter2' } });
    expect(JSON.stringify(toGrpcStatus(handleError(error)))).not.toContain('hunter2');
    expect(toGrpcStatus('not handled yet' as never).code).toBe(2);
  });
});

describe('fromGrpcStatus', () => {
  const there = (error: AppError): AppError =>
    fromGrpcStatus(JSON.parse(JSON.stringify(toGrpcStatus(handleError(error)))) as GrpcStatus);

  it('gives back class, code, verdict, wait and fields', () => {
    const back = there(
      new RateLimitError('x', {
        code: 'TOO_MANY_ORDERS',
        retryAfterMs: 1500,
        violations: [{ path: '/items/0/name', code: 'TOO_BIG', message: 'is too big' }],
      }),
    );
    expect(back).toBeInstanceOf(RateLimitError);
    expect(back).toMatchObject({ code: 'TOO_MANY_ORDERS', retryable: true, retryAfterMs: 1500 });
    expect(back.violations).toEqual([
      { path: '/items/0/name', code: 'TOO_BIG', message: 'is too big or too long' },
    ]);
  });

  it.each(Object.values(errorTable).map((row) => row.category))('keeps the category %s', (category) => {
    const error = new AppError('x', { category });
    const back = there(error);
    expect([back.category, back.retryable]).toEqual([category, error.retryable]);
  });

  it('reads the error of a client that has a number and a text', () => {
    const thrown = withProps({ code: 5, details: 'user 7 not found', metadata: {} });
    const back = fromGrpcStatus(thrown);
    expect(back).toBeInstanceOf(NotFoundError);
    expect([back.cause, back.details]).toEqual([thrown, { grpcStatus: 'NOT_FOUND' }]);
    expect(back.userMessage).toBe('The requested item was not found');
  });

  it('takes any value', () => {
    const boom = (): never => {
      throw new Error('user code ran unguarded');
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const getters = Object.defineProperties({}, { code: { get: boom }, details: { get: boom } });
    for (const value of [
      undefined,
      'x',
      { code: 99 },
      { code: '5' },
      { code: 0 },
      { code: -1 },
      { code: 'constructor' },
      { details: [null, 1, { '@type': {} }] },
      getters,
      proxy,
    ])
      expect(fromGrpcStatus(value).category).toBe('UNKNOWN');
  });
});
