import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import {
  classify,
  createErrorResponse,
  fromProblemDetails,
  handleError,
  isAppError,
  isRetryable,
  NotFoundError,
  registerClassifier,
  toJsonRpcError,
  toMcpToolResult,
  toProblemDetails,
} from '../src/index.ts';

const boom = (): never => {
  throw new Error('user code ran unguarded');
};
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const revokedArray = (): unknown => {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
};
const everyTrap = (target: object): unknown =>
  new Proxy(target, new Proxy({}, { get: () => boom }) as ProxyHandler<object>);
const throwing = (...keys: string[]): object => {
  const value = new Error('x');
  for (const key of keys) Object.defineProperty(value, key, { get: boom, enumerable: true });
  return value;
};
const withProps = (props: object): Error => Object.assign(new Error('x'), props);
const cyclic = (): Error => {
  const [a, b] = [new Error('a'), new Error('b')];
  a.cause = b;
  b.cause = a;
  return a;
};
const selfAggregate = (): AggregateError => {
  const error = new AggregateError([]);
  error.errors.push(error, error);
  return error;
};
const deep = (): unknown => {
  let error: unknown = new Error('bottom');
  for (let at = 0; at < 20_000; at++) error = new Error('x', { cause: error });
  return error;
};
const endless = (): unknown =>
  new Proxy(new Error('x'), {
    get: (target, key) => (key === 'cause' ? endless() : Reflect.get(target, key)),
  });

const values: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  NaN: () => Number.NaN,
  'negative zero': () => -0,
  bigint: () => 10n ** 400n,
  symbol: () => Symbol('s'),
  'registered symbol': () => Symbol.for('agent4.errors.AppError'),
  'empty string': () => '',
  'lone surrogate': () => '\ud800 text',
  'string of 2 MB': () => 'x'.repeat(2 ** 21),
  'plain object': () => ({}),
  'null-prototype object': () => Object.create(null),
  array: () => [new Error('x')],
  'sparse array': () => new Array(2 ** 31),
  function: () => boom,
  'async function': () => async () => boom(),
  class: () => class Thrown {},
  date: () => new Date(Number.NaN),
  regexp: () => /(a+)+$/,
  map: () => new Map([['code', 'ECONNRESET']]),
  'typed array': () => new Uint8Array(8),
  promise: () => Promise.resolve(),
  thenable: () => Object.fromEntries([['then', boom]]),
  'thenable error': () => withProps(Object.fromEntries([['then', boom]])),
  'revoked proxy': revoked,
  'revoked array proxy': revokedArray,
  'proxy whose every trap throws': () => everyTrap({}),
  'proxy of an error whose every trap throws': () => everyTrap(new Error('x')),
  'proxy of a function whose every trap throws': () => everyTrap(() => 0),
  'throwing code and message': () => throwing('code', 'message'),
  'throwing name': () => throwing('name'),
  'throwing stack': () => throwing('stack'),
  'throwing cause': () => throwing('cause'),
  'throwing errors': () => throwing('errors'),
  'throwing constructor': () => throwing('constructor'),
  'throwing status and headers': () => throwing('status', 'statusCode', 'headers', 'response', 'output'),
  'throwing toString': () => ({ toString: boom, valueOf: boom, [Symbol.toPrimitive]: boom }),
  'throwing toJSON': () => withProps({ toJSON: boom }),
  'throwing toStringTag': () => Object.defineProperty(new Error('x'), Symbol.toStringTag, { get: boom }),
  'headers whose get throws': () => withProps({ status: 503, expose: true, headers: { get: boom } }),
  'cause is a function': () => withProps({ cause: boom }),
  'cause is a revoked proxy': () => new Error('x', { cause: revoked() }),
  'errors is a revoked array': () => withProps({ errors: revokedArray() }),
  'errors is endless': () => withProps({ errors: new Array(2 ** 31) }),
  'cause cycle': cyclic,
  'aggregate of itself': selfAggregate,
  'cause 20,000 deep': deep,
  'endless causes': endless,
  'frozen error': () => Object.freeze(new Error('x', { cause: Object.freeze(new Error('y')) })),
  'sealed AppError': () => Object.seal(new NotFoundError('x')),
  'error of another realm': () => runInNewContext("new TypeError('x', { cause: new Error('y') })"),
  'error without prototype': () => Object.setPrototypeOf(new Error('x'), null),
  'numbers where strings belong': () =>
    withProps({ name: 1, message: 2, code: {}, stack: 3, cause: 4, errors: 5 }),
  'objects where strings belong': () =>
    withProps({ name: {}, message: [], code: Symbol('c'), stack: () => 0, status: {} }),
  'bigint code': () => withProps({ code: 5n }),
  'message of 1 MB': () => new Error('at x '.repeat(200_000)),
  'stack of 1 MB': () => withProps({ stack: '    at f (/a/b.js:1:1)\n'.repeat(50_000) }),
  'stack of one endless line': () => withProps({ stack: `    at ${'('.repeat(1_000_000)}` }),
  'forged AppError': () => ({
    [Symbol.for('agent4.errors.AppError')]: true,
    category: '__proto__',
    code: {},
  }),
  'forged AppError with throwing parts': () =>
    Object.defineProperties(
      {},
      {
        [Symbol.for('agent4.errors.AppError')]: { value: true },
        category: { value: 'NOT_FOUND' },
        ...Object.fromEntries(
          ['stated', 'violations', 'userMessage', 'details', 'code', 'severity'].map((key) => [
            key,
            { get: boom },
          ]),
        ),
      },
    ),
  'forged structured error': () => ({ [Symbol.for('agent4.errors.StructuredError')]: true, public: {} }),
  'half a structured error': () => ({
    [Symbol.for('agent4.errors.StructuredError')]: true,
    public: { category: 'NOT_FOUND', status: 404 },
  }),
  'a structured error without its classification': () => ({
    [Symbol.for('agent4.errors.StructuredError')]: true,
    public: { category: 'NOT_FOUND', status: 404, violations: [] },
    classification: 7,
  }),
  'AppError with hostile details': () =>
    new NotFoundError('x', { details: { p: everyTrap({}), r: revoked(), b: 1n, s: Symbol('s'), f: boom } }),
  'AppError with hostile violations': () =>
    new NotFoundError('x', { violations: [revoked(), null, 1, { path: {}, code: 1 }] as never }),
  'AppError with hostile params': () =>
    new NotFoundError('x', { userMessage: '{a} {b}', params: everyTrap({ a: 1 }) as never }),
  'zod shape with hostile issues': () =>
    withProps({
      name: 'ZodError',
      issues: [revoked(), null, { path: revokedArray() }, { path: [{}, Symbol('s')] }],
    }),
  'validator whose list is revoked': () => withProps({ name: 'ValidationError', inner: revokedArray() }),
  'gRPC with hostile details': () => withProps({ code: 14, details: [revoked(), { '@type': 1 }] }),
};

describe('any value at all', () => {
  it.each(Object.keys(values))('%s is classified, handled and answered', (name) => {
    const value = (values[name] as () => unknown)();
    const found = classify(value);
    expect(found.httpStatus).toBeGreaterThanOrEqual(400);
    expect(found.httpStatus).toBeLessThanOrEqual(599);
    expect(typeof isRetryable(value)).toBe('boolean');
    expect(typeof isAppError(value)).toBe('boolean');
    expect(typeof (value instanceof NotFoundError)).toBe('boolean');

    const structured = handleError(value);
    expect(structured.fingerprint).toMatch(/^v1:[0-9a-f]{32}$/);
    const wires = [
      structured,
      structured.toLogRecord(),
      structured.toOtelAttributes(),
      structured.rootCause,
      structured.causes,
      createErrorResponse(structured),
      createErrorResponse(structured, { format: 'problem' }),
      createErrorResponse(value as never),
      toProblemDetails(structured),
      toJsonRpcError(structured),
      toMcpToolResult(structured),
      fromProblemDetails(value),
    ];
    for (const wire of wires) {
      const text = JSON.stringify(wire);
      expect(text.length).toBeLessThan(64_000);
      expect(text).not.toContain('user code ran unguarded');
    }
    expect(structured.causes.length).toBeLessThanOrEqual(10);
  });

  it('counts at least 60 kinds', () => {
    expect(Object.keys(values).length).toBeGreaterThanOrEqual(60);
  });

  it.each(['now', 'signal', 'maxDepth', 'correlationId', 'requestId'])(
    'survives a hostile option %s',
    (key) => {
      for (const make of [revoked, () => boom, () => Number.NaN, () => Symbol('s')]) {
        const options = { [key]: make() } as never;
        expect(classify(new Error('x'), options).httpStatus).toBe(500);
        expect(createErrorResponse(handleError(new Error('x'), options), options).status).toBe(500);
      }
    },
  );

  it('changes nothing on the value', () => {
    const error = withProps({ code: 'ECONNRESET', headers: { 'retry-after': '1' } });
    const before = Object.getOwnPropertyNames(error).sort();
    createErrorResponse(handleError(error));
    expect(Object.getOwnPropertyNames(error).sort()).toEqual(before);
  });

  it('passes over a registered rule that throws or answers nonsense', () => {
    const off = [boom, () => revoked(), () => ({ category: 'constructor' }), () => 5].map((rule) =>
      registerClassifier(rule as never, { priority: 1 }),
    );
    expect(classify(withProps({ code: 'ECONNREFUSED' })).category).toBe('NETWORK');
    for (const undo of off) undo();
  });
});
