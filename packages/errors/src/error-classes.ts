import { AppError, type AppErrorOptions, brandClass } from './app-error.ts';
import type { ErrorCategory } from './error-table.ts';

/** The caller sent something that does not hold; `violations` say what, field by field. 400. */
export class ValidationError extends AppError {
  static {
    brandClass(ValidationError, 'ValidationError', 'VALIDATION');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** What was asked for is not there. 404. */
export class NotFoundError extends AppError {
  static {
    brandClass(NotFoundError, 'NotFoundError', 'NOT_FOUND');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** It is there already, or contradicts what is there. 409. */
export class ConflictError extends AppError {
  static {
    brandClass(ConflictError, 'ConflictError', 'CONFLICT');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** The caller has not shown who they are. 401. */
export class AuthenticationError extends AppError {
  static {
    brandClass(AuthenticationError, 'AuthenticationError', 'AUTHENTICATION');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** The caller is known, and may not. 403. */
export class AuthorizationError extends AppError {
  static {
    brandClass(AuthorizationError, 'AuthorizationError', 'AUTHORIZATION');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** The caller's quota is used up; give `retryAfterMs`. 429. */
export class RateLimitError extends AppError {
  static {
    brandClass(RateLimitError, 'RateLimitError', 'RATE_LIMIT');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** It took too long and may have taken effect. 504. */
export class TimeoutError extends AppError {
  static {
    brandClass(TimeoutError, 'TimeoutError', 'TIMEOUT');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** The caller left. 499, severity info. */
export class CancelledError extends AppError {
  static {
    brandClass(CancelledError, 'CancelledError', 'CANCELLED');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** Nothing answered. 503. Takes its retry verdict from `cause` unless told. */
export class NetworkError extends AppError {
  static {
    brandClass(NetworkError, 'NetworkError', 'NETWORK');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** The store failed. 500. Takes its retry verdict from `cause` unless told. */
export class DatabaseError extends AppError {
  static {
    brandClass(DatabaseError, 'DatabaseError', 'DATABASE');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** A dependency answered wrongly. 502. Takes its retry verdict from `cause` unless told. */
export class ExternalServiceError extends AppError {
  static {
    brandClass(ExternalServiceError, 'ExternalServiceError', 'EXTERNAL_SERVICE');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** The state does not allow it until somebody changes it. 412. */
export class PreconditionFailedError extends AppError {
  static {
    brandClass(PreconditionFailedError, 'PreconditionFailedError', 'PRECONDITION');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** Rolled back because of another change; repeat the whole unit of work. 409. */
export class AbortedError extends AppError {
  static {
    brandClass(AbortedError, 'AbortedError', 'ABORTED');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** Not available now. 503. Takes its retry verdict from `cause` unless told. */
export class UnavailableError extends AppError {
  static {
    brandClass(UnavailableError, 'UnavailableError', 'UNAVAILABLE');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

/** Our own fault. 500. */
export class InternalError extends AppError {
  static {
    brandClass(InternalError, 'InternalError', 'INTERNAL');
  }
  constructor(message: string, options?: AppErrorOptions) {
    super(message, options);
  }
}

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
} as const satisfies Record<ErrorCategory, typeof AppError>;
