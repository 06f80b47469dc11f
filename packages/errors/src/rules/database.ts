import { read, readNumber, readString } from '../safe-read.ts';
import { hit, type Match, type Rule, type Shape, table } from './verdict.ts';

/** PostgreSQL: five characters first, then the class, its first two. */
const sqlStates = table(`CONFLICT: 23505 23P01
VALIDATION: 22 23502 23514
CONFLICT FAILED_PRECONDITION: 23
ABORTED: 40 55P03
DATABASE UNAVAILABLE 503 idempotent-only dependency: 08 57 40003 25P03
DATABASE UNAVAILABLE 503 not-sent dependency: 08001 08004 57P03 25006
TIMEOUT error: 57014
DATABASE UNAUTHENTICATED critical: 28
DATABASE PERMISSION_DENIED: 42501
DATABASE FAILED_PRECONDITION critical: 3D 3F 55
DATABASE RESOURCE_EXHAUSTED 503 idempotent-only critical dependency: 53
DATABASE RESOURCE_EXHAUSTED 503 critical dependency: 53100
DATABASE RESOURCE_EXHAUSTED 503 not-sent critical dependency: 53300
DATABASE critical: 58 F0 XX
DATA_LOSS: XX001 XX002
DATABASE: 0A 25 26 2B 2D 34 42 54 P0`);

const postgresNames = /^(?:error|DatabaseError|PostgresError|PgError)$/;

const sqlState = ({ code, name, type, value }: Shape): Match | undefined => {
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  if (!postgresNames.test(name) && !postgresNames.test(type) && typeof read(value, 'routine') !== 'string')
    return undefined;
  const start = code.slice(0, 2);
  return hit(sqlStates(code), `SQLSTATE ${code}`) ?? hit(sqlStates(start), `SQLSTATE ${start}`);
};

/** SQLite's result codes, as words behind `SQLITE_` and as numbers; what an extended code does not say its primary one does. */
const sqliteCodes = table(`DATABASE UNAVAILABLE 503 always dependency: BUSY 5 LOCKED 6
CONFLICT error: CONSTRAINT_UNIQUE 2067 CONSTRAINT_PRIMARYKEY 1555 CONSTRAINT_ROWID 2579
VALIDATION error: CONSTRAINT_CHECK 275 CONSTRAINT_NOTNULL 1299 CONSTRAINT_DATATYPE 3091 TOOBIG 18
CONFLICT FAILED_PRECONDITION error: CONSTRAINT 19
DATABASE RESOURCE_EXHAUSTED 503 critical dependency: FULL 13 NOMEM 7
DATA_LOSS: CORRUPT 11 NOTADB 26 FORMAT 24
DATABASE critical: IOERR 10 INTERNAL 2 PROTOCOL 15
DATABASE PERMISSION_DENIED: PERM 3 READONLY 8 AUTH 23
DATABASE UNAVAILABLE 503 critical: CANTOPEN 14
CANCELLED: INTERRUPT 9 ABORT 4
DATABASE: ERROR 1 MISUSE 21 RANGE 25 MISMATCH 20 SCHEMA 17 NOLFS 22 EMPTY 16 NOTFOUND 12`);

const sqlite = ({ code, value }: Shape): Match | undefined => {
  if (code === 'ERR_SQLITE_ERROR') {
    const number = readNumber(value, 'errcode') ?? 1;
    return hit(sqliteCodes(number), number) ?? hit(sqliteCodes(number & 255) ?? sqliteCodes(1), number & 255);
  }
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined;
  const word = code.slice(7);
  const primary = word.split('_')[0] ?? '';
  return hit(sqliteCodes(word), code) ?? hit(sqliteCodes(primary), `SQLITE_${primary}`);
};

/** MySQL and MariaDB, and Prisma: codes that no other library has. */
const ownCodes = table(`CONFLICT error: ER_DUP_ENTRY ER_DUP_KEY ER_DUP_ENTRY_WITH_KEY_NAME P2002
ABORTED error: ER_LOCK_DEADLOCK ER_LOCK_WAIT_TIMEOUT P2034
CONFLICT FAILED_PRECONDITION error: ER_NO_REFERENCED_ROW ER_NO_REFERENCED_ROW_2 ER_ROW_IS_REFERENCED ER_ROW_IS_REFERENCED_2 P2003 P2014
VALIDATION error: ER_DATA_TOO_LONG ER_BAD_NULL_ERROR ER_TRUNCATED_WRONG_VALUE P2000 P2006 P2011
NOT_FOUND error: P2001 P2015 P2018 P2025
DATABASE UNAUTHENTICATED critical: ER_ACCESS_DENIED_ERROR P1000
DATABASE PERMISSION_DENIED: ER_DBACCESS_DENIED_ERROR ER_TABLEACCESS_DENIED_ERROR P1010
DATABASE FAILED_PRECONDITION critical: ER_BAD_DB_ERROR P1003
DATABASE RESOURCE_EXHAUSTED 503 not-sent critical dependency: ER_CON_COUNT_ERROR ER_TOO_MANY_USER_CONNECTIONS P2024 P2037
DATABASE UNAVAILABLE 503 idempotent-only dependency: PROTOCOL_CONNECTION_LOST ER_SERVER_SHUTDOWN P1017
NETWORK not-sent: P1001
TIMEOUT not-sent error: P1002
TIMEOUT error: ER_QUERY_TIMEOUT PROTOCOL_SEQUENCE_TIMEOUT P1008
DATABASE: ER_PARSE_ERROR ER_NO_SUCH_TABLE ER_BAD_FIELD_ERROR ER_SYNTAX_ERROR P2010 P2021 P2022`);

const ownCode = ({ code, name }: Shape): Match | undefined =>
  typeof code !== 'string' || (/^P\d/.test(code) && !name.startsWith('Prisma'))
    ? undefined
    : hit(ownCodes(code), code);

/** MongoDB numbers, asked only of errors whose name begins with Mongo. */
const mongoCodes = table(`CONFLICT error: 11000 11001
ABORTED error: 112 251
DATABASE UNAVAILABLE 503 idempotent-only dependency: 6 7 89 91 189 262 9001 10107 11600 11602 13435 13436
TIMEOUT error: 50
DATABASE PERMISSION_DENIED: 13
DATABASE UNAUTHENTICATED critical: 18
VALIDATION error: 2 121`);

const mongo = ({ code, name, type }: Shape): Match | undefined =>
  typeof code === 'number' && (name.startsWith('Mongo') || type.startsWith('Mongo'))
    ? hit(mongoCodes(code), `mongo ${code}`)
    : undefined;

/** The first word of a Redis error reply is its code (RESP); nothing behind it is read. */
const redisCodes = table(`DATABASE RESOURCE_EXHAUSTED 503 idempotent-only critical dependency: OOM
DATABASE RESOURCE_EXHAUSTED 503 critical dependency: MISCONF
DATABASE UNAVAILABLE 503 not-sent dependency: LOADING BUSY MASTERDOWN CLUSTERDOWN TRYAGAIN READONLY MOVED ASK NOREPLICAS
DATABASE UNAUTHENTICATED critical: NOAUTH WRONGPASS
DATABASE PERMISSION_DENIED: NOPERM
DATABASE: WRONGTYPE ERR NOSCRIPT EXECABORT CROSSSLOT NOPROTO`);
const replyNames = /^(?:Reply|Simple|Blob)Error$|^ErrorReply$/;

const redis = ({ name, type, value }: Shape): Match | undefined => {
  if (!replyNames.test(name) && !replyNames.test(type)) return undefined;
  const word = /^[A-Z]{2,16}(?= |$)/.exec(readString(value, 'message', 32) ?? '')?.[0];
  return word === undefined ? undefined : hit(redisCodes(word), `redis ${word}`);
};

/** Errors of database clients that are known by their class alone. */
export const databaseNames = table(`CONFLICT error: SequelizeUniqueConstraintError
CONFLICT FAILED_PRECONDITION error: SequelizeForeignKeyConstraintError
VALIDATION: SequelizeValidationError
ABORTED error: SequelizeOptimisticLockError OptimisticLockVersionMismatchError
NOT_FOUND error: SequelizeEmptyResultError EntityNotFoundError
NETWORK not-sent: SequelizeConnectionRefusedError SequelizeHostNotFoundError SequelizeHostNotReachableError
DATABASE RESOURCE_EXHAUSTED 503 not-sent critical dependency: SequelizeConnectionAcquireTimeoutError
DATABASE UNAUTHENTICATED critical: SequelizeAccessDeniedError
NETWORK: SequelizeConnectionError MongoNetworkError SocketClosedUnexpectedlyError
TIMEOUT error: SequelizeTimeoutError MongoNetworkTimeoutError MongoOperationTimeoutError
DATABASE UNAVAILABLE 503 idempotent-only dependency: MongoServerSelectionError MongoNotConnectedError MaxRetriesPerRequestError ClusterAllFailedError
DATABASE UNAVAILABLE 503 dependency: ClientClosedError ClientOfflineError DisconnectsClientError AbortedClientError`);

export const databaseRules: readonly Rule[] = [
  { name: 'sqlstate', find: sqlState },
  { name: 'sqlite', find: sqlite },
  { name: 'database-code', find: ownCode },
  { name: 'mongo', find: mongo },
  { name: 'redis-reply', find: redis },
];
