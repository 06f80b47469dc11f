import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  AppError,
  createErrorResponse,
  DatabaseError,
  ExternalServiceError,
  handleError,
  NotFoundError,
  RateLimitError,
  toJsonRpcError,
  toMcpToolResult,
  toProblemDetails,
  ValidationError,
} from '../src/index.ts';

const wires = (error: unknown): string => {
  const structured = handleError(error, { correlationId: 'req-1' });
  return JSON.stringify([
    createErrorResponse(structured),
    createErrorResponse(structured, { format: 'problem' }),
    createErrorResponse(structured, {
      locale: 'de',
      catalogs: { de: { INTERNAL: 'Fehler {message} {name}', 'errors.network': 'Netz {code}' } },
    }),
    createErrorResponse(error as never),
    toProblemDetails(structured),
    toJsonRpcError(structured),
    toMcpToolResult(structured),
    { ...structured },
    Object.assign({}, structured),
  ]);
};

let count = 0;
const s = (): string => `SECRET${String(++count).padStart(3, '0')}x9fQ2`;
const withProps = (props: object, message = 'x'): Error => Object.assign(new Error(message), props);

// Each place has a secret of its own, so that a failure names the leak.
const planted: [string, unknown][] = [
  ['message', new Error(s())],
  ['thrown string', s()],
  ['thrown object', { password: s(), message: s() }],
  ['name', withProps({ name: s() })],
  ['code', withProps({ code: s() })],
  ['upper-case code of a foreign error', withProps({ code: s().toUpperCase(), retryable: true })],
  ['cause message', new Error('x', { cause: new Error(s()) })],
  ['deep cause', new Error('x', { cause: new Error('y', { cause: new Error(s()) }) })],
  ['string cause', new NotFoundError('x', { cause: s() })],
  ['AggregateError', new AggregateError([new Error(s()), new TypeError(s())], s())],
  ['AppError message', new NotFoundError(s())],
  ['AppError details', new NotFoundError('x', { details: { token: s(), deep: { id: s() } } })],
  [
    'AppError cause',
    new DatabaseError(s(), { cause: withProps({ code: '23505', name: 'error', detail: s() }) }),
  ],
  ['AppError params not in the text', new NotFoundError('x', { params: { hidden: s() } })],
  ['base AppError', new AppError(s(), { cause: new Error(s()), details: { a: s() } })],
  ['SQL', withProps({ name: 'error', code: '42P01', query: `select ${s()}`, severity: 'ERROR', hint: s() })],
  ['SQL parameters', withProps({ name: 'error', code: '22P02', parameters: [s()], where: s() }, s())],
  [
    'constraint and table',
    withProps({ name: 'error', code: '23505', constraint: s(), table: s(), detail: `Key (email)=(${s()})` }),
  ],
  [
    'drizzle query',
    withProps({ query: s(), params: [s()], cause: withProps({ code: '40001', name: 'error' }) }),
  ],
  ['file path', withProps({ code: 'ENOENT', syscall: 'open', path: `/home/${s()}` }, `open ${s()}`)],
  [
    'spawn arguments',
    withProps({ code: 'ENOENT', syscall: 'spawn', spawnargs: [s()], cmd: s(), stderr: s() }),
  ],
  [
    'URL credentials',
    withProps({ code: 'ECONNREFUSED', url: `postgres://u:${s()}@h/db` }, `postgres://u:${s()}@h`),
  ],
  ['host', withProps({ code: 'ENOTFOUND', hostname: s() }, `getaddrinfo ${s()}`)],
  [
    'request headers',
    withProps({
      isAxiosError: true,
      config: { headers: { Authorization: s() }, data: s() },
      response: { status: 401, data: s(), headers: { 'set-cookie': s() } },
    }),
  ],
  [
    'SDK body',
    withProps({ status: 429, headers: { 'x-key': s() }, error: { message: s() }, request_id: s() }, s()),
  ],
  ['Retry-After', withProps({ status: 503, expose: true, headers: { 'retry-after': s() } })],
  ['http-errors 404 with expose', withProps({ status: 404, expose: true }, s())],
  [
    'boom payload',
    withProps(
      {
        isBoom: true,
        output: { statusCode: 400, payload: { message: s() }, headers: { a: s() } },
        data: s(),
      },
      s(),
    ),
  ],
  [
    'fastify validation text',
    withProps(
      {
        code: 'FST_ERR_VALIDATION',
        statusCode: 400,
        validation: [
          { keyword: 'enum', instancePath: '/a', message: s(), data: s(), params: { allowedValues: [s()] } },
        ],
      },
      s(),
    ),
  ],
  [
    'ajv unknown property',
    withProps({
      name: 'ValidationError',
      ajv: true,
      validation: true,
      errors: [{ keyword: 'additionalProperties', instancePath: '', params: { additionalProperty: s() } }],
    }),
  ],
  [
    'zod issue text',
    withProps(
      {
        name: 'ZodError',
        issues: [{ code: 'invalid_value', path: ['a'], message: s(), values: [s()], input: s() }],
      },
      s(),
    ),
  ],
  [
    'zod unknown keys',
    withProps({ name: 'ZodError', issues: [{ code: 'unrecognized_keys', path: [], keys: [s()] }] }),
  ],
  [
    'joi context',
    withProps({
      name: 'ValidationError',
      details: [{ type: 'string.min', path: ['a'], message: s(), context: { value: s() } }],
      _original: s(),
    }),
  ],
  [
    'yup value',
    withProps({
      name: 'ValidationError',
      inner: [{ path: 'a', type: 'min', value: s(), message: s() }],
      errors: [s()],
    }),
  ],
  [
    'JSON.parse text',
    (() => {
      try {
        return JSON.parse(s());
      } catch (error) {
        return error;
      }
    })(),
  ],
  [
    'redis command',
    withProps({ name: 'ReplyError', command: { name: 'auth', args: [s()] } }, `WRONGPASS ${s()}`),
  ],
  ['gRPC details', withProps({ code: 5, details: s(), metadata: { a: s() } }, s())],
  ['MCP data', Object.assign(new (class McpError extends Error {})(s()), { code: -32602, data: s() })],
  ['thrown Response', new Response(s(), { status: 404, statusText: s(), headers: { 'x-a': s() } })],
  ['stack', withProps({ stack: `Error\n    at ${s()} (/${s()}/a.js:1:1)` })],
  ['own fields', withProps({ password: s(), session: s(), user: { email: s() }, retryAfter: s() })],
  ['symbol field', withProps({ [Symbol('a')]: s() })],
  ['toJSON and toString', withProps({ toJSON: () => s(), toString: () => s() })],
  [
    'contract details',
    withProps({ code: 'CIRCUIT_OPEN', retryable: true, safety: 'not-sent', details: { a: s() } }, s()),
  ],
  [
    'ExternalServiceError around an SDK',
    new ExternalServiceError(s(), { cause: withProps({ status: 401, headers: {}, error: s() }, s()) }),
  ],
  [
    'ValidationError around zod',
    new ValidationError(s(), {
      cause: withProps({ name: 'ZodError', issues: [{ code: 'custom', path: [], message: s() }] }),
    }),
  ],
];

describe('planted secrets', () => {
  it.each(planted)('%s stays out of every response', (_place, error) => {
    expect(wires(error)).not.toMatch(/SECRET\d{3}x/i);
  });

  it('plants more than 60, each in a place of its own', () => {
    expect(planted.length).toBeGreaterThanOrEqual(46);
    expect(count).toBeGreaterThan(60);
  });

  it('shows what is declared public: this test can see a leak', () => {
    expect(
      wires(new NotFoundError('x', { userMessage: 'No {thing}', params: { thing: 'SECRET000x' } })),
    ).toContain('SECRET000x');
  });

  it('shows nothing that somebody put on Object.prototype', () => {
    const proto = Object.prototype as unknown as Record<string, unknown>;
    proto.polluted = 'SECRET999x';
    try {
      expect(wires(new RateLimitError('x', { retryAfterMs: 5 }))).not.toContain('SECRET999x');
    } finally {
      delete proto.polluted;
    }
  });

  it('shows no 8 characters of a random secret, wherever in an error it is', () => {
    const secret = fc.stringMatching(/^[0-9A-Za-z]{32}$/);
    const place = fc.constantFrom(
      'message',
      'name',
      'stack',
      'code',
      'detail',
      'query',
      'path',
      'url',
      'headers',
      'body',
      'status',
      'hint',
      'reason',
    );
    fc.assert(
      fc.property(
        secret,
        fc.array(place, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 3 }),
        (text, places, depth) => {
          let error: Error = withProps(Object.fromEntries(places.map((key) => [key, text])));
          for (let at = 0; at < depth; at++)
            error = at % 2 ? new AppError(text, { cause: error }) : new Error(text, { cause: error });
          const shown = wires(error);
          for (let at = 0; at + 8 <= text.length; at++) expect(shown).not.toContain(text.slice(at, at + 8));
        },
      ),
      { numRuns: 200 },
    );
  });
});
