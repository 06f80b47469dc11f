import { isErrorStatus } from '../error-table.ts';
import { read, readString } from '../safe-read.ts';
import { answers, claims } from './tables.ts';
import { isNamed, type Match, type Rule, type Shape } from './verdict.ts';

const claimOf = (status: number): Match => {
  // 500 says no more than that something failed: what caused it may.
  const known = (claims(status) ?? claims(status < 500 ? 400 : '5xx')) as Match;
  return { ...known, verdict: { ...known.verdict, httpStatus: status }, matched: `status ${status}` };
};

export const answerOf = (status: number): Match =>
  (answers(status) ?? answers(status < 500 ? '4xx' : '5xx')) as Match;

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
/** Errors of clients: the status is what a dependency answered. */
const answered = (shape: Shape): Match | undefined => {
  const { value, code } = shape;
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
    isNamed(shape, answerNames) ||
    code === 'UND_ERR_RESPONSE_STATUS_CODE' ||
    (own !== undefined && (read(value, 'headers') !== undefined || read(value, 'error') !== undefined));
  if (!fromClient) return undefined;
  // OpenAI and others say with a code that a 429 will not pass by waiting.
  return (status === 429 && typeof code === 'string' && answers(code)) || answerOf(status);
};

export const claimRule: Rule = { name: 'claimed-status', find: claimed };
export const answerRule: Rule = { name: 'answered-status', find: answered };
