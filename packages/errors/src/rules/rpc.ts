import { read, readNumber, readString } from '../safe-read.ts';
import { answerOf, claimOf } from './http-status.ts';
import { bug } from './network.ts';
import { hit, type Match, type Rule, type Shape, table } from './verdict.ts';

/** The 16 gRPC codes, as a client sees them from the service it called. */
const grpcCodes = table(`CANCELLED: 1
EXTERNAL_SERVICE UNKNOWN never: 2
VALIDATION error: 3
TIMEOUT error: 4
NOT_FOUND error: 5
CONFLICT error: 6
EXTERNAL_SERVICE PERMISSION_DENIED 500 never self: 7
EXTERNAL_SERVICE RESOURCE_EXHAUSTED 503 not-sent: 8
PRECONDITION 400 error: 9
ABORTED error dependency: 10
VALIDATION OUT_OF_RANGE error: 11
UNIMPLEMENTED dependency: 12
EXTERNAL_SERVICE INTERNAL never: 13
NETWORK: 14
DATA_LOSS dependency: 15
EXTERNAL_SERVICE UNAUTHENTICATED 500 never critical self: 16`);
const grpcNames = /^(?:(?:Service|Rpc|Grpc|Connect)Error|StatusException)$/;

// A bare number is anybody's: an exit status, a Mongo code, an old DOMException code. gRPC errors carry `details` too.
const grpc = ({ code, type, name, value }: Shape): Match | undefined =>
  typeof code === 'number' &&
  (grpcNames.test(type) ||
    grpcNames.test(name) ||
    (typeof read(value, 'details') === 'string' && read(value, 'cmd') === undefined))
    ? hit(grpcCodes(code), `grpc ${code}`)
    : undefined;

/** JSON-RPC numbers mean something only with their origin: these are MCP's. */
const mcpCodes = table(`VALIDATION: -32600 -32602 -32700
NOT_FOUND error: -32002
UNIMPLEMENTED caller: -32601
EXTERNAL_SERVICE INTERNAL never: -32603
NETWORK: -32000
TIMEOUT error: -32001
PRECONDITION error: -32042`);
const mcpNames = /^(?:McpError|ProtocolError|JSONRPCError|JsonRpcError)$/;

const mcp = ({ code, type, name }: Shape): Match | undefined =>
  typeof code === 'number' && (mcpNames.test(type) || mcpNames.test(name))
    ? hit(mcpCodes(code), `json-rpc ${code}`)
    : undefined;

/** tRPC's words and the status each claims. */
const trpcStatus =
  'PARSE_ERROR=400 BAD_REQUEST=400 UNAUTHORIZED=401 PAYMENT_REQUIRED=402 FORBIDDEN=403 NOT_FOUND=404 METHOD_NOT_SUPPORTED=405 TIMEOUT=408 CONFLICT=409 PRECONDITION_FAILED=412 PAYLOAD_TOO_LARGE=413 UNSUPPORTED_MEDIA_TYPE=415 UNPROCESSABLE_CONTENT=422 PRECONDITION_REQUIRED=428 TOO_MANY_REQUESTS=429 CLIENT_CLOSED_REQUEST=499 INTERNAL_SERVER_ERROR=500 NOT_IMPLEMENTED=501 BAD_GATEWAY=502 SERVICE_UNAVAILABLE=503 GATEWAY_TIMEOUT=504 ';

const trpc = ({ code, type, name, value }: Shape): Match | undefined => {
  if (name === 'TRPCError' || type === 'TRPCError') {
    const status =
      typeof code === 'string' && /^[A-Z_]+$/.test(code)
        ? Number(new RegExp(`\\b${code}=(\\d+)`).exec(trpcStatus)?.[1])
        : undefined;
    return status === undefined ? undefined : { ...claimOf(status), matched: `trpc ${code}` };
  }
  if (name !== 'TRPCClientError' && type !== 'TRPCClientError') return undefined;
  const status = readNumber(read(value, 'data'), 'httpStatus');
  return status === undefined ? undefined : answerOf(status);
};

/** axios: the same words mean other things than the system's. */
const axiosCodes = table(`TIMEOUT error: ECONNABORTED ETIMEDOUT
NETWORK: ERR_NETWORK`);
const axios = ({ value, name, code }: Shape): Match | undefined =>
  (read(value, 'isAxiosError') === true || name === 'AxiosError') && typeof code === 'string'
    ? hit(axiosCodes(code), `axios ${code}`)
    : undefined;

/** child_process: `code` is an exit status, and no gRPC code. */
const child = ({ value, code }: Shape): Match | undefined => {
  const ran = readString(value, 'cmd', 1) !== undefined || typeof read(value, 'pid') === 'number';
  return ran && typeof code !== 'string' ? hit(bug, 'exit status') : undefined;
};

export const rpcRules: readonly Rule[] = [
  { name: 'grpc', find: grpc },
  { name: 'json-rpc', find: mcp },
  { name: 'trpc', find: trpc },
];
export const axiosRule: Rule = { name: 'axios', find: axios };
export const childRule: Rule = { name: 'child-process', find: child };
