import { readNumber } from '../safe-read.ts';
import { databaseNames } from './database.ts';
import { ourKey, throttled } from './http-status.ts';
import { bug, cancelled, dropped, garbled, slow } from './network.ts';
import { hit, type Match, type Rule, type Shape, type Table, table, verdict } from './verdict.ts';

export const timeUp = { ...slow, severity: 'warning' } as const;
const circuitOpen = verdict('UNAVAILABLE', 'UNAVAILABLE', 503, 'not-sent', 'warning');
const circuitOpenLoud = verdict('UNAVAILABLE', 'UNAVAILABLE', 503, 'not-sent');
const bulkheadFull = verdict('RESOURCE', 'RESOURCE_EXHAUSTED', 503, 'not-sent', 'warning', 'self');
const cacheClosed = verdict('UNAVAILABLE', 'UNAVAILABLE', 503, 'not-sent', 'error', 'self');
export const badInput = verdict('VALIDATION', 'INVALID_ARGUMENT', 400, 'never', 'warning', 'caller');
const tooLarge = verdict('VALIDATION', 'INVALID_ARGUMENT', 413, 'never', 'error', 'caller');
const badUpload = verdict('VALIDATION', 'INVALID_ARGUMENT', 400, 'never', 'error', 'caller');
const signedOut = verdict('AUTHENTICATION', 'UNAUTHENTICATED', 401, 'never', 'warning', 'caller');
const notThere = verdict('NOT_FOUND', 'NOT_FOUND', 404, 'never', 'error', 'caller');
const quotaFull = verdict('RESOURCE', 'RESOURCE_EXHAUSTED', 503, 'never', 'critical', 'self');

/** Codes that one library alone uses, as published in its manual. */
const codes = table<string>(
  [circuitOpen, 'CIRCUIT_OPEN', 'CIRCUIT_ISOLATED'],
  [circuitOpenLoud, 'EOPENBREAKER'],
  [bulkheadFull, 'BULKHEAD_FULL', 'ESEMLOCKED'],
  [timeUp, 'TIMEOUT', 'CACHE_LOADER_TIMEOUT'],
  [cacheClosed, 'CACHE_CLOSED'],
  [cancelled, 'ERR_CANCELED'],
  [tooLarge, 'LIMIT_FILE_SIZE', 'LIMIT_FIELD_VALUE'],
  [
    badUpload,
    'LIMIT_PART_COUNT',
    'LIMIT_FILE_COUNT',
    'LIMIT_FIELD_KEY',
    'LIMIT_FIELD_COUNT',
    'LIMIT_UNEXPECTED_FILE',
  ],
  [badUpload, 'MISSING_FIELD_NAME'],
  [signedOut, 'ERR_JWT_EXPIRED', 'ERR_JWT_INVALID', 'ERR_JWT_CLAIM_VALIDATION_FAILED', 'ERR_JWS_INVALID'],
  [signedOut, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'ERR_JWE_DECRYPTION_FAILED', 'ERR_JWE_INVALID'],
  [signedOut, 'ERR_JWKS_NO_MATCHING_KEY'],
);

/** Class names, asked of the constructor first: cockatiel, the OpenAI SDK and others leave `name` at 'Error'. */
const names = table<string>(
  [timeUp, 'TaskCancelledError'],
  [circuitOpen, 'BrokenCircuitError', 'IsolatedCircuitError', 'HydratingCircuitError'],
  [bulkheadFull, 'BulkheadRejectedError'],
  [slow, 'APIConnectionTimeoutError', 'RequestTimeout', 'RequestTimeoutException'],
  [cancelled, 'APIUserAbortError', 'CanceledError', 'CancelError'],
  [dropped, 'APIConnectionError'],
  [garbled, 'HTTPParserError', 'ResponseContentLengthMismatchError'],
  [
    throttled,
    'ThrottlingException',
    'Throttling',
    'ThrottledException',
    'TooManyRequestsException',
    'SlowDown',
  ],
  [
    throttled,
    'RequestLimitExceeded',
    'RequestThrottled',
    'RequestThrottledException',
    'LimitExceededException',
  ],
  [throttled, 'ProvisionedThroughputExceededException', 'BandwidthLimitExceeded', 'EC2ThrottledException'],
  [throttled, 'PriorRequestNotComplete', 'TransactionInProgressException'],
  [
    ourKey,
    'ExpiredToken',
    'ExpiredTokenException',
    'UnrecognizedClientException',
    'InvalidSignatureException',
  ],
  [ourKey, 'CredentialsProviderError'],
  [signedOut, 'TokenExpiredError', 'JsonWebTokenError', 'NotBeforeError', 'JWTExpired'],
);

/** Names of DOMException; its `code` is a number of old and means nothing here. */
const domNames = table<string>(
  [notThere, 'NotFoundError'],
  [quotaFull, 'QuotaExceededError'],
  [dropped, 'NetworkError'],
  [bug, 'DataCloneError', 'InvalidStateError', 'SyntaxError', 'InvalidAccessError', 'NotSupportedError'],
);

const named = (list: Table, { type, name }: Shape): Match | undefined =>
  hit(list.get(type), type) ?? hit(list.get(name), name);

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
    find: ({ code }) => (typeof code === 'string' ? hit(codes.get(code), code) : undefined),
  },
  { name: 'class-name', find: (shape) => named(names, shape) ?? named(databaseNames, shape) },
  {
    name: 'dom-exception',
    find: (shape) => (shape.type === 'DOMException' ? hit(domNames.get(shape.name), shape.name) : undefined),
  },
];
