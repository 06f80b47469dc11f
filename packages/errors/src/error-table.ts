/**
 * The one table of this package: every category with its codes for each wire, its defaults and its public text.
 * Classes, classification, responses and the README are tied to it by tests; nothing else repeats its facts.
 */
export const errorTable = {
  VALIDATION: {
    category: 'VALIDATION',
    className: 'ValidationError',
    code: 'VALIDATION_FAILED',
    statusCode: 'INVALID_ARGUMENT',
    httpStatus: 400,
    jsonRpcCode: -32602,
    severity: 'warning',
    fault: 'caller',
    safety: 'never',
    title: 'The request is not valid',
    type: 'urn:agent4:problem:validation',
    i18nKey: 'errors.validation',
  },
  NOT_FOUND: {
    category: 'NOT_FOUND',
    className: 'NotFoundError',
    code: 'NOT_FOUND',
    statusCode: 'NOT_FOUND',
    httpStatus: 404,
    jsonRpcCode: -32002,
    severity: 'warning',
    fault: 'caller',
    safety: 'never',
    title: 'The requested item was not found',
    type: 'urn:agent4:problem:not-found',
    i18nKey: 'errors.not_found',
  },
  CONFLICT: {
    category: 'CONFLICT',
    className: 'ConflictError',
    code: 'CONFLICT',
    statusCode: 'ALREADY_EXISTS',
    httpStatus: 409,
    jsonRpcCode: -32012,
    severity: 'warning',
    fault: 'caller',
    safety: 'never',
    title: 'The request conflicts with what is stored',
    type: 'urn:agent4:problem:conflict',
    i18nKey: 'errors.conflict',
  },
  AUTHENTICATION: {
    category: 'AUTHENTICATION',
    className: 'AuthenticationError',
    code: 'AUTHENTICATION_REQUIRED',
    statusCode: 'UNAUTHENTICATED',
    httpStatus: 401,
    jsonRpcCode: -32010,
    severity: 'warning',
    fault: 'caller',
    safety: 'never',
    title: 'Sign-in is required or has expired',
    type: 'urn:agent4:problem:authentication',
    i18nKey: 'errors.authentication',
  },
  AUTHORIZATION: {
    category: 'AUTHORIZATION',
    className: 'AuthorizationError',
    code: 'NOT_ALLOWED',
    statusCode: 'PERMISSION_DENIED',
    httpStatus: 403,
    jsonRpcCode: -32011,
    severity: 'warning',
    fault: 'caller',
    safety: 'never',
    title: 'This action is not allowed',
    type: 'urn:agent4:problem:authorization',
    i18nKey: 'errors.authorization',
  },
  RATE_LIMIT: {
    category: 'RATE_LIMIT',
    className: 'RateLimitError',
    code: 'RATE_LIMITED',
    statusCode: 'RESOURCE_EXHAUSTED',
    httpStatus: 429,
    jsonRpcCode: -32029,
    severity: 'warning',
    fault: 'caller',
    safety: 'not-sent',
    title: 'Too many requests',
    type: 'urn:agent4:problem:rate-limit',
    i18nKey: 'errors.rate_limit',
  },
  TIMEOUT: {
    category: 'TIMEOUT',
    className: 'TimeoutError',
    code: 'TIMEOUT',
    statusCode: 'DEADLINE_EXCEEDED',
    httpStatus: 504,
    jsonRpcCode: -32001,
    severity: 'warning',
    fault: 'dependency',
    safety: 'idempotent-only',
    title: 'The request took too long',
    type: 'urn:agent4:problem:timeout',
    i18nKey: 'errors.timeout',
  },
  CANCELLED: {
    category: 'CANCELLED',
    className: 'CancelledError',
    code: 'CANCELLED',
    statusCode: 'CANCELLED',
    httpStatus: 499,
    jsonRpcCode: -32015,
    severity: 'info',
    fault: 'cancelled',
    safety: 'never',
    title: 'The request was cancelled',
    type: 'urn:agent4:problem:cancelled',
    i18nKey: 'errors.cancelled',
  },
  NETWORK: {
    category: 'NETWORK',
    className: 'NetworkError',
    code: 'NETWORK_FAILED',
    statusCode: 'UNAVAILABLE',
    httpStatus: 503,
    jsonRpcCode: -32603,
    severity: 'error',
    fault: 'dependency',
    safety: 'idempotent-only',
    title: 'A service this one needs could not be reached',
    type: 'urn:agent4:problem:network',
    i18nKey: 'errors.network',
  },
  DATABASE: {
    category: 'DATABASE',
    className: 'DatabaseError',
    code: 'DATABASE_FAILED',
    statusCode: 'INTERNAL',
    httpStatus: 500,
    jsonRpcCode: -32603,
    severity: 'error',
    fault: 'self',
    safety: 'never',
    title: 'The data could not be read or written',
    type: 'urn:agent4:problem:database',
    i18nKey: 'errors.database',
  },
  EXTERNAL_SERVICE: {
    category: 'EXTERNAL_SERVICE',
    className: 'ExternalServiceError',
    code: 'EXTERNAL_SERVICE_FAILED',
    statusCode: 'UNAVAILABLE',
    httpStatus: 502,
    jsonRpcCode: -32603,
    severity: 'error',
    fault: 'dependency',
    safety: 'idempotent-only',
    title: 'A service this one needs did not answer properly',
    type: 'urn:agent4:problem:external-service',
    i18nKey: 'errors.external_service',
  },
  PRECONDITION: {
    category: 'PRECONDITION',
    className: 'PreconditionFailedError',
    code: 'PRECONDITION_FAILED',
    statusCode: 'FAILED_PRECONDITION',
    httpStatus: 412,
    jsonRpcCode: -32013,
    severity: 'warning',
    fault: 'caller',
    safety: 'never',
    title: 'The current state does not allow this',
    type: 'urn:agent4:problem:precondition',
    i18nKey: 'errors.precondition',
  },
  ABORTED: {
    category: 'ABORTED',
    className: 'AbortedError',
    code: 'ABORTED',
    statusCode: 'ABORTED',
    httpStatus: 409,
    jsonRpcCode: -32014,
    severity: 'warning',
    fault: 'self',
    safety: 'always',
    title: 'The change met another one and was rolled back',
    type: 'urn:agent4:problem:aborted',
    i18nKey: 'errors.aborted',
  },
  UNAVAILABLE: {
    category: 'UNAVAILABLE',
    className: 'UnavailableError',
    code: 'UNAVAILABLE',
    statusCode: 'UNAVAILABLE',
    httpStatus: 503,
    jsonRpcCode: -32016,
    severity: 'error',
    fault: 'dependency',
    safety: 'idempotent-only',
    title: 'The service is not available at the moment',
    type: 'urn:agent4:problem:unavailable',
    i18nKey: 'errors.unavailable',
  },
  UNIMPLEMENTED: {
    category: 'UNIMPLEMENTED',
    className: 'AppError',
    code: 'NOT_IMPLEMENTED',
    statusCode: 'UNIMPLEMENTED',
    httpStatus: 501,
    jsonRpcCode: -32601,
    severity: 'error',
    fault: 'self',
    safety: 'never',
    title: 'This is not supported',
    type: 'urn:agent4:problem:unimplemented',
    i18nKey: 'errors.unimplemented',
  },
  RESOURCE: {
    category: 'RESOURCE',
    className: 'AppError',
    code: 'RESOURCE_EXHAUSTED',
    statusCode: 'RESOURCE_EXHAUSTED',
    httpStatus: 503,
    jsonRpcCode: -32017,
    severity: 'critical',
    fault: 'self',
    safety: 'not-sent',
    title: 'The service is at its limit at the moment',
    type: 'urn:agent4:problem:resource',
    i18nKey: 'errors.resource',
  },
  DATA_LOSS: {
    category: 'DATA_LOSS',
    className: 'AppError',
    code: 'DATA_LOSS',
    statusCode: 'DATA_LOSS',
    httpStatus: 500,
    jsonRpcCode: -32603,
    severity: 'critical',
    fault: 'self',
    safety: 'never',
    title: 'Stored data could not be read',
    type: 'urn:agent4:problem:data-loss',
    i18nKey: 'errors.data_loss',
  },
  INTERNAL: {
    category: 'INTERNAL',
    className: 'InternalError',
    code: 'INTERNAL',
    statusCode: 'INTERNAL',
    httpStatus: 500,
    jsonRpcCode: -32603,
    severity: 'error',
    fault: 'self',
    safety: 'never',
    title: 'Something went wrong on our side',
    type: 'urn:agent4:problem:internal',
    i18nKey: 'errors.internal',
  },
  UNKNOWN: {
    category: 'UNKNOWN',
    className: 'AppError',
    code: 'UNKNOWN',
    statusCode: 'UNKNOWN',
    httpStatus: 500,
    jsonRpcCode: -32603,
    severity: 'error',
    fault: 'self',
    safety: 'never',
    title: 'Something went wrong on our side',
    type: 'urn:agent4:problem:unknown',
    i18nKey: 'errors.unknown',
  },
} as const;

/** Our word for what went wrong; the closed set of keys of `errorTable`. */
export type ErrorCategory = keyof typeof errorTable;

/** One of the 16 canonical gRPC names of a failure. */
export type StatusCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED';

/** From least to most urgent. `info` is a cancellation, `warning` a fault of the caller, `critical` wakes somebody. */
export type ErrorSeverity = 'debug' | 'info' | 'warning' | 'error' | 'critical';

/** Who has to act: the caller, this service, something it depends on, or nobody because the caller left. */
export type ErrorFault = 'caller' | 'self' | 'dependency' | 'cancelled';

/**
 * When the same call may be made again: `never`; `not-sent` (it never took effect, any call may be repeated);
 * `idempotent-only` (it may have taken effect); `always` (it was rolled back, repeat the whole unit of work).
 */
export type RetrySafety = 'never' | 'not-sent' | 'idempotent-only' | 'always';

const words = <T extends string>(...list: T[]): ReadonlySet<string> => new Set<string>(list);
const severities = words<ErrorSeverity>('debug', 'info', 'warning', 'error', 'critical');
const safeties = words<RetrySafety>('never', 'not-sent', 'idempotent-only', 'always');
const faults = words<ErrorFault>('caller', 'self', 'dependency', 'cancelled');
const statusCodes: ReadonlySet<string> = new Set<string>([
  ...Object.values(errorTable).map((row) => row.statusCode),
  'OUT_OF_RANGE',
]);

/** True for the categories of `errorTable`; false for anything else, inherited object keys included. */
export const isErrorCategory = (value: unknown): value is ErrorCategory =>
  typeof value === 'string' && Object.hasOwn(errorTable, value);
export const isSeverity = (value: unknown): value is ErrorSeverity =>
  typeof value === 'string' && severities.has(value);
export const isSafety = (value: unknown): value is RetrySafety =>
  typeof value === 'string' && safeties.has(value);
export const isFault = (value: unknown): value is ErrorFault =>
  typeof value === 'string' && faults.has(value);
export const isStatusCode = (value: unknown): value is StatusCode =>
  typeof value === 'string' && statusCodes.has(value);
/** An HTTP status an error may have: an integer from 400 to 599. */
export const isErrorStatus = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599;
/** A public code: UPPER_SNAKE, at most 63 characters. */
export const isPublicCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Z][A-Z0-9_]{1,62}$/.test(value);
