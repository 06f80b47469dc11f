import { describe, expect, it } from '@jest/globals';
import { classify, isRetryable, registerClassifier } from '../src/index.ts';

const coded = (code: string, props: object = {}): Error => Object.assign(new Error('x'), { code, ...props });
const now = (): number => Date.parse('2026-01-01T00:00:00Z');
const after = (props: object): number | undefined =>
  classify(Object.assign(new Error('x'), { status: 503, expose: false }, props), { now }).retry.afterMs;

describe('the walk', () => {
  it.each(['cause', 'inner', 'original', 'originalError', 'parent', 'driverError', 'jse_cause'])(
    'goes through %s',
    (link) => {
      const found = classify(Object.assign(new Error('x'), { [link]: coded('ECONNREFUSED') }));
      expect(found.evidence).toEqual({ rule: 'system-code', matched: 'ECONNREFUSED', at: `error.${link}` });
    },
  );

  it('finds a cause ten levels down and not eleven', () => {
    const wrap = (levels: number): unknown => {
      let error: unknown = coded('ECONNREFUSED');
      for (let at = 0; at < levels; at++) error = new Error('x', { cause: error });
      return error;
    };
    expect(classify(wrap(10)).category).toBe('NETWORK');
    expect(classify(wrap(11)).category).toBe('UNKNOWN');
    expect(classify(wrap(2), { maxDepth: 1 }).category).toBe('UNKNOWN');
  });

  it('never calls a cause that is a method', () => {
    let called = 0;
    classify(Object.assign(new Error('x'), { cause: () => called++ }));
    expect(called).toBe(0);
  });

  it('lets a native error yield to its cause, and keeps it when the cause says nothing', () => {
    expect(classify(new TypeError('x', { cause: coded('ECONNREFUSED') })).category).toBe('NETWORK');
    expect(classify(new TypeError('x', { cause: new Error('y') })).category).toBe('INTERNAL');
  });

  it('takes the strictest retry verdict of errors that came together', () => {
    expect(classify(new AggregateError([coded('ECONNREFUSED'), coded('ECONNRESET')])).retry.safety).toBe(
      'idempotent-only',
    );
    expect(classify(new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])).retry.safety).toBe(
      'not-sent',
    );
    expect(classify(new AggregateError([coded('ECONNREFUSED'), new Error('x')])).retry.safety).toBe('never');
  });
});

describe('the plain contract', () => {
  it('believes retryable, safety and retryAfterMs beside a code of any package', () => {
    expect(
      classify(coded('CIRCUIT_OPEN', { retryable: true, safety: 'not-sent', retryAfterMs: 1500 })),
    ).toMatchObject({
      category: 'UNAVAILABLE',
      statusCode: 'UNAVAILABLE',
      httpStatus: 503,
      retry: { retryable: true, safety: 'not-sent', afterMs: 1500 },
    });
    expect(classify(coded('BULKHEAD_FULL')).category).toBe('RESOURCE');
    expect(classify(coded('TIMEOUT')).category).toBe('TIMEOUT');
    expect(classify(coded('SOMETHING_ELSE', { retryable: true })).retry).toEqual({
      retryable: true,
      safety: 'idempotent-only',
    });
    expect(classify(coded('ECONNREFUSED', { retryable: false })).retry).toEqual({
      retryable: false,
      safety: 'never',
    });
    expect(
      classify(coded('SOMETHING_ELSE', { retryable: false, cause: coded('ECONNREFUSED') })),
    ).toMatchObject({
      category: 'NETWORK',
      retry: { retryable: false },
    });
  });
});

describe('isRetryable', () => {
  it('repeats a call that may have taken effect only when it is idempotent', () => {
    expect(isRetryable(coded('ECONNRESET'))).toBe(false);
    expect(isRetryable(coded('ECONNRESET'), { idempotent: true })).toBe(true);
    expect(isRetryable(coded('ECONNREFUSED'))).toBe(true);
    expect(isRetryable(coded('ENOENT'), { idempotent: true })).toBe(false);
  });
});

describe('Retry-After', () => {
  it.each<[string, object, number | undefined]>([
    ['seconds', { headers: { 'retry-after': '7' } }, 7000],
    ['a number', { headers: { 'retry-after': 7 } }, 7000],
    ['a title-case key', { headers: { 'Retry-After': '1.5' } }, 1500],
    ['Headers', { headers: new Headers({ 'retry-after': '2' }) }, 2000],
    ['the response', { response: { headers: { 'retry-after': '3' } } }, 3000],
    ['a date', { headers: { 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' } }, 30_000],
    ['a date gone by', { headers: { 'retry-after': 'Wed, 31 Dec 2025 00:00:30 GMT' } }, 0],
    ['milliseconds before seconds', { headers: { 'retry-after': '9', 'retry-after-ms': '120' } }, 120],
    ['x-ms milliseconds', { headers: { 'x-ms-retry-after-ms': '130' } }, 130],
    ['own milliseconds', { retryAfterMs: 140.2 }, 141],
    [
      'RetryInfo',
      { details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '3.5s' }] },
      3500,
    ],
    ['days', { headers: { 'retry-after': '999999' } }, 3_600_000],
    ['a negative number', { headers: { 'retry-after': '-5' } }, undefined],
    ['nonsense', { headers: { 'retry-after': 'soon' } }, undefined],
    ['two values', { headers: { 'retry-after': ['1', '2'] } }, undefined],
    ['no header', { headers: {} }, undefined],
  ])('reads %s', (_form, props, expected) => {
    expect(after(props)).toBe(expected);
  });

  it('is taken from a wrapper when the error itself has none, and never where a retry is out of question', () => {
    const wrapped = Object.assign(new Error('x', { cause: coded('ECONNRESET') }), {
      headers: { 'retry-after': '4' },
    });
    expect(classify(wrapped).retry.afterMs).toBe(4000);
    expect(
      classify(Object.assign(new Error('x'), { status: 404, expose: true, headers: { 'retry-after': '4' } }))
        .retry,
    ).toEqual({
      retryable: false,
      safety: 'never',
    });
  });

  it('is cut to the given limit', () => {
    expect(
      classify(coded('X', { retryable: true, retryAfterMs: 5000 }), { maxRetryAfterMs: 1000 }).retry.afterMs,
    ).toBe(1000);
  });
});

describe('registerClassifier', () => {
  const mine = (error: unknown) =>
    error instanceof Error && error.message === 'mine' ? ({ category: 'CONFLICT' } as const) : undefined;

  it('comes before the built-in rules, at any depth, until taken back', () => {
    const error = new Error('outer', { cause: Object.assign(new Error('mine'), { code: 'ECONNRESET' }) });
    const off = registerClassifier(mine);
    expect(classify(error)).toMatchObject({
      category: 'CONFLICT',
      httpStatus: 409,
      evidence: { rule: 'registered', matched: 'mine', at: 'error.cause' },
    });
    off();
    off();
    expect(classify(error).category).toBe('NETWORK');
  });

  it('comes after them with a priority below 0', () => {
    const off = registerClassifier(mine, { priority: -1, name: 'last' });
    expect(classify(Object.assign(new Error('mine'), { code: 'ECONNRESET' })).category).toBe('NETWORK');
    expect(classify(new Error('mine')).evidence.matched).toBe('last');
    off();
  });

  it('asks the higher priority first', () => {
    const low = registerClassifier(() => ({ category: 'TIMEOUT' }));
    const high = registerClassifier(
      () => ({ category: 'VALIDATION', httpStatus: 422, retryable: true, afterMs: 5 }),
      { priority: 5 },
    );
    expect(classify(new Error('x'))).toMatchObject({
      category: 'VALIDATION',
      httpStatus: 422,
      retry: { retryable: true, safety: 'idempotent-only', afterMs: 5 },
    });
    low();
    high();
  });

  it('refuses what is no rule', () => {
    expect(() => registerClassifier(5 as never)).toThrow(
      new TypeError('rule must be a function, got number'),
    );
    expect(() => registerClassifier(undefined as never)).toThrow(
      new TypeError('rule must be a function, got undefined'),
    );
    expect(() => registerClassifier(mine, { priority: Number.NaN })).toThrow(
      new TypeError('priority must be a finite number, got NaN'),
    );
  });
});

it('knows a code and a class by the whole of its name, not by how it begins', () => {
  for (const code of ['LIMIT_EXCEEDED', 'CERT_OF_ORIGIN', 'UNABLE_TO_PAY', 'ERR_JWKS_TIMEOUT', 'ER_DUP'])
    expect([code, classify(Object.assign(new Error('x'), { code })).category]).toEqual([code, 'UNKNOWN']);
  for (const name of ['ThrottlerException', 'ExpiredTokenError', 'constructor', 'RequestTimeoutish'])
    expect([name, classify(Object.assign(new Error('x'), { name })).category]).toEqual([name, 'UNKNOWN']);
});
