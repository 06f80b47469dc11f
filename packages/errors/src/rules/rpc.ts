import { read, readNumber, readString } from '../safe-read.ts';
import { answerOf, claimOf, ourKey, throttled } from './http-status.ts';
import { badInput } from './names.ts';
import { cancelled, dropped, slow } from './network.ts';
import { hit, type Match, type Rule, type Shape, table, type Verdict, verdict } from './verdict.ts';

const outside = 'EXTERNAL_SERVICE';
const caller = (
  category: Verdict['category'],
  statusCode: Verdict['statusCode'],
  httpStatus: number,
): Verdict => verdict(category, statusCode, httpStatus, 'never', 'error', 'caller');

/** The 16 gRPC codes, as a client sees them from the service it called. */
const grpcCodes = table<number>(
  [cancelled, 1],
  [verdict(outside, 'UNKNOWN', 502), 2],
  [caller('VALIDATION', 'INVALID_ARGUMENT', 400), 3],
  [slow, 4],
  [caller('NOT_FOUND', 'NOT_FOUND', 404), 5],
  [caller('CONFLICT', 'ALREADY_EXISTS', 409), 6],
  [verdict(outside, 'PERMISSION_DENIED', 500, 'never', 'error', 'self'), 7],
  [throttled, 8],
  [caller('PRECONDITION', 'FAILED_PRECONDITION', 400), 9],
  [verdict('ABORTED', 'ABORTED', 409, 'always'), 10],
  [caller('VALIDATION', 'OUT_OF_RANGE', 400), 11],
  [verdict('UNIMPLEMENTED', 'UNIMPLEMENTED', 501), 12],
  [verdict(outside, 'INTERNAL', 502), 13],
  [dropped, 14],
  [verdict('DATA_LOSS', 'DATA_LOSS', 500, 'never', 'critical'), 15],
  [ourKey, 16],
);
const grpcNames = new Set(['ServiceError', 'RpcError', 'GrpcError', 'ConnectError', 'StatusException']);

// A bare number is anybody's: an exit status, a Mongo code, an old DOMException code. gRPC errors carry `details` too.
const grpc = ({ code, type, name, value }: Shape): Match | undefined =>
  typeof code === 'number' &&
  (grpcNames.has(type) ||
    grpcNames.has(name) ||
    (typeof read(value, 'details') === 'string' && read(value, 'cmd') === undefined))
    ? hit(grpcCodes.get(code), `grpc ${code}`)
    : undefined;

/** JSON-RPC numbers mean something only with their origin: these are MCP's. */
const mcpCodes = table<number>(
  [badInput, -32600, -32602, -32700],
  [caller('NOT_FOUND', 'NOT_FOUND', 404), -32002],
  [verdict('UNIMPLEMENTED', 'UNIMPLEMENTED', 501, 'never', 'error', 'caller'), -32601],
  [verdict(outside, 'INTERNAL', 502), -32603],
  [dropped, -32000],
  [slow, -32001],
  [caller('PRECONDITION', 'FAILED_PRECONDITION', 412), -32042],
);
const mcpNames = new Set(['McpError', 'ProtocolError', 'JSONRPCError', 'JsonRpcError']);

const mcp = ({ code, type, name }: Shape): Match | undefined =>
  typeof code === 'number' && (mcpNames.has(type) || mcpNames.has(name))
    ? hit(mcpCodes.get(code), `json-rpc ${code}`)
    : undefined;

/** tRPC's words and the status each claims. */
const trpcStatus: ReadonlyMap<string, number> = new Map([
  ['PARSE_ERROR', 400],
  ['BAD_REQUEST', 400],
  ['UNAUTHORIZED', 401],
  ['PAYMENT_REQUIRED', 402],
  ['FORBIDDEN', 403],
  ['NOT_FOUND', 404],
  ['METHOD_NOT_SUPPORTED', 405],
  ['TIMEOUT', 408],
  ['CONFLICT', 409],
  ['PRECONDITION_FAILED', 412],
  ['PAYLOAD_TOO_LARGE', 413],
  ['UNSUPPORTED_MEDIA_TYPE', 415],
  ['UNPROCESSABLE_CONTENT', 422],
  ['PRECONDITION_REQUIRED', 428],
  ['TOO_MANY_REQUESTS', 429],
  ['CLIENT_CLOSED_REQUEST', 499],
  ['INTERNAL_SERVER_ERROR', 500],
  ['NOT_IMPLEMENTED', 501],
  ['BAD_GATEWAY', 502],
  ['SERVICE_UNAVAILABLE', 503],
  ['GATEWAY_TIMEOUT', 504],
]);

const trpc = ({ code, type, name, value }: Shape): Match | undefined => {
  if (name === 'TRPCError' || type === 'TRPCError') {
    const status = typeof code === 'string' ? trpcStatus.get(code) : undefined;
    return status === undefined ? undefined : { ...claimOf(status), matched: `trpc ${code}` };
  }
  if (name !== 'TRPCClientError' && type !== 'TRPCClientError') return undefined;
  const status = readNumber(read(value, 'data'), 'httpStatus');
  return status === undefined ? undefined : answerOf(status);
};

/** axios: the same words mean other things than the system's. */
const axiosCodes = table<string>([slow, 'ECONNABORTED', 'ETIMEDOUT'], [dropped, 'ERR_NETWORK']);
const axios = ({ value, name, code }: Shape): Match | undefined =>
  (read(value, 'isAxiosError') === true || name === 'AxiosError') && typeof code === 'string'
    ? hit(axiosCodes.get(code), `axios ${code}`)
    : undefined;

/** child_process: `code` is an exit status, and no gRPC code. */
const exited = verdict('INTERNAL', 'INTERNAL', 500, 'never', 'error', 'self');
const child = ({ value, code }: Shape): Match | undefined => {
  const ran = readString(value, 'cmd', 1) !== undefined || typeof read(value, 'pid') === 'number';
  return ran && typeof code !== 'string' ? hit(exited, 'exit status') : undefined;
};

export const rpcRules: readonly Rule[] = [
  { name: 'grpc', find: grpc },
  { name: 'json-rpc', find: mcp },
  { name: 'trpc', find: trpc },
];
export const axiosRule: Rule = { name: 'axios', find: axios };
export const childRule: Rule = { name: 'child-process', find: child };
