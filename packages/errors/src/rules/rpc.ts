import { isErrorStatus } from '../error-table.ts';
import { read, readNumber, readString } from '../safe-read.ts';
import { answerOf } from './http-status.ts';
import { axiosCodes, grpcCodes, kinds, mcpCodes, trpcCodes } from './tables.ts';
import { isNamed, type Match, type Rule, type Shape } from './verdict.ts';

// A bare number is anybody's: an exit status, a Mongo code, an old DOMException code. gRPC errors carry `details` too.
const grpc = (shape: Shape): Match | undefined =>
  typeof shape.code === 'number' &&
  (isNamed(shape, /^(?:(?:Service|Rpc|Grpc|Connect)Error|StatusException)$/) ||
    (typeof read(shape.value, 'details') === 'string' && read(shape.value, 'cmd') === undefined))
    ? grpcCodes(shape.code)
    : undefined;

const mcp = (shape: Shape): Match | undefined => {
  if (isErrorStatus(shape.code) && isNamed(shape, /^(?:StreamableHTTP|Sse)Error$/))
    return answerOf(shape.code);
  return typeof shape.code === 'number' && isNamed(shape, /^(?:Mcp|Protocol|JSONRPC|JsonRpc)Error$/)
    ? mcpCodes(shape.code)
    : undefined;
};

const trpc = (shape: Shape): Match | undefined => {
  if (isNamed(shape, 'TRPCError')) return trpcCodes(shape.code);
  if (!isNamed(shape, 'TRPCClientError')) return undefined;
  const status = readNumber(read(shape.value, 'data'), 'httpStatus');
  return status === undefined ? undefined : answerOf(status);
};

const axios = ({ value, name, code }: Shape): Match | undefined =>
  (read(value, 'isAxiosError') === true || name === 'AxiosError') && typeof code === 'string'
    ? axiosCodes(code)
    : undefined;

/** child_process: `code` is an exit status, and no gRPC code. */
const child = ({ value, code }: Shape): Match | undefined =>
  typeof code !== 'string' &&
  (readString(value, 'cmd', 1) !== undefined || typeof read(value, 'pid') === 'number')
    ? kinds('exit-status')
    : undefined;

export const rpcRules: readonly Rule[] = [
  { name: 'grpc', find: grpc },
  { name: 'json-rpc', find: mcp },
  { name: 'trpc', find: trpc },
];
export const axiosRule: Rule = { name: 'axios', find: axios };
export const childRule: Rule = { name: 'child-process', find: child };
