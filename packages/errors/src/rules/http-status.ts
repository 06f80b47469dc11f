import { type ErrorCategory, isErrorStatus, type StatusCode } from '../error-table.ts';
import { read, readString } from '../safe-read.ts';
import { bug, slow } from './network.ts';
import { hit, type Match, type Rule, type Shape, type Table, table, verdict } from './verdict.ts';

const claim = (
  category: ErrorCategory,
  statusCode: StatusCode,
  httpStatus: number,
): ReturnType<typeof verdict> => verdict(category, statusCode, httpStatus, 'never', 'error', 'caller');

const quota = verdict('RATE_LIMIT', 'RESOURCE_EXHAUSTED', 429, 'not-sent', 'warning', 'caller');
const unavailable = verdict('UNAVAILABLE', 'UNAVAILABLE', 503, 'idempotent-only');

/** A status that claims something to our own caller: http-errors, boom, fastify, a thrown `Response`. */
const claims: Table<number> = new Map(
  [
    claim('VALIDATION', 'INVALID_ARGUMENT', 400),
    claim('AUTHENTICATION', 'UNAUTHENTICATED', 401),
    claim('AUTHORIZATION', 'PERMISSION_DENIED', 403),
    claim('NOT_FOUND', 'NOT_FOUND', 404),
    claim('UNIMPLEMENTED', 'UNIMPLEMENTED', 405),
    { ...slow, httpStatus: 408 },
    claim('CONFLICT', 'ALREADY_EXISTS', 409),
    claim('NOT_FOUND', 'NOT_FOUND', 410),
    claim('PRECONDITION', 'FAILED_PRECONDITION', 412),
    claim('PRECONDITION', 'FAILED_PRECONDITION', 423),
    claim('PRECONDITION', 'FAILED_PRECONDITION', 424),
    { ...unavailable, httpStatus: 425, safety: 'not-sent' as const },
    claim('PRECONDITION', 'FAILED_PRECONDITION', 428),
    quota,
    verdict('CANCELLED', 'CANCELLED', 499, 'never', 'info', 'cancelled'),
    verdict('UNIMPLEMENTED', 'UNIMPLEMENTED', 501, 'never', 'error', 'self'),
    verdict('EXTERNAL_SERVICE', 'UNAVAILABLE', 502, 'idempotent-only'),
    unavailable,
    slow,
  ].map((said) => [said.httpStatus, said] as const),
);

const outside = 'EXTERNAL_SERVICE';
const overloaded = verdict(outside, 'UNAVAILABLE', 503, 'not-sent');
export const throttled = verdict(outside, 'RESOURCE_EXHAUSTED', 503, 'not-sent');
const outOfCredit = verdict(outside, 'RESOURCE_EXHAUSTED', 503, 'never', 'critical', 'self');
export const ourKey = verdict(outside, 'UNAUTHENTICATED', 500, 'never', 'critical', 'self');
const badRequest = verdict(outside, 'INVALID_ARGUMENT', 500, 'never', 'error', 'self');
const serverFault = verdict(outside, 'INTERNAL', 502, 'idempotent-only');

/** A status that a dependency answered us: never passed on, for its 401 is not our caller's. */
const answers = table<number>(
  [badRequest, 400, 405, 406, 411, 413, 414, 415, 422, 431],
  [ourKey, 401, 407],
  [verdict(outside, 'RESOURCE_EXHAUSTED', 503, 'never', 'critical', 'self'), 402],
  [verdict(outside, 'PERMISSION_DENIED', 500, 'never', 'error', 'self'), 403],
  [verdict(outside, 'NOT_FOUND', 502), 404, 410],
  [verdict(outside, 'ABORTED', 502, 'idempotent-only'), 409],
  [verdict(outside, 'FAILED_PRECONDITION', 502), 412, 423, 424, 428],
  [slow, 408, 504],
  [throttled, 425, 429],
  [serverFault, 500],
  [verdict(outside, 'UNAVAILABLE', 503, 'idempotent-only'), 502, 503],
  [overloaded, 529],
);

export const claimOf = (status: number): Match => {
  const known = claims.get(status);
  if (known !== undefined) return { verdict: known, matched: `status ${status}` };
  if (status < 500)
    return { verdict: claim('VALIDATION', 'INVALID_ARGUMENT', status), matched: `status ${status}` };
  // 500 says no more than that something failed: what caused it may.
  return { verdict: { ...bug, httpStatus: status }, matched: `status ${status}`, weak: true };
};

export const answerOf = (status: number): Match => ({
  verdict: answers.get(status) ?? (status < 500 ? badRequest : serverFault),
  matched: `answered ${status}`,
});

const statusIn = (value: unknown): number | undefined => {
  for (const key of ['status', 'statusCode']) {
    const status = read(value, key);
    if (isErrorStatus(status)) return status;
  }
  return undefined;
};

const tagOf = (value: object): string => {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return '';
  }
};

const fastifyBrand = Symbol.for('fastify-error-generic');

/** Errors made to be answered with: their status is trusted as a claim to our caller. */
const claimed = (shape: Shape): Match | undefined => {
  const { value, code, type } = shape;
  if (read(value, 'isBoom') === true) {
    const status = statusIn(read(value, 'output'));
    return status === undefined ? undefined : claimOf(status);
  }
  const status = statusIn(value);
  if (status === undefined) return undefined;
  const bodyParser = typeof read(value, 'type') === 'string' && typeof read(value, 'expose') === 'boolean';
  const validated = code === 'FST_ERR_VALIDATION' || readString(value, 'validationContext') !== undefined;
  const trusted =
    typeof read(value, 'expose') === 'boolean' ||
    validated ||
    read(value, fastifyBrand) !== undefined ||
    (typeof code === 'string' && code.startsWith('FST_')) ||
    (type === 'SyntaxError' && status === 400) ||
    (type === 'Response' && tagOf(value) === '[object Response]');
  if (!trusted) return undefined;
  const match = claimOf(status);
  const expected = status === 400 && (bodyParser || validated);
  return expected ? { ...match, verdict: { ...match.verdict, severity: 'warning' } } : match;
};

const answerNames = new Set(['HTTPError', 'HttpError', 'RequestError', 'ResponseError', 'StatusCodeError']);
/** OpenAI and others say with a code that a 429 will not pass by waiting. */
const hardQuota = new Set(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active']);

/** Errors of clients: the status is what a dependency answered. */
const answered = (shape: Shape): Match | undefined => {
  const { value, name, type, code } = shape;
  const response = read(value, 'response');
  const metadata = read(value, '$metadata');
  const own = statusIn(value);
  const status =
    statusIn(response) ??
    (metadata === undefined ? undefined : (read(metadata, 'httpStatusCode') as number | undefined)) ??
    own;
  if (!isErrorStatus(status)) return undefined;
  const fromClient =
    read(value, 'isAxiosError') === true ||
    metadata !== undefined ||
    answerNames.has(name) ||
    answerNames.has(type) ||
    code === 'UND_ERR_RESPONSE_STATUS_CODE' ||
    type === 'ResponseStatusCodeError' ||
    name.startsWith('Stripe') ||
    type.startsWith('Stripe') ||
    (own !== undefined && (read(value, 'headers') !== undefined || read(value, 'error') !== undefined));
  if (!fromClient) return undefined;
  return status === 429 && typeof code === 'string' && hardQuota.has(code)
    ? hit(outOfCredit, code)
    : answerOf(status);
};

export const claimRule: Rule = { name: 'claimed-status', find: claimed };
export const answerRule: Rule = { name: 'answered-status', find: answered };
