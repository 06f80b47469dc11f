import { createErrorResponse, defineErrors, handleError, type StructuredError } from '@agent4/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestInvalid, type ValidationDetail } from './validation.ts';

/** Failures that HTTP itself gives, before the domain is asked. */
export const httpErrors = defineErrors({
  REQUEST_INVALID: {
    category: 'VALIDATION',
    message: 'The request does not fit its schema',
    httpStatus: 422,
  },
  MALFORMED_JSON: { category: 'VALIDATION', message: 'The body is not valid JSON', httpStatus: 422 },
  BODY_TOO_LARGE: {
    category: 'VALIDATION',
    message: 'The body is larger than {limit} bytes',
    httpStatus: 413,
  },
  MEDIA_TYPE_UNSUPPORTED: {
    category: 'VALIDATION',
    message: 'The body must be application/json',
    httpStatus: 415,
  },
  BAD_REQUEST: { category: 'VALIDATION', message: 'The request can not be understood' },
  CONFIG_READ_ONLY: {
    category: 'CONFLICT',
    message: 'This server is set up by environment variables (EMBEDDER and others), not from here',
  },
  ROUTE_NOT_FOUND: { category: 'NOT_FOUND', message: 'Not Found' },
  HOST_NOT_ALLOWED: { category: 'AUTHORIZATION', message: 'This Host is not served here' },
  ORIGIN_NOT_ALLOWED: { category: 'AUTHORIZATION', message: 'Pages of this Origin may not call this server' },
});

export interface ErrorReport {
  structured: StructuredError;
  status: number;
}

/** OpenMemory's body with ours beside it; `application/problem+json` for who asks for it. */
export interface ErrorBody {
  detail: string | readonly ValidationDetail[];
  code: string;
  request_id: string;
  retryable: boolean;
}

const jsonInvalid: ValidationDetail = {
  type: 'json_invalid',
  loc: ['body'],
  msg: 'JSON decode error',
  input: null,
};

interface Translated {
  error: unknown;
  details?: readonly ValidationDetail[];
}

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

const violationsOf = (
  details: readonly ValidationDetail[],
): { path: string; code: string; message: string }[] =>
  details.map(({ loc, type, msg }) => ({
    path: loc
      .slice(1)
      .map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`)
      .join(''),
    code: type.toUpperCase(),
    message: msg,
  }));

/** The framework's own failures in our codes; everything else is for `classify`. */
const translate = (cause: unknown, bodyLimit: number): Translated => {
  if (cause instanceof RequestInvalid)
    return {
      error: httpErrors.REQUEST_INVALID({}, { cause, violations: violationsOf(cause.details) }),
      details: cause.details,
    };
  switch (codeOf(cause)) {
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return { error: httpErrors.MALFORMED_JSON({}, { cause }), details: [jsonInvalid] };
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { error: httpErrors.BODY_TOO_LARGE({ limit: bodyLimit }, { cause }) };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { error: httpErrors.MEDIA_TYPE_UNSUPPORTED({}, { cause }) };
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_BAD_URL':
      return { error: httpErrors.BAD_REQUEST({}, { cause }) };
  }
  return { error: cause };
};

const wantsProblem = (request: FastifyRequest): boolean =>
  request.headers.accept?.includes('application/problem+json') === true;

/** Every failure of a route leaves through here: classified, with a safe body, reported once. */
export const installErrors = (
  app: FastifyInstance,
  options: {
    requestId: () => string;
    bodyLimit: number;
    report: (error: ErrorReport) => void;
  },
): void => {
  const send = (cause: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { error, details } = translate(cause, options.bodyLimit);
    const requestId = options.requestId();
    const structured = handleError(error, { correlationId: requestId });
    const asProblem = wantsProblem(request);
    const response = createErrorResponse(structured, { requestId, format: asProblem ? 'problem' : 'json' });
    options.report({ structured, status: response.status });
    void reply.code(response.status).headers(response.headers);
    if (asProblem) return reply.serializer(JSON.stringify).send(response.body);
    const { code, message, retryable } = structured.public;
    const body: ErrorBody = { detail: details ?? message, code, request_id: requestId, retryable };
    return reply.serializer(JSON.stringify).send(body);
  };
  app.setErrorHandler((error, request, reply) => send(error, request, reply));
  app.setNotFoundHandler((request, reply) => send(httpErrors.ROUTE_NOT_FOUND(), request, reply));
};
