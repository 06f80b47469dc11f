import { describe, expect, it } from '@jest/globals';
import { classify } from '../src/index.ts';

// Hand-made shapes of what libraries throw, as seen on a running Node; what can be had from the library itself is in corpus-real and real-*.test.ts.
type Props = Record<string, unknown>;

const withType = (type: string, props: Props = {}, base: ErrorConstructor = Error): Error => {
  const Made = { [type]: class extends base {} }[type] as ErrorConstructor;
  const { message = 'text that says nothing', stack, ...rest } = props;
  const error = new Made(String(message));
  for (const [key, value] of Object.entries(rest))
    Object.defineProperty(error, key, { value, enumerable: true, configurable: true });
  if (stack !== undefined) error.stack = String(stack);
  return error;
};
const plain = (props: Props): Error => withType('Error', props);
const named = (name: string, props: Props = {}): Error => plain({ name, ...props });
const system = (code: string, syscall = 'connect'): Error => plain({ code, syscall, errno: -1 });
const fetchFailed = (cause: unknown): Error => new TypeError('fetch failed', { cause });
const undici = (code: string, cause?: unknown): Error => withType('SocketError', { code, cause });
const pg = (code: string): Error =>
  withType('DatabaseError', { name: 'error', code, severity: 'ERROR', routine: 'exec_simple_query' });
const reply = (message: string): Error => withType('SimpleError', { name: 'ReplyError', message });
const pgLost = plain({
  message: 'Connection terminated unexpectedly',
  stack:
    'Error: Connection terminated unexpectedly\n    at Connection.<anonymous> (/srv/app/node_modules/pg/lib/client.js:136:73)\n    at Object.onceWrapper (node:events:633:28)',
});
const dom = (name: string): unknown => new DOMException('text', name);
const overflow = (): unknown => {
  const down = (): number => 1 + down();
  try {
    return down();
  } catch (error) {
    return error;
  }
};
const thrownBy = (fn: () => unknown): unknown => {
  try {
    return fn();
  } catch (error) {
    return error;
  }
};
const deep = (): Error =>
  new Error('a', { cause: new Error('b', { cause: new Error('c', { cause: pg('40001') }) }) });

type Row = [
  id: string,
  error: unknown,
  statusCode: string,
  safety: string,
  httpStatus: number,
  severity: string,
  category?: string,
];
const idem = 'idempotent-only';

const rows: Row[] = [
  ['fetch-refused', fetchFailed(system('ECONNREFUSED')), 'UNAVAILABLE', 'not-sent', 503, 'error', 'NETWORK'],
  [
    'fetch-dns-invalid-tld',
    fetchFailed(system('ENOTFOUND', 'getaddrinfo')),
    'UNAVAILABLE',
    'not-sent',
    503,
    'error',
  ],
  ['fetch-peer-closed', fetchFailed(undici('UND_ERR_SOCKET')), 'UNAVAILABLE', idem, 503, 'error'],
  [
    'fetch-body-truncated',
    new TypeError('terminated', { cause: undici('UND_ERR_SOCKET') }),
    'UNAVAILABLE',
    idem,
    503,
    'error',
  ],
  [
    'fetch-garbage-response',
    fetchFailed(withType('HTTPParserError', { code: 'HPE_INVALID_CONSTANT' })),
    'UNAVAILABLE',
    'never',
    502,
    'error',
    'EXTERNAL_SERVICE',
  ],
  ['fetch-timeout-signal', dom('TimeoutError'), 'DEADLINE_EXCEEDED', idem, 504, 'warning', 'TIMEOUT'],
  ['fetch-user-abort', dom('AbortError'), 'CANCELLED', 'never', 499, 'info', 'CANCELLED'],
  [
    'fetch-refused-dual-stack',
    Object.assign(new AggregateError([system('ECONNREFUSED'), system('ECONNREFUSED')]), {
      code: 'ECONNREFUSED',
    }),
    'UNAVAILABLE',
    'not-sent',
    503,
    'error',
  ],
  [
    'undici-connect-timeout',
    fetchFailed(undici('UND_ERR_CONNECT_TIMEOUT')),
    'DEADLINE_EXCEEDED',
    'not-sent',
    504,
    'error',
  ],
  ['undici-headers-timeout-real', undici('UND_ERR_HEADERS_TIMEOUT'), 'DEADLINE_EXCEEDED', idem, 504, 'error'],
  [
    'undici-nested-socket-reset',
    fetchFailed(undici('UND_ERR_SOCKET', system('ECONNRESET', 'read'))),
    'UNAVAILABLE',
    idem,
    503,
    'error',
  ],
  ['http-socket-hang-up', plain({ code: 'ECONNRESET' }), 'UNAVAILABLE', idem, 503, 'error'],
  ['sys-econnrefused', system('ECONNREFUSED'), 'UNAVAILABLE', 'not-sent', 503, 'error'],
  ['sys-etimedout', system('ETIMEDOUT'), 'DEADLINE_EXCEEDED', 'not-sent', 504, 'error'],
  ['sys-eai_again', system('EAI_AGAIN', 'getaddrinfo'), 'UNAVAILABLE', 'not-sent', 503, 'error'],
  ['sys-epipe', system('EPIPE', 'write'), 'UNAVAILABLE', idem, 503, 'error'],
  ['tls-self-signed', plain({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'UNAVAILABLE', 'never', 502, 'error'],
  ['tls-expired', fetchFailed(plain({ code: 'CERT_HAS_EXPIRED' })), 'UNAVAILABLE', 'never', 502, 'error'],
  ['tls-wrong-version', system('EPROTO', 'write'), 'UNAVAILABLE', 'never', 502, 'error'],
  ['listen-eaddrinuse', system('EADDRINUSE', 'listen'), 'FAILED_PRECONDITION', 'never', 500, 'critical'],
  [
    'node-aborterror',
    named('AbortError', { code: 'ABORT_ERR', cause: dom('AbortError') }),
    'CANCELLED',
    'never',
    499,
    'info',
  ],
  [
    'node-abort-caused-by-timeout',
    named('AbortError', { code: 'ABORT_ERR', cause: dom('TimeoutError') }),
    'DEADLINE_EXCEEDED',
    idem,
    504,
    'warning',
  ],
  [
    'cockatiel-timeout',
    withType('TaskCancelledError', { isTaskCancelledError: true }),
    'DEADLINE_EXCEEDED',
    idem,
    504,
    'warning',
    'TIMEOUT',
  ],
  [
    'cockatiel-broken',
    withType('BrokenCircuitError', { isBrokenCircuitError: true }),
    'UNAVAILABLE',
    'not-sent',
    503,
    'warning',
    'UNAVAILABLE',
  ],
  [
    'cockatiel-bulkhead',
    withType('BulkheadRejectedError'),
    'RESOURCE_EXHAUSTED',
    'not-sent',
    503,
    'warning',
    'RESOURCE',
  ],
  ['opossum-open', plain({ code: 'EOPENBREAKER' }), 'UNAVAILABLE', 'not-sent', 503, 'error'],
  ['ptimeout', named('TimeoutError'), 'DEADLINE_EXCEEDED', idem, 504, 'warning'],
  ['fs-enoent', system('ENOENT', 'open'), 'NOT_FOUND', 'never', 404, 'error', 'NOT_FOUND'],
  ['fs-eacces', system('EACCES', 'open'), 'PERMISSION_DENIED', 'never', 500, 'error', 'INTERNAL'],
  ['fs-enospc', system('ENOSPC', 'write'), 'RESOURCE_EXHAUSTED', 'never', 503, 'critical'],
  ['fs-emfile', system('EMFILE', 'open'), 'RESOURCE_EXHAUSTED', 'not-sent', 503, 'critical'],
  ['spawn-enoent', system('ENOENT', 'spawn nothing'), 'INTERNAL', 'never', 500, 'error'],
  [
    'exec-exit-code-3',
    plain({ code: 3, killed: false, signal: null, cmd: 'exit 3' }),
    'INTERNAL',
    'never',
    500,
    'error',
  ],
  [
    'type-undefined-prop',
    thrownBy(() => (undefined as unknown as { a: number }).a),
    'INTERNAL',
    'never',
    500,
    'error',
  ],
  ['stack-overflow', overflow(), 'INTERNAL', 'never', 500, 'critical'],
  ['json-parse', thrownBy(() => JSON.parse('{x')), 'INVALID_ARGUMENT', 'never', 400, 'error', 'VALIDATION'],
  [
    'err-invalid-arg-type',
    thrownBy(() => Buffer.from(1 as unknown as string)),
    'INTERNAL',
    'never',
    500,
    'error',
  ],
  [
    'module-not-found',
    plain({ code: 'MODULE_NOT_FOUND', requireStack: [] }),
    'INTERNAL',
    'never',
    500,
    'critical',
  ],
  ['dom-notfound', dom('NotFoundError'), 'NOT_FOUND', 'never', 404, 'error'],
  ['worker-oom', plain({ code: 'ERR_WORKER_OUT_OF_MEMORY' }), 'RESOURCE_EXHAUSTED', 'never', 500, 'critical'],
  ['pg-23505', pg('23505'), 'ALREADY_EXISTS', 'never', 409, 'warning', 'CONFLICT'],
  ['pg-23503', pg('23503'), 'FAILED_PRECONDITION', 'never', 409, 'warning'],
  ['pg-22P02', pg('22P02'), 'INVALID_ARGUMENT', 'never', 400, 'warning'],
  ['pg-40001', pg('40001'), 'ABORTED', 'always', 409, 'warning'],
  ['pg-40P01', pg('40P01'), 'ABORTED', 'always', 409, 'warning'],
  ['pg-42P01', pg('42P01'), 'INTERNAL', 'never', 500, 'error', 'DATABASE'],
  ['pg-28P01', pg('28P01'), 'UNAUTHENTICATED', 'never', 500, 'critical', 'DATABASE'],
  ['pg-53300', pg('53300'), 'RESOURCE_EXHAUSTED', 'not-sent', 503, 'critical'],
  ['pg-57014-statement-timeout', pg('57014'), 'DEADLINE_EXCEEDED', idem, 504, 'error'],
  ['pg-57P01', pg('57P01'), 'UNAVAILABLE', idem, 503, 'error'],
  ['pg-08006', pg('08006'), 'UNAVAILABLE', idem, 503, 'error'],
  ['pg-conn-terminated', pgLost, 'UNAVAILABLE', idem, 503, 'error', 'DATABASE'],
  [
    'drizzle-wrapped-40001',
    withType('DrizzleQueryError', { cause: pg('40001') }),
    'ABORTED',
    'always',
    409,
    'warning',
  ],
  [
    'sequelize-unique',
    named('SequelizeUniqueConstraintError', { parent: pg('23505'), errors: [] }),
    'ALREADY_EXISTS',
    'never',
    409,
    'error',
  ],
  [
    'mysql-dup',
    plain({ code: 'ER_DUP_ENTRY', errno: 1062, sqlState: '23000' }),
    'ALREADY_EXISTS',
    'never',
    409,
    'error',
  ],
  ['mysql-deadlock', plain({ code: 'ER_LOCK_DEADLOCK', errno: 1213 }), 'ABORTED', 'always', 409, 'error'],
  ['sqlite-busy', named('SqliteError', { code: 'SQLITE_BUSY' }), 'UNAVAILABLE', 'always', 503, 'error'],
  [
    'sqlite-busy-snapshot',
    named('SqliteError', { code: 'SQLITE_BUSY_SNAPSHOT' }),
    'UNAVAILABLE',
    'always',
    503,
    'error',
  ],
  [
    'node-sqlite-unique',
    plain({ code: 'ERR_SQLITE_ERROR', errcode: 2067 }),
    'ALREADY_EXISTS',
    'never',
    409,
    'error',
  ],
  [
    'prisma-p2002',
    named('PrismaClientKnownRequestError', { code: 'P2002' }),
    'ALREADY_EXISTS',
    'never',
    409,
    'error',
  ],
  [
    'prisma-p2025',
    named('PrismaClientKnownRequestError', { code: 'P2025' }),
    'NOT_FOUND',
    'never',
    404,
    'error',
  ],
  ['mongo-11000', named('MongoServerError', { code: 11000 }), 'ALREADY_EXISTS', 'never', 409, 'error'],
  ['mongo-transient', withType('MongoServerError', { code: 112 }), 'ABORTED', 'always', 409, 'error'],
  ['mongo-selection', named('MongoServerSelectionError'), 'UNAVAILABLE', idem, 503, 'error'],
  ['redis-wrongtype', reply('WRONGTYPE Operation against a key'), 'INTERNAL', 'never', 500, 'error'],
  ['redis-oom', reply('OOM command not allowed'), 'RESOURCE_EXHAUSTED', idem, 503, 'critical'],
  ['redis-loading', reply('LOADING Redis is loading'), 'UNAVAILABLE', 'not-sent', 503, 'error'],
  ['redis-noauth', reply('NOAUTH Authentication required.'), 'UNAUTHENTICATED', 'never', 500, 'critical'],
  ['ioredis-maxretries', named('MaxRetriesPerRequestError'), 'UNAVAILABLE', idem, 503, 'error'],
  ['node-redis-closed', withType('ClientClosedError'), 'UNAVAILABLE', 'never', 503, 'error'],
  [
    'axios-429',
    withType('AxiosError', {
      isAxiosError: true,
      code: 'ERR_BAD_REQUEST',
      status: 429,
      response: { status: 429, headers: {} },
    }),
    'RESOURCE_EXHAUSTED',
    'not-sent',
    503,
    'error',
    'EXTERNAL_SERVICE',
  ],
  [
    'axios-timeout',
    named('AxiosError', { isAxiosError: true, code: 'ECONNABORTED' }),
    'DEADLINE_EXCEEDED',
    idem,
    504,
    'error',
  ],
  ['sys-econnaborted', system('ECONNABORTED', 'read'), 'UNAVAILABLE', idem, 503, 'error'],
  ['axios-canceled', named('CanceledError', { code: 'ERR_CANCELED' }), 'CANCELLED', 'never', 499, 'info'],
  [
    'axios-refused',
    withType('AxiosError', {
      name: 'Error',
      isAxiosError: true,
      code: 'ECONNREFUSED',
      cause: system('ECONNREFUSED'),
    }),
    'UNAVAILABLE',
    'not-sent',
    503,
    'error',
  ],
  [
    'ky-http-503',
    named('HTTPError', { response: { status: 503, headers: new Headers() } }),
    'UNAVAILABLE',
    idem,
    503,
    'error',
    'EXTERNAL_SERVICE',
  ],
  ['got-timeout', named('TimeoutError', { code: 'ETIMEDOUT' }), 'DEADLINE_EXCEEDED', idem, 504, 'error'],
  [
    'node-fetch-refused',
    named('FetchError', { code: 'ECONNREFUSED', type: 'system' }),
    'UNAVAILABLE',
    'not-sent',
    503,
    'error',
  ],
  [
    'aws-throttle',
    named('ThrottlingException', { $metadata: { httpStatusCode: 400 } }),
    'RESOURCE_EXHAUSTED',
    'not-sent',
    503,
    'error',
  ],
  [
    'openai-429-rate',
    withType('RateLimitError', { status: 429, code: 'rate_limit_exceeded', headers: new Headers() }),
    'RESOURCE_EXHAUSTED',
    'not-sent',
    503,
    'error',
  ],
  [
    'openai-429-quota',
    withType('RateLimitError', { status: 429, code: 'insufficient_quota', headers: new Headers() }),
    'RESOURCE_EXHAUSTED',
    'never',
    503,
    'critical',
  ],
  [
    'openai-401',
    withType('AuthenticationError', { status: 401, code: 'invalid_api_key', headers: new Headers() }),
    'UNAUTHENTICATED',
    'never',
    500,
    'critical',
  ],
  ['openai-timeout', withType('APIConnectionTimeoutError'), 'DEADLINE_EXCEEDED', idem, 504, 'error'],
  ['openai-abort', withType('APIUserAbortError'), 'CANCELLED', 'never', 499, 'info'],
  [
    'anthropic-529',
    named('OverloadedError', { status: 529, error: {}, headers: new Headers() }),
    'UNAVAILABLE',
    'not-sent',
    503,
    'error',
  ],
  ['grpc-14', plain({ code: 14, details: 'gone', metadata: {} }), 'UNAVAILABLE', idem, 503, 'error'],
  ['grpc-9', plain({ code: 9, details: 'no', metadata: {} }), 'FAILED_PRECONDITION', 'never', 400, 'error'],
  ['mcp-invalid-params', withType('McpError', { code: -32602 }), 'INVALID_ARGUMENT', 'never', 400, 'warning'],
  ['mcp-request-timeout', withType('McpError', { code: -32001 }), 'DEADLINE_EXCEEDED', idem, 504, 'error'],
  [
    'trpc-unauthorized',
    named('TRPCError', { code: 'UNAUTHORIZED' }),
    'UNAUTHENTICATED',
    'never',
    401,
    'error',
  ],
  [
    'boom-500',
    plain({ isBoom: true, output: { statusCode: 500, headers: {} } }),
    'INTERNAL',
    'never',
    500,
    'error',
  ],
  [
    'http-errors-503-secret',
    withType('ServiceUnavailableError', { status: 503, statusCode: 503, expose: false }),
    'UNAVAILABLE',
    idem,
    503,
    'error',
  ],
  [
    'http-errors-413',
    withType('PayloadTooLargeError', { status: 413, expose: true, type: 'entity.too.large' }),
    'INVALID_ARGUMENT',
    'never',
    413,
    'error',
  ],
  [
    'body-parser-syntax',
    withType('SyntaxError', { status: 400, expose: true, type: 'entity.parse.failed' }, SyntaxError),
    'INVALID_ARGUMENT',
    'never',
    400,
    'warning',
  ],
  [
    'fastify-validation',
    plain({
      code: 'FST_ERR_VALIDATION',
      statusCode: 400,
      validation: [{ keyword: 'type', instancePath: '/a' }],
    }),
    'INVALID_ARGUMENT',
    'never',
    400,
    'warning',
  ],
  ['thrown-response-404', new Response(null, { status: 404 }), 'NOT_FOUND', 'never', 404, 'error'],
  [
    'multer-size',
    named('MulterError', { code: 'LIMIT_FILE_SIZE' }),
    'INVALID_ARGUMENT',
    'never',
    413,
    'error',
  ],
  ['jwt-expired', named('TokenExpiredError'), 'UNAUTHENTICATED', 'never', 401, 'warning'],
  [
    'jose-expired',
    withType('JWTExpired', { code: 'ERR_JWT_EXPIRED' }),
    'UNAUTHENTICATED',
    'never',
    401,
    'warning',
  ],
  [
    'ajv-async',
    withType('ValidationError', {
      validation: true,
      ajv: true,
      errors: [{ keyword: 'type', instancePath: '' }],
    }),
    'INVALID_ARGUMENT',
    'never',
    400,
    'warning',
  ],
  [
    'joi',
    named('ValidationError', { details: [{ type: 'any.required', path: ['a'] }] }),
    'INVALID_ARGUMENT',
    'never',
    400,
    'warning',
  ],
  [
    'yup',
    named('ValidationError', { inner: [{ path: 'a', type: 'min' }], errors: ['a must be'] }),
    'INVALID_ARGUMENT',
    'never',
    400,
    'warning',
  ],
  ['cause-depth-3', deep(), 'ABORTED', 'always', 409, 'warning'],
  [
    'explicit-outer-wins',
    named('NotFoundError', { status: 404, expose: true, cause: system('ECONNRESET', 'read') }),
    'NOT_FOUND',
    'never',
    404,
    'error',
  ],
];

describe('classify', () => {
  it.each(rows)('%s', (_id, ...row) => {
    const [error, statusCode, safety, httpStatus, severity, category] = row;
    const found = classify(error);
    expect({
      statusCode: found.statusCode,
      safety: found.retry.safety,
      httpStatus: found.httpStatus,
      severity: found.severity,
    }).toEqual({ statusCode, safety, httpStatus, severity });
    expect(found.retry.retryable).toBe(safety !== 'never');
    if (category !== undefined) expect(found.category).toBe(category);
  });

  it('takes a bare string for a cancellation only when it is the reason of the aborted signal', () => {
    const controller = new AbortController();
    expect(classify('user left', { signal: controller.signal }).category).toBe('UNKNOWN');
    controller.abort('user left');
    expect(classify('user left', { signal: controller.signal })).toMatchObject({
      category: 'CANCELLED',
      httpStatus: 499,
    });
    expect(classify('another', { signal: controller.signal }).category).toBe('UNKNOWN');
  });
});

describe('false friends', () => {
  it.each<[string, unknown]>([
    ['a message that says timeout', new Error('timeout of 3000ms exceeded')],
    ['a message that says not found', new Error('404 not found')],
    ['a message that says 429', new Error('429 Too Many Requests')],
    ['a message with a system code', new Error('connect ECONNREFUSED 127.0.0.1:80')],
    ['a thrown number', 404],
    ['a thrown string', 'ETIMEDOUT'],
    ['a status without a trusted shape', plain({ status: 404 })],
    ['a code that is a property of every object', plain({ code: 'constructor' })],
    ['a code that is __proto__', plain({ code: '__proto__' })],
    ['a name that is a property of every object', named('toString')],
    ['five letters that are no SQLSTATE', plain({ code: '23505' })],
    ['a small number that is no gRPC code', plain({ code: 5 })],
    ['a JSON-RPC number of unknown origin', plain({ code: -32602 })],
    ['a Prisma code of somebody else', plain({ code: 'P2002' })],
  ])('%s stays unknown', (_name, error) => {
    expect(classify(error)).toMatchObject({ category: 'UNKNOWN', statusCode: 'UNKNOWN', httpStatus: 500 });
  });

  it.each([200, 0, 999, Number.NaN, '404', 404.5])('a boom status of %p is not believed', (statusCode) => {
    expect(classify(plain({ isBoom: true, output: { statusCode } })).httpStatus).toBe(500);
  });
});
