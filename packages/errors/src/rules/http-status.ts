import { isErrorStatus } from '../error-table.ts';
import { read, readString } from '../safe-read.ts';
import { hit, type Match, type Rule, type Shape, table, type Verdict, verdict } from './verdict.ts';

/** A status that claims something to our own caller: http-errors, boom, fastify, a thrown `Response`. */
const claims = table(`VALIDATION error: 400
AUTHENTICATION error: 401
AUTHORIZATION error: 403
NOT_FOUND error: 404 410
UNIMPLEMENTED caller: 405
TIMEOUT error: 408 504
CONFLICT error: 409
PRECONDITION error: 412 423 424 428
UNAVAILABLE not-sent: 425
RATE_LIMIT: 429
CANCELLED: 499
UNIMPLEMENTED: 501
EXTERNAL_SERVICE: 502
UNAVAILABLE: 503
INTERNAL: 5xx`);

/** A status that a dependency answered us: never passed on, for its 401 is not our caller's. */
const answers = table(`EXTERNAL_SERVICE UNAUTHENTICATED 500 never critical self: 401 407
EXTERNAL_SERVICE RESOURCE_EXHAUSTED 503 never critical self: 402
EXTERNAL_SERVICE PERMISSION_DENIED 500 never self: 403
EXTERNAL_SERVICE NOT_FOUND never: 404 410
EXTERNAL_SERVICE ABORTED: 409
EXTERNAL_SERVICE FAILED_PRECONDITION never: 412 423 424 428
TIMEOUT error: 408 504
EXTERNAL_SERVICE RESOURCE_EXHAUSTED 503 not-sent: 425 429
EXTERNAL_SERVICE 503: 502 503
EXTERNAL_SERVICE 503 not-sent: 529
EXTERNAL_SERVICE INVALID_ARGUMENT 500 never self: 4xx
EXTERNAL_SERVICE INTERNAL: 5xx`);

export const claimOf = (status: number): Match => {
  const known = claims(status) ?? claims(status < 500 ? 400 : '5xx');
  // 500 says no more than that something failed: what caused it may.
  return {
    verdict: { ...(known as Verdict), httpStatus: status },
    matched: `status ${status}`,
    weak: known?.category === 'INTERNAL',
  };
};

export const answerOf = (status: number): Match => ({
  verdict: (answers(status) ?? answers(status < 500 ? '4xx' : '5xx')) as Verdict,
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

const answerNames =
  /^(?:HTTPError|HttpError|RequestError|ResponseError|(?:Response)?StatusCodeError)$|^Stripe/;
/** OpenAI and others say with a code that a 429 will not pass by waiting. */
const hardQuota = /^(?:insufficient_quota|billing_hard_limit_reached|billing_not_active)$/;
const outOfCredit = verdict('EXTERNAL_SERVICE RESOURCE_EXHAUSTED 503 never critical self');

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
    answerNames.test(name) ||
    answerNames.test(type) ||
    code === 'UND_ERR_RESPONSE_STATUS_CODE' ||
    (own !== undefined && (read(value, 'headers') !== undefined || read(value, 'error') !== undefined));
  if (!fromClient) return undefined;
  return status === 429 && typeof code === 'string' && hardQuota.test(code)
    ? hit(outOfCredit, code)
    : answerOf(status);
};

export const claimRule: Rule = { name: 'claimed-status', find: claimed };
export const answerRule: Rule = { name: 'answered-status', find: answered };
