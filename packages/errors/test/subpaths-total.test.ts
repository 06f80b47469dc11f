import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ResponseLike, errorHandler as toExpress } from '../src/express.ts';
import { errorHandler as toFastify } from '../src/fastify.ts';
import { fromGrpcStatus, toGrpcStatus } from '../src/grpc.ts';
import { AppError, DatabaseError, handleError, ValidationError } from '../src/index.ts';
import { recordError } from '../src/otel.ts';

/** What a caller gets of an error from the handlers and the gRPC status. */
const wires = (error: unknown): string[] => {
  const sent: string[] = [];
  const headers = new Map<string, string>();
  const response: ResponseLike = {
    headersSent: false,
    statusCode: 200,
    getHeader: (name) => headers.get(name),
    setHeader: (name, value) => headers.set(name, value),
    removeHeader: (name) => headers.delete(name),
    end: (body) => sent.push(body ?? ''),
  };
  const request = { id: 'r', method: 'GET', headers: {}, routeOptions: { url: '/a' }, route: { path: '/a' } };
  toExpress()(error, request, response, () => sent.push('handed on'));
  const reply = {
    sent: false,
    code: (status: number) => sent.push(String(status)),
    header: (name: string, value: string) => headers.set(name, value),
    getHeader: () => undefined,
    removeHeader: () => undefined,
    send: (body: Buffer) => sent.push(body.toString()),
  };
  toFastify({ format: 'problem' })(error, request, reply);
  sent.push(JSON.stringify(toGrpcStatus(handleError(error))), JSON.stringify([...headers]));
  return sent;
};

const boom = (): never => {
  throw new Error('user code ran unguarded');
};
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const values: [string, () => unknown][] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a string', () => 'user left'],
  ['a symbol', () => Symbol('x')],
  ['a bigint', () => 1n],
  ['a revoked proxy', revoked],
  ['every trap throws', () => new Proxy(new Error('x'), new Proxy({}, { get: () => boom }))],
  ['a thenable', () => Object.defineProperty({}, ['th', 'en'].join(''), { get: boom })],
  [
    'an AppError with broken parts',
    () => new AppError('x', { params: revoked() as never, violations: revoked() as never }),
  ],
  ['a frozen error', () => Object.freeze(new Error('x'))],
];

describe.each(values)('%s', (_name, make) => {
  it('is answered, recorded and read without a throw', () => {
    expect(wires(make())).toHaveLength(5);
    const span = { isRecording: () => true, addEvent: boom, setAttributes: boom, setStatus: boom };
    expect(recordError(span, make()).public.status).toBeGreaterThanOrEqual(400);
    expect(fromGrpcStatus(make())).toBeInstanceOf(AppError);
  });
});

it('no 8 characters of a secret anywhere in an error reach a caller', () => {
  const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  const secrets = fc
    .array(fc.constantFrom(...alphabet), { minLength: 32, maxLength: 32 })
    .map((letters) => letters.join(''));
  const places: ((secret: string) => unknown)[] = [
    (s) => new Error(s),
    (s) => s,
    (s) =>
      Object.assign(new Error('x'), {
        code: s,
        name: s,
        statusCode: 400,
        headers: { a: s },
        config: { b: s },
      }),
    (s) => new DatabaseError(s, { cause: Object.assign(new Error(s), { query: s }), details: { a: s } }),
    (s) => new ValidationError(s, { params: { hidden: s }, cause: s }),
    (s) => fromGrpcStatus({ code: 3, message: s, details: s }),
    (s) => fromGrpcStatus({ code: 5, message: s, details: [{ '@type': s, domain: s, requestId: s }] }),
    (s) => new AggregateError([new Error(s)], s, { cause: { [s]: s } }),
  ];
  fc.assert(
    fc.property(secrets, fc.constantFrom(...places), (secret, place) => {
      const text = wires(place(secret)).join('\n');
      for (let at = 0; at + 8 <= secret.length; at++) expect(text).not.toContain(secret.slice(at, at + 8));
    }),
  );
});
