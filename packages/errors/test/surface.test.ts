import { expect, it } from '@jest/globals';
import * as surface from '../src/index.ts';

// Frozen on purpose: a change here is a change for every user.
it('exports these values and no others', () => {
  expect(Object.keys(surface).sort()).toEqual([
    'AbortedError',
    'AppError',
    'AuthenticationError',
    'AuthorizationError',
    'CancelledError',
    'ConflictError',
    'DatabaseError',
    'ExternalServiceError',
    'InternalError',
    'NetworkError',
    'NotFoundError',
    'PreconditionFailedError',
    'RateLimitError',
    'TimeoutError',
    'UnavailableError',
    'ValidationError',
    'classify',
    'createErrorResponse',
    'defineErrors',
    'errorTable',
    'fromProblemDetails',
    'handleError',
    'isAppError',
    'isErrorCategory',
    'isRetryable',
    'registerClassifier',
    'toJsonRpcError',
    'toMcpToolResult',
    'toProblemDetails',
  ]);
});

it('freezes the codes of every wire', () => {
  expect(
    Object.values(surface.errorTable).map((row) => [
      row.category,
      row.statusCode,
      row.httpStatus,
      row.jsonRpcCode,
    ]),
  ).toEqual([
    ['VALIDATION', 'INVALID_ARGUMENT', 400, -32602],
    ['NOT_FOUND', 'NOT_FOUND', 404, -32002],
    ['CONFLICT', 'ALREADY_EXISTS', 409, -32012],
    ['AUTHENTICATION', 'UNAUTHENTICATED', 401, -32010],
    ['AUTHORIZATION', 'PERMISSION_DENIED', 403, -32011],
    ['RATE_LIMIT', 'RESOURCE_EXHAUSTED', 429, -32029],
    ['TIMEOUT', 'DEADLINE_EXCEEDED', 504, -32001],
    ['CANCELLED', 'CANCELLED', 499, -32015],
    ['NETWORK', 'UNAVAILABLE', 503, -32603],
    ['DATABASE', 'INTERNAL', 500, -32603],
    ['EXTERNAL_SERVICE', 'UNAVAILABLE', 502, -32603],
    ['PRECONDITION', 'FAILED_PRECONDITION', 412, -32013],
    ['ABORTED', 'ABORTED', 409, -32014],
    ['UNAVAILABLE', 'UNAVAILABLE', 503, -32016],
    ['UNIMPLEMENTED', 'UNIMPLEMENTED', 501, -32601],
    ['RESOURCE', 'RESOURCE_EXHAUSTED', 503, -32017],
    ['DATA_LOSS', 'DATA_LOSS', 500, -32603],
    ['INTERNAL', 'INTERNAL', 500, -32603],
    ['UNKNOWN', 'UNKNOWN', 500, -32603],
  ]);
});
