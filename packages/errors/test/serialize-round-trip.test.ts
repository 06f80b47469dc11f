import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  AppError,
  ConflictError,
  classify,
  createErrorResponse,
  DatabaseError,
  defineErrors,
  handleError,
  isAppError,
  NotFoundError,
  RateLimitError,
  ValidationError,
} from '../src/index.ts';
import { deserializeError, serializeError } from '../src/serialize.ts';

const wire = (value: unknown): Error => deserializeError(JSON.parse(JSON.stringify(serializeError(value))));
const withProps = (props: object, message = 'x'): Error => Object.assign(new Error(message), props);
const catalogs = { de: { 'orders.quota': 'Nur {most} am Tag', 'errors.timeout': 'Zu langsam' } };
const answer = (error: unknown): unknown => [
  createErrorResponse(handleError(error)),
  createErrorResponse(handleError(error), { locale: 'de', catalogs }),
];

const { QUOTA } = defineErrors({
  QUOTA: { category: 'RATE_LIMIT', message: 'Only {most} a day', severity: 'error', i18nKey: 'orders.quota' },
});

const errors: Record<string, () => Error> = {
  'an AppError of a class': () => new NotFoundError('row 7 missing', { details: { shard: 3 } }),
  'a base AppError without a category': () =>
    new AppError('x', {
      code: 'JOB_FAILED',
      cause: withProps({ code: '40001', name: 'error', severity: 'ERROR' }),
    }),
  'a base AppError with a category': () => new AppError('x', { category: 'DATA_LOSS' }),
  'a stated verdict': () =>
    new DatabaseError('x', { safety: 'always', httpStatus: 507, severity: 'critical' }),
  'a verdict from its cause': () =>
    new DatabaseError('x', { cause: withProps({ code: 'ECONNREFUSED', syscall: 'connect' }) }),
  'a defined code': () => QUOTA({ most: 5 }, { retryAfterMs: 2000 }),
  violations: () =>
    new ValidationError('x', {
      violations: [{ path: '/a', code: 'TOO_BIG', message: 'is too big', params: { maximum: 3 } }],
    }),
  'a parameter that looks like a template': () =>
    new ConflictError('x', { userMessage: '{a} is taken', params: { a: '{b}', b: 'secret' } }),
  'a system error': () => withProps({ code: 'ECONNRESET', errno: -104, syscall: 'read' }),
  'a fetch error': () => new TypeError('fetch failed', { cause: withProps({ code: 'UND_ERR_SOCKET' }) }),
  'an AggregateError': () =>
    Object.assign(new AggregateError([withProps({ code: 'ECONNREFUSED', syscall: 'connect' })]), {
      code: 'ECONNREFUSED',
    }),
  'an error of node:sqlite': () =>
    withProps({ code: 'ERR_SQLITE_ERROR', errcode: 2067, errstr: 'constraint failed' }),
  'an error of TLS': () => withProps({ code: 'CERT_HAS_EXPIRED' }),
  'an abort': () => AbortSignal.abort().reason as Error,
  'a deadline': () => new DOMException('late', 'TimeoutError'),
};

describe.each(Object.entries(errors))('%s', (_name, make) => {
  it('is classified and answered as before, after JSON', () => {
    const error = make();
    const back = wire(error);
    const { evidence: _before, ...before } = classify(error);
    const { evidence: _after, ...after } = classify(back);
    expect(after).toEqual(before);
    expect(answer(back)).toEqual(answer(error));
    expect([back.name, back.message, back.stack]).toEqual([error.name, error.message, error.stack]);
    expect(isAppError(back)).toBe(isAppError(error));
    expect(handleError(back).fingerprint).toBe(handleError(error).fingerprint);
  });
});

describe('what comes back', () => {
  it('is of its class, with code, details, params and violations', () => {
    const back = wire(
      new NotFoundError('gone', { code: 'USER_GONE', details: { ids: [1, 2] }, params: { id: 'u1' } }),
    );
    expect(back).toBeInstanceOf(NotFoundError);
    expect(back).toMatchObject({
      code: 'USER_GONE',
      category: 'NOT_FOUND',
      details: { ids: [1, 2] },
      params: { id: 'u1' },
    });
    expect(wire(new RangeError('r'))).toBeInstanceOf(RangeError);
    expect(wire(new AggregateError([]))).toBeInstanceOf(AggregateError);
  });

  it('keeps the whole chain: causes that are errors, causes that are not, errors of an AggregateError', () => {
    const error = new Error('a', {
      cause: new TypeError('b', {
        cause: new AggregateError(['text', new RateLimitError('c')], 'd', { cause: { port: 5432 } }),
      }),
    });
    const back = wire(error);
    const inner = (back.cause as Error).cause as AggregateError;
    expect((back.cause as Error).name).toBe('TypeError');
    expect(inner.errors[0]).toBe('text');
    expect(inner.errors[1]).toBeInstanceOf(RateLimitError);
    expect(inner.cause).toEqual({ port: 5432 });
    expect('cause' in wire(new Error('x'))).toBe(false);
  });

  it('a class of the user comes back as the class of its category, by its name', () => {
    class UserGone extends NotFoundError {
      static {
        UserGone.prototype.name = 'UserGone';
      }
    }
    const back = wire(new UserGone('x'));
    expect(back).toBeInstanceOf(NotFoundError);
    expect(back.name).toBe('UserGone');
  });

  it('a class that left name as it is comes back by its class', () => {
    class TaskCancelledError extends Error {}
    expect(wire(new TaskCancelledError('x')).name).toBe('TaskCancelledError');
  });

  it('what was thrown and is no error is named so', () => {
    expect(serializeError('user left')).toEqual({ name: 'NonError', message: 'user left' });
    expect(wire(undefined)).toMatchObject({ name: 'NonError', message: 'undefined' });
    expect(wire({ code: 'ECONNREFUSED', message: 'm' })).toMatchObject({
      name: 'Object',
      code: 'ECONNREFUSED',
    });
  });

  it('has no stack of this place when none was sent', () => {
    const back = deserializeError(serializeError(new TypeError('x'), { stack: false }));
    expect(back.stack).toBe('TypeError: x');
  });

  it('has further properties only when they are named', () => {
    const zodLike = withProps({
      name: 'ZodError',
      issues: [{ code: 'too_big', path: ['a'] }],
      config: { token: 's' },
    });
    expect(serializeError(zodLike)).not.toHaveProperty('props');
    const back = deserializeError(serializeError(zodLike, { include: ['issues', 'stack', '__proto__'] }));
    expect(back).toMatchObject({ issues: [{ code: 'too_big', path: ['a'] }] });
    expect(classify(back).category).toBe('VALIDATION');
    expect('config' in back).toBe(false);
  });
});

it('serializing what came back gives the same data', () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
  const details = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(leaf, fc.array(leaf)), { maxKeys: 5 });
  const error: fc.Arbitrary<Error> = fc.letrec<{ error: Error }>((tie) => ({
    error: fc.oneof(
      { maxDepth: 4 },
      fc.string().map((text) => new TypeError(text)),
      fc.tuple(fc.string(), details).map(([text, found]) => new NotFoundError(text, { details: found })),
      fc.tuple(fc.string(), fc.oneof(tie('error'), leaf)).map(([text, cause]) => new Error(text, { cause })),
      fc
        .tuple(fc.array(fc.oneof(tie('error'), leaf), { maxLength: 3 }), fc.string())
        .map(([list, text]) => new AggregateError(list, text)),
      fc.tuple(fc.string(), tie('error')).map(([text, cause]) => new DatabaseError(text, { cause })),
    ),
  })).error;
  fc.assert(
    fc.property(error, (value) => {
      const data = JSON.parse(JSON.stringify(serializeError(value))) as Record<string, unknown>;
      delete data.truncated;
      expect(JSON.parse(JSON.stringify(serializeError(deserializeError(data))))).toEqual(data);
    }),
    { numRuns: 200 },
  );
});
