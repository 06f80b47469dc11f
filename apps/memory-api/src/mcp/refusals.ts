import { isAppError } from '@agent4/errors';
import type { FastifyInstance } from 'fastify';
import { frameworkFailure } from '../contract/framework-failure.ts';
import { codeOf } from '../domain/error-code.ts';
import { mcpErrors, type PublicError, type ToPublicError } from './errors.ts';

/** An answer to a request that can not be told apart by its JSON-RPC id. */
export const rpcError = (rpcCode: number, message: string, data?: Omit<PublicError, 'message'>) => ({
  jsonrpc: '2.0' as const,
  error: { code: rpcCode, message, ...(data && { data }) },
  id: null,
});

/** JSON-RPC's own numbers where it has one; -32000 is its "server error" for the rest. */
const RPC_CODES: Readonly<Record<string, number>> = {
  NAME_INVALID: -32602,
  MALFORMED_JSON: -32700,
  MESSAGE_INVALID: -32600,
  SESSION_UNKNOWN: -32001,
  TOO_MANY_STREAMS: -32000,
  BODY_TOO_LARGE: -32000,
  MEDIA_TYPE_UNSUPPORTED: -32000,
};

/** The framework's own failures in our codes. */
const translate = (cause: unknown): unknown => {
  switch (frameworkFailure(cause)) {
    case 'malformed-json':
      return mcpErrors.MALFORMED_JSON({}, { cause });
    case 'body-too-large':
      return mcpErrors.BODY_TOO_LARGE({}, { cause });
    case 'media-type':
      return mcpErrors.MEDIA_TYPE_UNSUPPORTED({}, { cause });
    default:
      return cause;
  }
};

/**
 * What is refused before a protocol takes over leaves as a JSON-RPC error with our code in `data`.
 * Everything else (a foreign Host, a bug) is for the handler of the whole app.
 */
export const answerRefusals = (app: FastifyInstance, publicError: ToPublicError): void => {
  app.setErrorHandler((thrown, _request, reply) => {
    const error = translate(thrown);
    const rpcCode = RPC_CODES[codeOf(error) ?? ''];
    if (rpcCode === undefined || !isAppError(error)) throw thrown;
    const { message, ...data } = publicError(error);
    return reply
      .code(error.httpStatus)
      .type('application/json')
      .serializer(JSON.stringify)
      .send(rpcError(rpcCode, message, data));
  });
};
