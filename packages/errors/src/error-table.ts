/**
 * Every category with its codes for each wire, its defaults and its public text.
 * Classes, classification, responses and the README are tied to it by tests; nothing else repeats its facts.
 */
// Columns: class, code, gRPC name, HTTP, JSON-RPC, severity, fault, retry safety, title.
const rows = {
  VALIDATION:
    'ValidationError VALIDATION_FAILED INVALID_ARGUMENT 400 -32602 warning caller never The request is not valid',
  NOT_FOUND:
    'NotFoundError NOT_FOUND NOT_FOUND 404 -32002 warning caller never The requested item was not found',
  CONFLICT:
    'ConflictError CONFLICT ALREADY_EXISTS 409 -32012 warning caller never The request conflicts with what is stored',
  AUTHENTICATION:
    'AuthenticationError AUTHENTICATION_REQUIRED UNAUTHENTICATED 401 -32010 warning caller never Sign-in is required or has expired',
  AUTHORIZATION:
    'AuthorizationError NOT_ALLOWED PERMISSION_DENIED 403 -32011 warning caller never This action is not allowed',
  RATE_LIMIT:
    'RateLimitError RATE_LIMITED RESOURCE_EXHAUSTED 429 -32029 warning caller not-sent Too many requests',
  TIMEOUT:
    'TimeoutError TIMEOUT DEADLINE_EXCEEDED 504 -32001 warning dependency idempotent-only The request took too long',
  CANCELLED: 'CancelledError CANCELLED CANCELLED 499 -32015 info cancelled never The request was cancelled',
  NETWORK:
    'NetworkError NETWORK_FAILED UNAVAILABLE 503 -32603 error dependency idempotent-only A service this one needs could not be reached',
  DATABASE:
    'DatabaseError DATABASE_FAILED INTERNAL 500 -32603 error self never The data could not be read or written',
  EXTERNAL_SERVICE:
    'ExternalServiceError EXTERNAL_SERVICE_FAILED UNAVAILABLE 502 -32603 error dependency idempotent-only A service this one needs did not answer properly',
  PRECONDITION:
    'PreconditionFailedError PRECONDITION_FAILED FAILED_PRECONDITION 412 -32013 warning caller never The current state does not allow this',
  ABORTED:
    'AbortedError ABORTED ABORTED 409 -32014 warning self always The change met another one and was rolled back',
  UNAVAILABLE:
    'UnavailableError UNAVAILABLE UNAVAILABLE 503 -32016 error dependency idempotent-only The service is not available at the moment',
  UNIMPLEMENTED: 'AppError NOT_IMPLEMENTED UNIMPLEMENTED 501 -32601 error self never This is not supported',
  RESOURCE:
    'AppError RESOURCE_EXHAUSTED RESOURCE_EXHAUSTED 503 -32017 critical self not-sent The service is at its limit at the moment',
  DATA_LOSS: 'AppError DATA_LOSS DATA_LOSS 500 -32603 critical self never Stored data could not be read',
  INTERNAL: 'InternalError INTERNAL INTERNAL 500 -32603 error self never Something went wrong on our side',
  UNKNOWN: 'AppError UNKNOWN UNKNOWN 500 -32603 error self never Something went wrong on our side',
} as const;

type Rows = typeof rows;
type Kebab<T extends string> = T extends `${infer A}_${infer B}`
  ? `${Lowercase<A>}-${Kebab<B>}`
  : Lowercase<T>;

type Cells<C extends keyof Rows> =
  Rows[C] extends `${infer A} ${infer B} ${infer D} ${infer E extends number} ${infer F extends number} ${infer G} ${infer H} ${infer I} ${infer J}`
    ? [A, B, D, E, F, G, H, I, J]
    : never;

/** Our word for what went wrong; the closed set of keys of `errorTable`. */
export type ErrorCategory = keyof Rows;

/** The facts of one category. */
export type ErrorTableRow<C extends ErrorCategory = ErrorCategory> = {
  readonly category: C;
  readonly className: Cells<C>[0];
  readonly code: Cells<C>[1];
  readonly statusCode: Cells<C>[2];
  readonly httpStatus: Cells<C>[3];
  readonly jsonRpcCode: Cells<C>[4];
  readonly severity: Cells<C>[5];
  readonly fault: Cells<C>[6];
  readonly safety: Cells<C>[7];
  /** Public text. */
  readonly title: Cells<C>[8];
  /** Problem type (RFC 9457). */
  readonly type: `urn:agent4:problem:${Kebab<C>}`;
  /** Key of a catalogue of another language. */
  readonly i18nKey: `errors.${Lowercase<C>}`;
};

/** The one table of this package: what a category stands for on each wire, its defaults and its public text. */
export const errorTable = Object.fromEntries(
  Object.entries(rows).map(([category, row]) => {
    const [className, code, statusCode, http, jsonRpc, severity, fault, safety, ...title] = row.split(' ');
    const name = category.toLowerCase();
    const facts = {
      category,
      className,
      code,
      statusCode,
      httpStatus: Number(http),
      jsonRpcCode: Number(jsonRpc),
      severity,
      fault,
      safety,
      title: title.join(' '),
      type: `urn:agent4:problem:${name.replace('_', '-')}`,
      i18nKey: `errors.${name}`,
    };
    return [category, facts];
  }),
) as unknown as { readonly [C in ErrorCategory]: ErrorTableRow<C> };

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

const oneOf = <T extends string>(words: string): ((value: unknown) => value is T) => {
  const known: ReadonlySet<unknown> = new Set(words.split(' '));
  return (value): value is T => known.has(value);
};

/** True for the categories of `errorTable`; false for anything else, inherited object keys included. */
export const isErrorCategory = (value: unknown): value is ErrorCategory =>
  typeof value === 'string' && Object.hasOwn(errorTable, value);
export const isSeverity = oneOf<ErrorSeverity>('debug info warning error critical');
export const isSafety = oneOf<RetrySafety>('never not-sent idempotent-only always');
export const isFault = oneOf<ErrorFault>('caller self dependency cancelled');
export const isStatusCode = oneOf<StatusCode>(
  `OUT_OF_RANGE ${Object.values(errorTable)
    .map((row) => row.statusCode)
    .join(' ')}`,
);
/** An HTTP status an error may have: an integer from 400 to 599. */
export const isErrorStatus = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599;
/** A public code: UPPER_SNAKE, at most 63 characters. */
export const isPublicCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Z][A-Z0-9_]{1,62}$/.test(value);
