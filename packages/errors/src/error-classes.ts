import { AppError, type AppErrorOptions, brandClass } from './app-error.ts';
import { type ErrorCategory, type ErrorTableRow, errorTable } from './error-table.ts';

/** The class of one category. The constructor's `message` is for logs and is never shown. */
export interface CategoryErrorClass<C extends ErrorCategory> {
  new (message: string, options?: AppErrorOptions): CategoryError<C>;
  readonly prototype: CategoryError<C>;
}
/** An `AppError` of one category. */
export type CategoryError<C extends ErrorCategory> = AppError & { readonly category: C };

type ClassOf = {
  readonly [C in ErrorCategory]: ErrorTableRow<C>['className'] extends 'AppError'
    ? typeof AppError
    : CategoryErrorClass<C>;
};

/** The class of each category, the base class for those that have none of their own. */
export const classOf = Object.fromEntries(
  Object.values(errorTable).map(({ category, className }) => {
    if (className === 'AppError') return [category, AppError];
    const Made = class extends AppError {};
    brandClass(Made, className, category);
    return [category, Made];
  }),
) as unknown as ClassOf;

/** The caller sent something that does not hold; `violations` say what, field by field. 400. */
export const ValidationError: CategoryErrorClass<'VALIDATION'> = classOf.VALIDATION;
export type ValidationError = CategoryError<'VALIDATION'>;

/** What was asked for is not there. 404. */
export const NotFoundError: CategoryErrorClass<'NOT_FOUND'> = classOf.NOT_FOUND;
export type NotFoundError = CategoryError<'NOT_FOUND'>;

/** It is there already, or contradicts what is there. 409. */
export const ConflictError: CategoryErrorClass<'CONFLICT'> = classOf.CONFLICT;
export type ConflictError = CategoryError<'CONFLICT'>;

/** The caller has not shown who they are. 401. */
export const AuthenticationError: CategoryErrorClass<'AUTHENTICATION'> = classOf.AUTHENTICATION;
export type AuthenticationError = CategoryError<'AUTHENTICATION'>;

/** The caller is known, and may not. 403. */
export const AuthorizationError: CategoryErrorClass<'AUTHORIZATION'> = classOf.AUTHORIZATION;
export type AuthorizationError = CategoryError<'AUTHORIZATION'>;

/** The caller's quota is used up; give `retryAfterMs`. 429. */
export const RateLimitError: CategoryErrorClass<'RATE_LIMIT'> = classOf.RATE_LIMIT;
export type RateLimitError = CategoryError<'RATE_LIMIT'>;

/** It took too long and may have taken effect. 504. */
export const TimeoutError: CategoryErrorClass<'TIMEOUT'> = classOf.TIMEOUT;
export type TimeoutError = CategoryError<'TIMEOUT'>;

/** The caller left. 499, severity info. */
export const CancelledError: CategoryErrorClass<'CANCELLED'> = classOf.CANCELLED;
export type CancelledError = CategoryError<'CANCELLED'>;

/** Nothing answered. 503. Takes its retry verdict from `cause` unless told. */
export const NetworkError: CategoryErrorClass<'NETWORK'> = classOf.NETWORK;
export type NetworkError = CategoryError<'NETWORK'>;

/** The store failed. 500. Takes its retry verdict from `cause` unless told. */
export const DatabaseError: CategoryErrorClass<'DATABASE'> = classOf.DATABASE;
export type DatabaseError = CategoryError<'DATABASE'>;

/** A dependency answered wrongly. 502. Takes its retry verdict from `cause` unless told. */
export const ExternalServiceError: CategoryErrorClass<'EXTERNAL_SERVICE'> = classOf.EXTERNAL_SERVICE;
export type ExternalServiceError = CategoryError<'EXTERNAL_SERVICE'>;

/** The state does not allow it until somebody changes it. 412. */
export const PreconditionFailedError: CategoryErrorClass<'PRECONDITION'> = classOf.PRECONDITION;
export type PreconditionFailedError = CategoryError<'PRECONDITION'>;

/** Rolled back because of another change; repeat the whole unit of work. 409. */
export const AbortedError: CategoryErrorClass<'ABORTED'> = classOf.ABORTED;
export type AbortedError = CategoryError<'ABORTED'>;

/** Not available now. 503. Takes its retry verdict from `cause` unless told. */
export const UnavailableError: CategoryErrorClass<'UNAVAILABLE'> = classOf.UNAVAILABLE;
export type UnavailableError = CategoryError<'UNAVAILABLE'>;

/** Our own fault. 500. */
export const InternalError: CategoryErrorClass<'INTERNAL'> = classOf.INTERNAL;
export type InternalError = CategoryError<'INTERNAL'>;
