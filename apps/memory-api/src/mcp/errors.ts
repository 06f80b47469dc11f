import { defineErrors } from '@agent4/errors';

/** What a caller may read of a failure; `code` and `message` hold nothing of its inside. */
export interface PublicError {
  code: string;
  message: string;
  retryable: boolean;
  retryAfterMs?: number | undefined;
  /** Finds the request in the log. */
  requestId?: string | undefined;
}

/** Asked once for each failure, so it is also the place to report it. */
export type ToPublicError = (error: unknown) => PublicError;

/** The same, and total: a reporter that fails must neither leave a client waiting nor put its own text before it. */
export const neverThrowing =
  (publicError: ToPublicError): ToPublicError =>
  (error) => {
    try {
      return publicError(error);
    } catch {
      return { code: 'INTERNAL_ERROR', message: 'Something went wrong on our side', retryable: false };
    }
  };

/** Failures that MCP itself gives, before the domain is asked. */
export const mcpErrors = defineErrors({
  NAME_INVALID: {
    category: 'VALIDATION',
    message: 'The {place} in the address must be 1 to 256 characters without control characters',
  },
  MALFORMED_JSON: { category: 'VALIDATION', message: 'The body is not valid JSON' },
  BODY_TOO_LARGE: { category: 'VALIDATION', message: 'The body is too large', httpStatus: 413 },
  MEDIA_TYPE_UNSUPPORTED: {
    category: 'VALIDATION',
    message: 'The body must be application/json',
    httpStatus: 415,
  },
  NOT_ACCEPTABLE: {
    category: 'VALIDATION',
    message: 'Not acceptable: answers are application/json or text/event-stream',
    httpStatus: 406,
  },
  METHOD_NOT_ALLOWED: {
    category: 'VALIDATION',
    message: 'Method not allowed: this address answers POST only',
    httpStatus: 405,
  },
  MESSAGE_INVALID: { category: 'VALIDATION', message: 'The body is not one JSON-RPC message' },
  SESSION_UNKNOWN: { category: 'NOT_FOUND', message: 'There is no open stream of this session here' },
  TOO_MANY_STREAMS: {
    category: 'RATE_LIMIT',
    message: 'This user has {limit} open streams, which is the limit',
  },
  CALL_TIMED_OUT: { category: 'TIMEOUT', message: 'The call took longer than {limitMs} ms' },
  MEMORIES_NOT_FOUND: {
    category: 'NOT_FOUND',
    message: 'None of these ids names a memory you may delete',
  },
});
