// The data of the built-in rules. A line is `verdict: entry entry`; a verdict is written as `verdict()` reads it.
import { table } from './verdict.ts';

/** Codes of the operating system, of Node, of undici and of OpenSSL; `code-syscall` where the call changes the meaning. */
export const systemCodes =
  table(`NETWORK not-sent: ENOENT-connect EACCES-connect EAGAIN-connect ECONNREFUSED ENOTFOUND EAI_AGAIN EAI_FAIL EAI_NODATA EAI_NONAME EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN EADDRNOTAVAIL
NETWORK: ECONNRESET ECONNABORTED EPIPE ENOTCONN ENETRESET ESHUTDOWN UND_ERR_SOCKET UND_ERR_INFO ERR_STREAM_PREMATURE_CLOSE ERR_STREAM_DESTROYED ERR_SOCKET_CLOSED ERR_NETWORK ERR_HTTP2_STREAM_ERROR ERR_HTTP2_SESSION_ERROR ERR_HTTP2_GOAWAY_SESSION
TIMEOUT error: ETIMEDOUT ESOCKETTIMEDOUT ETIME ETIMEOUT ERR_SOCKET_CONNECTION_TIMEOUT ERR_HTTP_REQUEST_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT
TIMEOUT not-sent error: ETIMEDOUT-connect UND_ERR_CONNECT_TIMEOUT
CANCELLED: UND_ERR_ABORTED UND_ERR_ABORT ERR_CANCELED ECANCELED
UNAVAILABLE never: UND_ERR_CLOSED UND_ERR_DESTROYED
EXTERNAL_SERVICE never: HPE_* UND_ERR_RES_CONTENT_LENGTH_MISMATCH UND_ERR_RES_EXCEEDED_MAX_SIZE UND_ERR_HEADERS_OVERFLOW
NETWORK 502 never: ERR_TLS_* ERR_SSL_* ERR_OSSL_* CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REVOKED CERT_UNTRUSTED CERT_SIGNATURE_FAILURE UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY EPROTO DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN HOSTNAME_MISMATCH
INTERNAL FAILED_PRECONDITION critical: EADDRINUSE EACCES-listen EADDRNOTAVAIL-listen ENOTFOUND-listen
NOT_FOUND error: ENOENT
CONFLICT error: EEXIST
VALIDATION error: ENAMETOOLONG
INTERNAL PERMISSION_DENIED: EACCES EPERM EROFS ERR_ACCESS_DENIED
RESOURCE never: ENOSPC EDQUOT ENOMEM ENOBUFS
RESOURCE: EMFILE ENFILE
UNAVAILABLE self: EBUSY EAGAIN
DATA_LOSS: EIO
INTERNAL: ENOENT-spawn EACCES-spawn ERR_INVALID_* ERR_OUT_OF_RANGE ERR_HTTP_* ERR_STREAM_* ERR_MISSING_* ERR_METHOD_NOT_IMPLEMENTED UND_ERR_* EISDIR ENOTDIR ENOTEMPTY EBADF EINVAL EXDEV ELOOP EFBIG EMSGSIZE
RESOURCE 500 never: ERR_WORKER_OUT_OF_MEMORY
INTERNAL critical: MODULE_NOT_FOUND ERR_MODULE_NOT_FOUND ERR_DLOPEN_FAILED ERR_UNKNOWN_BUILTIN_MODULE ERR_PACKAGE_PATH_NOT_EXPORTED ERR_UNSUPPORTED_DIR_IMPORT ERR_REQUIRE_ASYNC_MODULE`);

/** Codes that one library alone uses, as published in its manual. */
export const libraryCodes = table(`UNAVAILABLE not-sent warning: CIRCUIT_OPEN CIRCUIT_ISOLATED
UNAVAILABLE not-sent: EOPENBREAKER
RESOURCE warning: ESEMLOCKED RATE_LIMITED BULKHEAD_FULL
TIMEOUT: TIMEOUT DEADLINE_EXCEEDED CACHE_LOADER_TIMEOUT
UNAVAILABLE not-sent self: CACHE_CLOSED
EXTERNAL_SERVICE never: ERR_BODY_PARSE_FAILURE
EXTERNAL_SERVICE FAILED_PRECONDITION never: ERR_TOO_MANY_REDIRECTS
EXTERNAL_SERVICE: ERR_JOSE_GENERIC
VALIDATION 413 error: LIMIT_FILE_SIZE LIMIT_FIELD_VALUE
VALIDATION error: LIMIT_PART_COUNT LIMIT_FILE_COUNT LIMIT_FIELD_KEY LIMIT_FIELD_COUNT LIMIT_UNEXPECTED_FILE MISSING_FIELD_NAME
AUTHENTICATION: ERR_JWT_* ERR_JWS_* ERR_JWE_* ERR_JWKS_NO_MATCHING_KEY ERR_JOSE_ALG_NOT_ALLOWED`);

/** Codes of MySQL, MariaDB and Prisma. */
export const databaseCodes = table(`CONFLICT error: ER_DUP_ENTRY ER_DUP_KEY ER_DUP_ENTRY_WITH_KEY_NAME P2002
ABORTED error: ER_LOCK_DEADLOCK ER_LOCK_WAIT_TIMEOUT P2034
CONFLICT FAILED_PRECONDITION error: ER_NO_REFERENCED_ROW ER_NO_REFERENCED_ROW_2 ER_ROW_IS_REFERENCED ER_ROW_IS_REFERENCED_2 P2003 P2014
VALIDATION error: ER_DATA_TOO_LONG ER_BAD_NULL_ERROR ER_TRUNCATED_WRONG_VALUE P2000 P2006 P2011
NOT_FOUND error: P2001 P2015 P2018 P2025
DATABASE UNAUTHENTICATED critical: ER_ACCESS_DENIED_ERROR P1000
DATABASE PERMISSION_DENIED: ER_DBACCESS_DENIED_ERROR ER_TABLEACCESS_DENIED_ERROR P1010
DATABASE FAILED_PRECONDITION critical: ER_BAD_DB_ERROR P1003
DATABASE RESOURCE_EXHAUSTED 503 not-sent critical dependency: ER_CON_COUNT_ERROR ER_TOO_MANY_USER_CONNECTIONS P2024 P2037
DATABASE UNAVAILABLE 503 idempotent-only dependency: PROTOCOL_CONNECTION_LOST ER_SERVER_SHUTDOWN P1017 P2028
DATABASE UNAVAILABLE 503 not-sent dependency: ER_OPTION_PREVENTS_STATEMENT ER_READ_ONLY_MODE
NETWORK not-sent: P1001
TIMEOUT not-sent error: P1002
TIMEOUT error: ER_QUERY_TIMEOUT PROTOCOL_SEQUENCE_TIMEOUT P1008
DATABASE: ER_PARSE_ERROR ER_NO_SUCH_TABLE ER_BAD_FIELD_ERROR ER_SYNTAX_ERROR`);

/** PostgreSQL and, where MySQL's code says nothing, MySQL: a state, or a class of them by its first two characters. */
export const sqlStates = table(
  `CONFLICT: 23505 23P01
VALIDATION: 22 23502 23514
CONFLICT FAILED_PRECONDITION: 23
ABORTED: 40 55P03
DATABASE UNAVAILABLE 503 idempotent-only dependency: 08 57 40003 25P03
DATABASE UNAVAILABLE 503 not-sent dependency: 08001 08004 57P03 25006
TIMEOUT error: 57014 70100
DATABASE UNAUTHENTICATED critical: 28
DATABASE PERMISSION_DENIED: 42501
DATABASE FAILED_PRECONDITION critical: 3D 3F 55
DATABASE RESOURCE_EXHAUSTED 503 idempotent-only critical dependency: 53
DATABASE RESOURCE_EXHAUSTED 503 critical dependency: 53100
DATABASE RESOURCE_EXHAUSTED 503 not-sent critical dependency: 53300
DATABASE critical: 58 F0 XX
DATA_LOSS: XX001 XX002
DATABASE: 0A 25 26 2B 2D 34 42 54 HY P0`,
  'SQLSTATE ',
);

/** SQLite's result codes, as words behind `SQLITE_` and as numbers. */
export const sqliteCodes = table(
  `DATABASE UNAVAILABLE 503 always dependency: BUSY 5 LOCKED 6
CONFLICT error: CONSTRAINT_UNIQUE 2067 CONSTRAINT_PRIMARYKEY 1555 CONSTRAINT_ROWID 2579
VALIDATION error: CONSTRAINT_CHECK 275 CONSTRAINT_NOTNULL 1299 CONSTRAINT_DATATYPE 3091 TOOBIG 18
CONFLICT FAILED_PRECONDITION error: CONSTRAINT 19
DATABASE RESOURCE_EXHAUSTED 503 critical dependency: FULL 13 NOMEM 7
DATA_LOSS: CORRUPT 11 NOTADB 26 FORMAT 24
DATABASE critical: IOERR 10 INTERNAL 2 PROTOCOL 15
DATABASE PERMISSION_DENIED: PERM 3 READONLY 8 AUTH 23
DATABASE UNAVAILABLE 503 critical: CANTOPEN 14
CANCELLED: INTERRUPT 9 ABORT 4
DATABASE: ERROR 1 MISUSE 21 RANGE 25 MISMATCH 20 SCHEMA 17 NOLFS 22 EMPTY 16 NOTFOUND 12`,
  'SQLITE_',
);

/** MongoDB's numbers. */
export const mongoCodes = table(
  `CONFLICT error: 11000 11001
ABORTED error: 112 251
DATABASE UNAVAILABLE 503 idempotent-only dependency: 6 7 89 91 189 262 9001 10107 11600 11602 13435 13436
TIMEOUT error: 50
DATABASE PERMISSION_DENIED: 13
DATABASE UNAUTHENTICATED critical: 18
VALIDATION error: 2 121`,
  'mongo ',
);

/** The first word of a Redis error reply is its code (RESP). */
export const redisCodes = table(
  `DATABASE RESOURCE_EXHAUSTED 503 idempotent-only critical dependency: OOM
DATABASE RESOURCE_EXHAUSTED 503 critical dependency: MISCONF
DATABASE UNAVAILABLE 503 not-sent dependency: LOADING BUSY MASTERDOWN CLUSTERDOWN TRYAGAIN READONLY MOVED ASK NOREPLICAS
DATABASE UNAUTHENTICATED critical: NOAUTH WRONGPASS
DATABASE PERMISSION_DENIED: NOPERM
DATABASE: WRONGTYPE ERR NOSCRIPT EXECABORT CROSSSLOT NOPROTO`,
  'redis ',
);

/** Class names, asked of the constructor first: cockatiel, the OpenAI SDK and others leave `name` at 'Error'. */
export const classNames = table(`TIMEOUT: TaskCancelledError
UNAVAILABLE not-sent warning: BrokenCircuitError IsolatedCircuitError HydratingCircuitError
RESOURCE warning: BulkheadRejectedError
TIMEOUT error: APIConnectionTimeoutError RequestTimeout RequestTimeoutException
CANCELLED: APIUserAbortError CanceledError CancelError
NETWORK: ReadError MongoPoolClearedError SequelizeInvalidConnectionError
NETWORK weak: APIConnectionError StripeConnectionError
EXTERNAL_SERVICE FAILED_PRECONDITION never weak: FetchError
EXTERNAL_SERVICE INTERNAL weak: StripeAPIError
EXTERNAL_SERVICE never: HTTPParserError ResponseContentLengthMismatchError
EXTERNAL_SERVICE RESOURCE_EXHAUSTED 503 not-sent: ThrottlingException Throttling ThrottledException RequestThrottled RequestThrottledException EC2ThrottledException TooManyRequestsException SlowDown RequestLimitExceeded LimitExceededException ProvisionedThroughputExceededException BandwidthLimitExceeded PriorRequestNotComplete TransactionInProgressException
EXTERNAL_SERVICE UNAUTHENTICATED 500 never critical self: ExpiredToken ExpiredTokenException UnrecognizedClientException InvalidSignatureException InvalidClientTokenId SignatureDoesNotMatch CredentialsProviderError
AUTHENTICATION: TokenExpiredError JsonWebTokenError NotBeforeError JWTExpired
CONFLICT error: SequelizeUniqueConstraintError SequelizeExclusionConstraintError
CONFLICT FAILED_PRECONDITION error: SequelizeForeignKeyConstraintError SequelizeUnknownConstraintError
VALIDATION: SequelizeValidationError
ABORTED error: SequelizeOptimisticLockError OptimisticLockVersionMismatchError
NOT_FOUND error: SequelizeEmptyResultError EntityNotFoundError
NETWORK not-sent: SequelizeConnectionRefusedError SequelizeHostNotFoundError SequelizeHostNotReachableError
DATABASE RESOURCE_EXHAUSTED 503 not-sent critical dependency: SequelizeConnectionAcquireTimeoutError MongoWaitQueueTimeoutError
DATABASE UNAUTHENTICATED critical: SequelizeAccessDeniedError
NETWORK: SequelizeConnectionError MongoNetworkError SocketClosedUnexpectedlyError
TIMEOUT error: SequelizeTimeoutError SequelizeConnectionTimedOutError MongoNetworkTimeoutError MongoOperationTimeoutError
DATABASE UNAVAILABLE 503 idempotent-only dependency: MongoServerSelectionError MongoNotConnectedError MongoStalePrimaryError MaxRetriesPerRequestError ClusterAllFailedError
DATABASE UNAVAILABLE 503 dependency: ClientClosedError ClientOfflineError DisconnectsClientError AbortedClientError MongoClientClosedError MongoTopologyClosedError
DATABASE weak: SequelizeDatabaseError PrismaClient*`);

/** Names of DOMException; its `code` is a number of old and means nothing here. */
export const domNames = table(`NOT_FOUND error: NotFoundError
RESOURCE never: QuotaExceededError
NETWORK: NetworkError
INTERNAL: DataCloneError InvalidStateError SyntaxError InvalidAccessError NotSupportedError`);

/** The language's own errors: our bug, unless what caused them says more (`TypeError: fetch failed`). */
export const nativeNames = table(
  'INTERNAL weak: TypeError RangeError ReferenceError SyntaxError EvalError URIError AssertionError',
);

/** A status that claims something to our own caller: http-errors, boom, fastify, a thrown `Response`. */
export const claims = table(
  `VALIDATION error: 400
AUTHENTICATION error: 401
AUTHORIZATION error: 403
NOT_FOUND error: 404 410
UNIMPLEMENTED caller: 405
TIMEOUT error: 408 504
CONFLICT error: 409
PRECONDITION error: 412 423 424 428
UNAVAILABLE not-sent: 425
RATE_LIMIT: 429
CANCELLED: 499
UNIMPLEMENTED: 501
EXTERNAL_SERVICE: 502
UNAVAILABLE: 503
INTERNAL weak: 5xx`,
  'status ',
);

/** tRPC's words for a claim. */
export const trpcCodes = table(
  `VALIDATION error: PARSE_ERROR BAD_REQUEST
AUTHENTICATION error: UNAUTHORIZED
VALIDATION 402 error: PAYMENT_REQUIRED
AUTHORIZATION error: FORBIDDEN
NOT_FOUND error: NOT_FOUND
UNIMPLEMENTED 405 caller: METHOD_NOT_SUPPORTED
TIMEOUT 408 error: TIMEOUT
CONFLICT error: CONFLICT
PRECONDITION error: PRECONDITION_FAILED
VALIDATION 413 error: PAYLOAD_TOO_LARGE
VALIDATION 415 error: UNSUPPORTED_MEDIA_TYPE
VALIDATION 422 error: UNPROCESSABLE_CONTENT
PRECONDITION 428 error: PRECONDITION_REQUIRED
RATE_LIMIT: TOO_MANY_REQUESTS
CANCELLED: CLIENT_CLOSED_REQUEST
INTERNAL weak: INTERNAL_SERVER_ERROR
UNIMPLEMENTED: NOT_IMPLEMENTED
EXTERNAL_SERVICE: BAD_GATEWAY
UNAVAILABLE: SERVICE_UNAVAILABLE
TIMEOUT error: GATEWAY_TIMEOUT`,
  'trpc ',
);

/** A status that a dependency answered us: never passed on, for its 401 is not our caller's. */
export const answers = table(
  `EXTERNAL_SERVICE UNAUTHENTICATED 500 never critical self: 401 407
EXTERNAL_SERVICE RESOURCE_EXHAUSTED 503 never critical self: 402
EXTERNAL_SERVICE PERMISSION_DENIED 500 never self: 403
EXTERNAL_SERVICE NOT_FOUND never: 404 410
EXTERNAL_SERVICE ABORTED: 409
EXTERNAL_SERVICE FAILED_PRECONDITION never: 412 423 424 428
TIMEOUT error: 408 504
EXTERNAL_SERVICE RESOURCE_EXHAUSTED 503 not-sent: 425 429
EXTERNAL_SERVICE 503: 502 503
EXTERNAL_SERVICE 503 not-sent: 529
EXTERNAL_SERVICE INVALID_ARGUMENT 500 never self: 4xx
EXTERNAL_SERVICE INTERNAL: 5xx
EXTERNAL_SERVICE RESOURCE_EXHAUSTED 503 never critical self: insufficient_quota billing_hard_limit_reached billing_not_active`,
  'answered ',
);

/** The 16 gRPC codes, as a client sees them from the service it called. */
export const grpcCodes = table(
  `CANCELLED: 1
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
EXTERNAL_SERVICE UNAUTHENTICATED 500 never critical self: 16`,
  'grpc ',
);

/** JSON-RPC numbers mean something only with their origin: these are MCP's. */
export const mcpCodes = table(
  `VALIDATION: -32600 -32602 -32700
NOT_FOUND error: -32002
UNIMPLEMENTED caller: -32601
EXTERNAL_SERVICE INTERNAL never: -32603
NETWORK: -32000
TIMEOUT error: -32001
PRECONDITION error: -32042`,
  'json-rpc ',
);

/** axios: the same words mean other things than the system's. */
export const axiosCodes = table(
  `TIMEOUT error: ECONNABORTED ETIMEDOUT
NETWORK: ERR_NETWORK`,
  'axios ',
);

/** What is known by more than one word, by the name its rule gives it. */
export const kinds = table(`TIMEOUT: TimeoutError
TIMEOUT error: system-timeout
CANCELLED: AbortError
VALIDATION: zod valibot ajv joi yup fastify
VALIDATION error: JSON.parse busboy
INTERNAL: exit-status
INTERNAL critical: recursion
EXTERNAL_SERVICE FAILED_PRECONDITION never: undici-httpRedirectFetch
INTERNAL INVALID_ARGUMENT: undici-mainFetch undici-schemeFetch
DATABASE UNAVAILABLE 503 idempotent-only dependency: pg pg-pool mysql2 ioredis-connectionCloseHandler`);
