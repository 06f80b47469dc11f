// The whole public surface of @agent4/errors. What is not named here is not for use from outside.
export { AppError, type AppErrorOptions, isAppError } from './app-error.ts';
export {
  type ClassifierRule,
  type ClassifierVerdict,
  registerClassifier,
} from './classifier-registry.ts';
export {
  type Classification,
  type ClassifyOptions,
  classify,
  isRetryable,
  type RetryVerdict,
} from './classify.ts';
export {
  type DefinedErrorOptions,
  defineErrors,
  type ErrorDefinition,
  type ErrorFactory,
} from './define-errors.ts';
export {
  AbortedError,
  AuthenticationError,
  AuthorizationError,
  CancelledError,
  type CategoryError,
  type CategoryErrorClass,
  ConflictError,
  DatabaseError,
  ExternalServiceError,
  InternalError,
  NetworkError,
  NotFoundError,
  PreconditionFailedError,
  RateLimitError,
  TimeoutError,
  UnavailableError,
  ValidationError,
} from './error-classes.ts';
export {
  createErrorResponse,
  type ErrorBody,
  type ErrorResponse,
  type ErrorResponseOptions,
  fromProblemDetails,
  type ProblemDetails,
  toJsonRpcError,
  toMcpToolResult,
  toProblemDetails,
} from './error-response.ts';
export {
  type ErrorCategory,
  type ErrorFault,
  type ErrorSeverity,
  type ErrorTableRow,
  errorTable,
  isErrorCategory,
  type RetrySafety,
  type StatusCode,
} from './error-table.ts';
export type { FieldViolation } from './field-violation.ts';
export { type ErrorContext, handleError } from './handle-error.ts';
export type { Catalog, LocaleOptions, PluralText } from './locale.ts';
export type { PublicScalar } from './public-text.ts';
export type { ErrorSummary, PublicError, StructuredError } from './structured-error.ts';
