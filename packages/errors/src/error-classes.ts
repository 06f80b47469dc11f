import { AppError, type AppErrorOptions, brandClass } from './app-error.ts';
import { type ErrorCategory, errorTable } from './error-table.ts';

/** The class of one category. The constructor's `message` is for logs and is never shown. */
export interface CategoryErrorClass<C extends ErrorCategory> {
  new (message: string, options?: AppErrorOptions): CategoryError<C>;
  readonly prototype: CategoryError<C>;
}
/** An `AppError` of one category. */
export type CategoryError<C extends ErrorCategory> = AppError & { readonly category: C };

const classFor = <C extends ErrorCategory>(category: C): CategoryErrorClass<C> => {
  const Made = class extends AppError {};
  brandClass(Made, errorTable[category].className, category);
  return Made as unknown as CategoryErrorClass<C>;
};

/** The caller sent something that does not hold; `violations` say what, field by field. 400. */
export const ValidationError: CategoryErrorClass<'VALIDATION'> = classFor('VALIDATION');
export type ValidationError = CategoryError<'VALIDATION'>;

/** What was asked for is not there. 404. */
export const NotFoundError: CategoryErrorClass<'NOT_FOUND'> = classFor('NOT_FOUND');
export type NotFoundError = CategoryError<'NOT_FOUND'>;

/** It is there already, or contradicts what is there. 409. */
export const ConflictError: CategoryErrorClass<'CONFLICT'> = classFor('CONFLICT');
export type ConflictError = CategoryError<'CONFLICT'>;

/** The caller has not shown who they are. 401. */
export const AuthenticationError: CategoryErrorClass<'AUTHENTICATION'> = classFor('AUTHENTICATION');
export type AuthenticationError = CategoryError<'AUTHENTICATION'>;

/** The caller is known, and may not. 403. */
export const AuthorizationError: CategoryErrorClass<'AUTHORIZATION'> = classFor('AUTHORIZATION');
export type AuthorizationError = CategoryError<'AUTHORIZATION'>;

/** The caller's quota is used up; give `retryAfterMs`. 429. */
export const RateLimitError: CategoryErrorClass<'RATE_LIMIT'> = classFor('RATE_LIMIT');
export type RateLimitError = CategoryError<'RATE_LIMIT'>;

/** It took too long and may have taken effect. 504. */
export const TimeoutError: CategoryErrorClass<'TIMEOUT'> = classFor('TIMEOUT');
export type TimeoutError = CategoryError<'TIMEOUT'>;

/** The caller left. 499, severity info. */
export const CancelledError: CategoryErrorClass<'CANCELLED'> = classFor('CANCELLED');
export type CancelledError = CategoryError<'CANCELLED'>;

/** Nothing answered. 503. Takes its retry verdict from `cause` unless told. */
export const NetworkError: CategoryErrorClass<'NETWORK'> = classFor('NETWORK');
export type NetworkError = CategoryError<'NETWORK'>;

/** The store failed. 500. Takes its retry verdict from `cause` unless told. */
export const DatabaseError: CategoryErrorClass<'DATABASE'> = classFor('DATABASE');
export type DatabaseError = CategoryError<'DATABASE'>;

/** A dependency answered wrongly. 502. Takes its retry verdict from `cause` unless told. */
export const ExternalServiceError: CategoryErrorClass<'EXTERNAL_SERVICE'> = classFor('EXTERNAL_SERVICE');
export type ExternalServiceError = CategoryError<'EXTERNAL_SERVICE'>;

/** The state does not allow it until somebody changes it. 412. */
export const PreconditionFailedError: CategoryErrorClass<'PRECONDITION'> = classFor('PRECONDITION');
export type PreconditionFailedError = CategoryError<'PRECONDITION'>;

/** Rolled back because of another change; repeat the whole unit of work. 409. */
export const AbortedError: CategoryErrorClass<'ABORTED'> = classFor('ABORTED');
export type AbortedError = CategoryError<'ABORTED'>;

/** Not available now. 503. Takes its retry verdict from `cause` unless told. */
export const UnavailableError: CategoryErrorClass<'UNAVAILABLE'> = classFor('UNAVAILABLE');
export type UnavailableError = CategoryError<'UNAVAILABLE'>;

/** Our own fault. 500. */
export const InternalError: CategoryErrorClass<'INTERNAL'> = classFor('INTERNAL');
export type InternalError = CategoryError<'INTERNAL'>;

/** The class that `defineErrors` makes an error of each category from. */
export const classOf = {
  VALIDATION: ValidationError,
  NOT_FOUND: NotFoundError,
  CONFLICT: ConflictError,
  AUTHENTICATION: AuthenticationError,
  AUTHORIZATION: AuthorizationError,
  RATE_LIMIT: RateLimitError,
  TIMEOUT: TimeoutError,
  CANCELLED: CancelledError,
  NETWORK: NetworkError,
  DATABASE: DatabaseError,
  EXTERNAL_SERVICE: ExternalServiceError,
  PRECONDITION: PreconditionFailedError,
  ABORTED: AbortedError,
  UNAVAILABLE: UnavailableError,
  UNIMPLEMENTED: AppError,
  RESOURCE: AppError,
  DATA_LOSS: AppError,
  INTERNAL: InternalError,
  UNKNOWN: AppError,
} as const satisfies Record<ErrorCategory, typeof AppError | CategoryErrorClass<ErrorCategory>>;
