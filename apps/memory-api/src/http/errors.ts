import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { createErrorResponse, defineErrors, handleError, type StructuredError } from '@agent4/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { frameworkFailure } from '../contract/framework-failure.ts';
import { codeOf } from '../domain/error-code.ts';
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
  PATH_TOO_LONG: { category: 'VALIDATION', message: 'A part of the address is too long', httpStatus: 414 },
  HEADERS_TOO_LARGE: { category: 'VALIDATION', message: 'The headers are too large', httpStatus: 431 },
  REQUEST_TOO_SLOW: {
    category: 'VALIDATION',
    message: 'The request did not arrive in time',
    httpStatus: 408,
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
  switch (frameworkFailure(cause)) {
    case 'malformed-json':
      return { error: httpErrors.MALFORMED_JSON({}, { cause }), details: [jsonInvalid] };
    case 'body-too-large':
      return { error: httpErrors.BODY_TOO_LARGE({ limit: bodyLimit }, { cause }) };
    case 'media-type':
      return { error: httpErrors.MEDIA_TYPE_UNSUPPORTED({}, { cause }) };
    case 'bad-request':
      return { error: httpErrors.BAD_REQUEST({}, { cause }) };
    case 'path-too-long':
      return { error: httpErrors.PATH_TOO_LONG({}, { cause }) };
  }
  return { error: cause };
};

const wantsProblem = (request: FastifyRequest): boolean =>
  request.headers.accept?.includes('application/problem+json') === true;

export interface ErrorSenderOptions {
  requestId: () => string;
  bodyLimit: number;
  report: (error: ErrorReport) => void;
}

export type SendError = (cause: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** Every failure leaves through here: classified, with a safe body, reported once. */
export const createErrorSender =
  (options: ErrorSenderOptions): SendError =>
  (cause, request, reply) => {
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

const CLIENT_ERRORS: Readonly<Record<string, () => unknown>> = {
  HPE_HEADER_OVERFLOW: () => httpErrors.HEADERS_TOO_LARGE(),
  ERR_HTTP_REQUEST_TIMEOUT: () => httpErrors.REQUEST_TOO_SLOW(),
};

/** For what is no HTTP request at all: there is no route and no reply, only a socket. */
export const createClientErrorHandler =
  (options: Pick<ErrorSenderOptions, 'report'>) =>
  (cause: Error, socket: Socket): void => {
    if (codeOf(cause) === 'ECONNRESET' || socket.destroyed) return;
    const error = CLIENT_ERRORS[codeOf(cause) ?? '']?.() ?? httpErrors.BAD_REQUEST({}, { cause });
    const requestId = randomUUID();
    const structured = handleError(error, { correlationId: requestId });
    const { status, code, message, retryable } = structured.public;
    options.report({ structured, status });
    const body = JSON.stringify({
      detail: message,
      code,
      request_id: requestId,
      retryable,
    } satisfies ErrorBody);
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      'connection: close',
    ];
    if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    socket.destroy(cause);
  };
