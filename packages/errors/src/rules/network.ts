import { readString } from '../safe-read.ts';
import { hit, type Match, type Rule, type Shape, table, verdict } from './verdict.ts';

export const slow = verdict('TIMEOUT error');
export const cancelled = verdict('CANCELLED');
export const bug = verdict('INTERNAL');

/** Codes of the operating system, of Node, of undici and of OpenSSL. */
const codes =
  table(`NETWORK not-sent: ECONNREFUSED ENOTFOUND EAI_AGAIN EAI_FAIL EAI_NODATA EAI_NONAME EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN EADDRNOTAVAIL
NETWORK: ECONNRESET ECONNABORTED EPIPE ENOTCONN ENETRESET ESHUTDOWN UND_ERR_SOCKET UND_ERR_INFO ERR_STREAM_PREMATURE_CLOSE ERR_STREAM_DESTROYED ERR_SOCKET_CLOSED ERR_NETWORK ERR_HTTP2_STREAM_ERROR ERR_HTTP2_SESSION_ERROR ERR_HTTP2_GOAWAY_SESSION
TIMEOUT error: ETIMEDOUT ESOCKETTIMEDOUT ETIME ETIMEOUT ERR_SOCKET_CONNECTION_TIMEOUT ERR_HTTP_REQUEST_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT
TIMEOUT not-sent error: UND_ERR_CONNECT_TIMEOUT
CANCELLED: UND_ERR_ABORTED UND_ERR_ABORT ERR_CANCELED ECANCELED
UNAVAILABLE never: UND_ERR_CLOSED UND_ERR_DESTROYED
EXTERNAL_SERVICE never: UND_ERR_RES_CONTENT_LENGTH_MISMATCH UND_ERR_RES_EXCEEDED_MAX_SIZE UND_ERR_HEADERS_OVERFLOW
NETWORK 502 never: EPROTO DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN HOSTNAME_MISMATCH
INTERNAL FAILED_PRECONDITION critical: EADDRINUSE
NOT_FOUND error: ENOENT
CONFLICT error: EEXIST
VALIDATION error: ENAMETOOLONG
INTERNAL PERMISSION_DENIED: EACCES EPERM EROFS ERR_ACCESS_DENIED
RESOURCE never: ENOSPC EDQUOT ENOMEM ENOBUFS
RESOURCE: EMFILE ENFILE
UNAVAILABLE self: EBUSY EAGAIN
DATA_LOSS: EIO
INTERNAL: EISDIR ENOTDIR ENOTEMPTY EBADF EINVAL EXDEV ELOOP EFBIG EMSGSIZE
RESOURCE 500 never: ERR_WORKER_OUT_OF_MEMORY
INTERNAL critical: MODULE_NOT_FOUND ERR_MODULE_NOT_FOUND ERR_DLOPEN_FAILED ERR_UNKNOWN_BUILTIN_MODULE ERR_PACKAGE_PATH_NOT_EXPORTED ERR_UNSUPPORTED_DIR_IMPORT ERR_REQUIRE_ASYNC_MODULE`);

/** Families of codes, by how they begin; asked only when `codes` has no entry. */
const families = table(`EXTERNAL_SERVICE never: HPE_
NETWORK 502 never: ERR_TLS_ ERR_SSL_ ERR_OSSL_ CERT_ UNABLE_TO_
INTERNAL: ERR_INVALID_ ERR_OUT_OF_ ERR_HTTP_ ERR_STREAM_ ERR_MISSING_ ERR_METHOD_ UND_ERR_`);
const family =
  /^(?:HPE_|ERR_(?:TLS|SSL|OSSL|INVALID|OUT_OF|HTTP|STREAM|MISSING|METHOD)_|CERT_|UNABLE_TO_|UND_ERR_)/;

/** The same code means another thing when this call gave it: `code syscall`. */
const bySyscall = table(`INTERNAL: ENOENT-spawn EACCES-spawn
NETWORK not-sent: ENOENT-connect EACCES-connect EAGAIN-connect
INTERNAL FAILED_PRECONDITION critical: EACCES-listen EADDRNOTAVAIL-listen ENOTFOUND-listen
TIMEOUT not-sent error: ETIMEDOUT-connect`);

const systemCode = ({ code, value }: Shape): Match | undefined => {
  if (typeof code !== 'string') return undefined;
  const said = codes(code);
  if (said === undefined) {
    const start = family.exec(code)?.[0];
    return start === undefined ? undefined : hit(families(start), `${start}*`);
  }
  const call = /^(?:spawn|connect|listen)/.exec(readString(value, 'syscall', 64) ?? '')?.[0] ?? '';
  return hit(bySyscall(`${code}-${call}`), `${code} ${call}`) ?? hit(said, code);
};

export const networkRules: readonly Rule[] = [{ name: 'system-code', find: systemCode }];
