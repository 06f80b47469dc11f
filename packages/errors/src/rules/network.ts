import { readString } from '../safe-read.ts';
import { hit, type Match, type Rule, type Shape, table, verdict } from './verdict.ts';

export const refused = verdict('NETWORK', 'UNAVAILABLE', 503, 'not-sent');
export const dropped = verdict('NETWORK', 'UNAVAILABLE', 503, 'idempotent-only');
export const connectTimeout = verdict('TIMEOUT', 'DEADLINE_EXCEEDED', 504, 'not-sent');
export const slow = verdict('TIMEOUT', 'DEADLINE_EXCEEDED', 504, 'idempotent-only');
export const cancelled = verdict('CANCELLED', 'CANCELLED', 499, 'never', 'info', 'cancelled');
export const bug = verdict('INTERNAL', 'INTERNAL', 500, 'never', 'error', 'self');
const untrusted = verdict('NETWORK', 'UNAVAILABLE', 502);
const closed = verdict('UNAVAILABLE', 'UNAVAILABLE', 503);
export const garbled = verdict('EXTERNAL_SERVICE', 'UNAVAILABLE', 502);
const full = verdict('RESOURCE', 'RESOURCE_EXHAUSTED', 503, 'never', 'critical', 'self');
const noHandles = verdict('RESOURCE', 'RESOURCE_EXHAUSTED', 503, 'not-sent', 'critical', 'self');
const workerFull = verdict('RESOURCE', 'RESOURCE_EXHAUSTED', 500, 'never', 'critical', 'self');
const portTaken = verdict('INTERNAL', 'FAILED_PRECONDITION', 500, 'never', 'critical', 'self');
const noFile = verdict('NOT_FOUND', 'NOT_FOUND', 404, 'never', 'error', 'caller');
const fileExists = verdict('CONFLICT', 'ALREADY_EXISTS', 409, 'never', 'error', 'caller');
const badName = verdict('VALIDATION', 'INVALID_ARGUMENT', 400, 'never', 'error', 'caller');
const forbidden = verdict('INTERNAL', 'PERMISSION_DENIED', 500, 'never', 'error', 'self');
const diskBroken = verdict('DATA_LOSS', 'DATA_LOSS', 500, 'never', 'critical', 'self');
const busy = verdict('UNAVAILABLE', 'UNAVAILABLE', 503, 'idempotent-only', 'error', 'self');
const brokenInstall = verdict('INTERNAL', 'INTERNAL', 500, 'never', 'critical', 'self');

/** Codes of the operating system, of Node, of undici and of OpenSSL. */
const codes = table<string>(
  [refused, 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME', 'EHOSTUNREACH'],
  [refused, 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL'],
  [dropped, 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ENOTCONN', 'ENETRESET', 'ESHUTDOWN', 'UND_ERR_SOCKET'],
  [dropped, 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ERR_SOCKET_CLOSED', 'ERR_NETWORK'],
  [dropped, 'ERR_HTTP2_STREAM_ERROR', 'ERR_HTTP2_SESSION_ERROR', 'ERR_HTTP2_GOAWAY_SESSION', 'UND_ERR_INFO'],
  [
    slow,
    'ETIMEDOUT',
    'ESOCKETTIMEDOUT',
    'ETIME',
    'ERR_SOCKET_CONNECTION_TIMEOUT',
    'ERR_HTTP_REQUEST_TIMEOUT',
  ],
  [slow, 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEOUT'],
  [connectTimeout, 'UND_ERR_CONNECT_TIMEOUT'],
  [cancelled, 'UND_ERR_ABORTED', 'ERR_CANCELED', 'ECANCELED', 'UND_ERR_ABORT'],
  [closed, 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED'],
  [
    garbled,
    'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
    'UND_ERR_RES_EXCEEDED_MAX_SIZE',
    'UND_ERR_HEADERS_OVERFLOW',
  ],
  [untrusted, 'EPROTO', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'CERT_HAS_EXPIRED'],
  [
    untrusted,
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  ],
  [
    untrusted,
    'CERT_NOT_YET_VALID',
    'CERT_REVOKED',
    'CERT_UNTRUSTED',
    'HOSTNAME_MISMATCH',
    'CERT_SIGNATURE_FAILURE',
  ],
  [portTaken, 'EADDRINUSE'],
  [noFile, 'ENOENT'],
  [fileExists, 'EEXIST'],
  [badName, 'ENAMETOOLONG'],
  [forbidden, 'EACCES', 'EPERM', 'EROFS', 'ERR_ACCESS_DENIED'],
  [full, 'ENOSPC', 'EDQUOT', 'ENOMEM', 'ENOBUFS'],
  [noHandles, 'EMFILE', 'ENFILE'],
  [busy, 'EBUSY', 'EAGAIN'],
  [diskBroken, 'EIO'],
  [bug, 'EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EBADF', 'EINVAL', 'EXDEV', 'ELOOP', 'EFBIG', 'EMSGSIZE'],
  [workerFull, 'ERR_WORKER_OUT_OF_MEMORY'],
  [
    brokenInstall,
    'MODULE_NOT_FOUND',
    'ERR_MODULE_NOT_FOUND',
    'ERR_DLOPEN_FAILED',
    'ERR_UNKNOWN_BUILTIN_MODULE',
  ],
  [brokenInstall, 'ERR_PACKAGE_PATH_NOT_EXPORTED', 'ERR_UNSUPPORTED_DIR_IMPORT', 'ERR_REQUIRE_ASYNC_MODULE'],
);

/** Families of codes, by how they begin; asked only when `codes` has no entry. */
const families = [
  ['HPE_', garbled],
  ['ERR_TLS_', untrusted],
  ['ERR_SSL_', untrusted],
  ['ERR_OSSL_', untrusted],
  ['ERR_INVALID_', bug],
  ['ERR_OUT_OF_RANGE', bug],
  ['ERR_HTTP_', bug],
  ['ERR_STREAM_', bug],
  ['ERR_MISSING_', bug],
  ['ERR_METHOD_NOT_IMPLEMENTED', bug],
  ['UND_ERR_', bug],
] as const;

/** The same code means another thing when this call gave it: [code, how `syscall` begins]. */
const bySyscall = [
  ['ENOENT', 'spawn', bug],
  ['EACCES', 'spawn', bug],
  ['ENOENT', 'connect', refused],
  ['EACCES', 'connect', refused],
  ['EAGAIN', 'connect', refused],
  ['EACCES', 'listen', portTaken],
  ['EADDRNOTAVAIL', 'listen', portTaken],
  ['ENOTFOUND', 'listen', portTaken],
  ['ETIMEDOUT', 'connect', connectTimeout],
] as const;

const systemCode = ({ code, value }: Shape): Match | undefined => {
  if (typeof code !== 'string') return undefined;
  const said = codes.get(code);
  if (said === undefined) {
    const family = families.find(([start]) => code.startsWith(start));
    return family && hit(family[1], `${family[0]}*`);
  }
  const syscall = readString(value, 'syscall', 64);
  const special = syscall && bySyscall.find(([of, by]) => of === code && syscall.startsWith(by));
  return special ? hit(special[2], `${code} ${special[1]}`) : hit(said, code);
};

export const networkRules: readonly Rule[] = [{ name: 'system-code', find: systemCode }];
