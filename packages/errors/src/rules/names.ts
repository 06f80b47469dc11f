import { readNumber } from '../safe-read.ts';
import { databaseNames } from './database.ts';
import { slow } from './network.ts';
import { hit, type Match, type Rule, type Shape, type Table, table, verdict } from './verdict.ts';

export const timeUp = verdict('TIMEOUT');
export const badInput = verdict('VALIDATION');

/** Codes that one library alone uses, as published in its manual. */
const codes = table(`UNAVAILABLE not-sent warning: CIRCUIT_OPEN CIRCUIT_ISOLATED
UNAVAILABLE not-sent: EOPENBREAKER
RESOURCE warning: BULKHEAD_FULL ESEMLOCKED
TIMEOUT: TIMEOUT CACHE_LOADER_TIMEOUT
UNAVAILABLE not-sent self: CACHE_CLOSED
CANCELLED: ERR_CANCELED
VALIDATION 413 error: LIMIT_FILE_SIZE LIMIT_FIELD_VALUE
VALIDATION error: LIMIT_PART_COUNT LIMIT_FILE_COUNT LIMIT_FIELD_KEY LIMIT_FIELD_COUNT LIMIT_UNEXPECTED_FILE MISSING_FIELD_NAME
AUTHENTICATION: ERR_JWT_EXPIRED ERR_JWT_INVALID ERR_JWT_CLAIM_VALIDATION_FAILED ERR_JWS_INVALID ERR_JWS_SIGNATURE_VERIFICATION_FAILED ERR_JWE_DECRYPTION_FAILED ERR_JWE_INVALID ERR_JWKS_NO_MATCHING_KEY`);

/** Class names, asked of the constructor first: cockatiel, the OpenAI SDK and others leave `name` at 'Error'. */
const names = table(`TIMEOUT: TaskCancelledError
UNAVAILABLE not-sent warning: BrokenCircuitError IsolatedCircuitError HydratingCircuitError
RESOURCE warning: BulkheadRejectedError
TIMEOUT error: APIConnectionTimeoutError RequestTimeout RequestTimeoutException
CANCELLED: APIUserAbortError CanceledError CancelError
NETWORK: APIConnectionError
EXTERNAL_SERVICE never: HTTPParserError ResponseContentLengthMismatchError
EXTERNAL_SERVICE RESOURCE_EXHAUSTED 503 not-sent: ThrottlingException Throttling ThrottledException TooManyRequestsException SlowDown RequestLimitExceeded RequestThrottled RequestThrottledException LimitExceededException ProvisionedThroughputExceededException BandwidthLimitExceeded EC2ThrottledException PriorRequestNotComplete TransactionInProgressException
EXTERNAL_SERVICE UNAUTHENTICATED 500 never critical self: ExpiredToken ExpiredTokenException UnrecognizedClientException InvalidSignatureException CredentialsProviderError
AUTHENTICATION: TokenExpiredError JsonWebTokenError NotBeforeError JWTExpired`);

/** Names of DOMException; its `code` is a number of old and means nothing here. */
const domNames = table(`NOT_FOUND error: NotFoundError
RESOURCE never: QuotaExceededError
NETWORK: NetworkError
INTERNAL: DataCloneError InvalidStateError SyntaxError InvalidAccessError NotSupportedError`);

const named = (list: Table, { type, name }: Shape): Match | undefined =>
  hit(list(type), type) ?? hit(list(name), name);

const timeouts = ({ name, type, code, value }: Shape): Match | undefined => {
  if (name !== 'TimeoutError' && type !== 'TimeoutError') return undefined;
  // got and others put the system's code beside the name; a bare TimeoutError is a deadline of our own making.
  const said = typeof code === 'string' && code.startsWith('E') ? slow : timeUp;
  return readNumber(value, 'status') === undefined ? hit(said, 'TimeoutError') : undefined;
};

export const nameRules: readonly Rule[] = [
  { name: 'timeout', find: timeouts },
  {
    name: 'library-code',
    find: ({ code }) => (typeof code === 'string' ? hit(codes(code), code) : undefined),
  },
  { name: 'class-name', find: (shape) => named(names, shape) ?? named(databaseNames, shape) },
  {
    name: 'dom-exception',
    find: (shape) => (shape.type === 'DOMException' ? hit(domNames(shape.name), shape.name) : undefined),
  },
];
