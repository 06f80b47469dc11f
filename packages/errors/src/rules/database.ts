import { read, readNumber, readString } from '../safe-read.ts';
import { connectTimeout, dropped, refused, slow } from './network.ts';
import { hit, type Match, type Rule, type Shape, table, type Verdict, verdict } from './verdict.ts';

const loud = (said: Verdict): Verdict => ({ ...said, severity: 'error' });
const invalid = verdict('VALIDATION', 'INVALID_ARGUMENT', 400, 'never', 'warning', 'caller');
const exists = verdict('CONFLICT', 'ALREADY_EXISTS', 409, 'never', 'warning', 'caller');
const referred = verdict('CONFLICT', 'FAILED_PRECONDITION', 409, 'never', 'warning', 'caller');
const rolledBack = verdict('ABORTED', 'ABORTED', 409, 'always', 'warning', 'self');
const gone = verdict('NOT_FOUND', 'NOT_FOUND', 404, 'never', 'error', 'caller');
const sqlBug = verdict('DATABASE', 'INTERNAL', 500, 'never', 'error', 'self');
const broken = verdict('DATABASE', 'INTERNAL', 500, 'never', 'critical', 'self');
const credentials = verdict('DATABASE', 'UNAUTHENTICATED', 500, 'never', 'critical', 'self');
const privileges = verdict('DATABASE', 'PERMISSION_DENIED', 500, 'never', 'error', 'self');
const misconfigured = verdict('DATABASE', 'FAILED_PRECONDITION', 500, 'never', 'critical', 'self');
const full = verdict('DATABASE', 'RESOURCE_EXHAUSTED', 503, 'never', 'critical');
const overloaded = verdict('DATABASE', 'RESOURCE_EXHAUSTED', 503, 'idempotent-only', 'critical');
const noConnection = verdict('DATABASE', 'RESOURCE_EXHAUSTED', 503, 'not-sent', 'critical');
const down = verdict('DATABASE', 'UNAVAILABLE', 503, 'idempotent-only');
const notUp = verdict('DATABASE', 'UNAVAILABLE', 503, 'not-sent');
const locked = verdict('DATABASE', 'UNAVAILABLE', 503, 'always');
const cannotOpen = verdict('DATABASE', 'UNAVAILABLE', 503, 'never', 'critical', 'self');
const clientClosed = verdict('DATABASE', 'UNAVAILABLE', 503);
const corrupt = verdict('DATA_LOSS', 'DATA_LOSS', 500, 'never', 'critical', 'self');
const stopped = verdict('CANCELLED', 'CANCELLED', 499, 'never', 'info', 'cancelled');

/** PostgreSQL: five characters first, then the class, its first two. */
const sqlStates = table<string>(
  [exists, '23505', '23P01'],
  [invalid, '22', '23502', '23514'],
  [referred, '23'],
  [rolledBack, '40', '55P03'],
  [down, '08', '57', '40003', '25P03'],
  [notUp, '08001', '08004', '57P03', '25006'],
  [slow, '57014'],
  [credentials, '28'],
  [privileges, '42501'],
  [misconfigured, '3D', '3F', '55'],
  [overloaded, '53'],
  [full, '53100'],
  [noConnection, '53300'],
  [broken, '58', 'F0', 'XX'],
  [corrupt, 'XX001', 'XX002'],
  [sqlBug, '0A', '25', '26', '2B', '2D', '34', '42', '54', 'P0'],
);

const postgresNames = new Set(['error', 'DatabaseError', 'PostgresError', 'PgError']);

const sqlState = ({ code, name, type, value }: Shape): Match | undefined => {
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  if (!postgresNames.has(name) && !postgresNames.has(type) && typeof read(value, 'routine') !== 'string')
    return undefined;
  const state = sqlStates.has(code) ? code : code.slice(0, 2);
  return hit(sqlStates.get(state), `SQLSTATE ${state}`);
};

/** SQLite's primary result codes by number; the driver's text form is `SQLITE_` and one of these words. */
const sqliteWords = (
  'OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN PROTOCOL ' +
  'EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB'
).split(' ');
/** Extended codes of CONSTRAINT, by number / 256. */
const sqliteConstraints =
  ' CHECK COMMITHOOK FOREIGNKEY FUNCTION NOTNULL PRIMARYKEY TRIGGER UNIQUE VTAB ROWID PINNED DATATYPE'.split(
    ' ',
  );

const sqliteCodes = table<string>(
  [locked, 'BUSY', 'LOCKED'],
  [loud(exists), 'CONSTRAINT_UNIQUE', 'CONSTRAINT_PRIMARYKEY', 'CONSTRAINT_ROWID'],
  [loud(invalid), 'CONSTRAINT_CHECK', 'CONSTRAINT_NOTNULL', 'CONSTRAINT_DATATYPE', 'TOOBIG'],
  [loud(referred), 'CONSTRAINT'],
  [full, 'FULL', 'NOMEM'],
  [corrupt, 'CORRUPT', 'NOTADB', 'FORMAT'],
  [broken, 'IOERR', 'INTERNAL', 'PROTOCOL'],
  [privileges, 'PERM', 'READONLY', 'AUTH'],
  [cannotOpen, 'CANTOPEN'],
  [stopped, 'INTERRUPT', 'ABORT'],
  [sqlBug, 'ERROR', 'MISUSE', 'RANGE', 'MISMATCH', 'SCHEMA', 'NOLFS', 'EMPTY', 'NOTFOUND'],
);

const sqlite = ({ code, value }: Shape): Match | undefined => {
  let word: string;
  if (code === 'ERR_SQLITE_ERROR') {
    const number = readNumber(value, 'errcode') ?? 1;
    word = sqliteWords[number & 255] ?? 'ERROR';
    if (word === 'CONSTRAINT') word += `_${sqliteConstraints[number >> 8] ?? ''}`;
  } else if (typeof code === 'string' && code.startsWith('SQLITE_')) word = code.slice(7);
  else return undefined;
  const key = sqliteCodes.has(word) ? word : (word.split('_')[0] ?? '');
  return hit(sqliteCodes.get(key), `SQLITE_${key}`);
};

/** MySQL and MariaDB, and Prisma: codes that no other library has. */
const ownCodes = table<string>(
  [loud(exists), 'ER_DUP_ENTRY', 'ER_DUP_KEY', 'ER_DUP_ENTRY_WITH_KEY_NAME', 'P2002'],
  [loud(rolledBack), 'ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'P2034'],
  [
    loud(referred),
    'ER_NO_REFERENCED_ROW',
    'ER_NO_REFERENCED_ROW_2',
    'ER_ROW_IS_REFERENCED',
    'P2003',
    'P2014',
  ],
  [loud(referred), 'ER_ROW_IS_REFERENCED_2'],
  [
    loud(invalid),
    'ER_DATA_TOO_LONG',
    'ER_BAD_NULL_ERROR',
    'ER_TRUNCATED_WRONG_VALUE',
    'P2000',
    'P2006',
    'P2011',
  ],
  [gone, 'P2001', 'P2015', 'P2018', 'P2025'],
  [credentials, 'ER_ACCESS_DENIED_ERROR', 'P1000'],
  [privileges, 'ER_DBACCESS_DENIED_ERROR', 'ER_TABLEACCESS_DENIED_ERROR', 'P1010'],
  [misconfigured, 'ER_BAD_DB_ERROR', 'P1003'],
  [noConnection, 'ER_CON_COUNT_ERROR', 'ER_TOO_MANY_USER_CONNECTIONS', 'P2024', 'P2037'],
  [down, 'PROTOCOL_CONNECTION_LOST', 'ER_SERVER_SHUTDOWN', 'P1017'],
  [refused, 'P1001'],
  [connectTimeout, 'P1002'],
  [slow, 'ER_QUERY_TIMEOUT', 'PROTOCOL_SEQUENCE_TIMEOUT', 'P1008'],
  [
    sqlBug,
    'ER_PARSE_ERROR',
    'ER_NO_SUCH_TABLE',
    'ER_BAD_FIELD_ERROR',
    'ER_SYNTAX_ERROR',
    'P2010',
    'P2021',
    'P2022',
  ],
);

const ownCode = ({ code, name }: Shape): Match | undefined => {
  if (typeof code !== 'string') return undefined;
  if (code.startsWith('P') && !code.startsWith('PROTOCOL') && !name.startsWith('Prisma')) return undefined;
  return hit(ownCodes.get(code), code);
};

/** MongoDB numbers, asked only of errors whose name begins with Mongo. */
const mongoCodes = table<number>(
  [loud(exists), 11000, 11001],
  [loud(rolledBack), 112, 251],
  [down, 6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436],
  [slow, 50],
  [privileges, 13],
  [credentials, 18],
  [loud(invalid), 2, 121],
);

const mongo = ({ code, name, type }: Shape): Match | undefined =>
  typeof code === 'number' && (name.startsWith('Mongo') || type.startsWith('Mongo'))
    ? hit(mongoCodes.get(code), `mongo ${code}`)
    : undefined;

/** The first word of a Redis error reply is its code (RESP); nothing behind it is read. */
const redisCodes = table<string>(
  [overloaded, 'OOM'],
  [full, 'MISCONF'],
  [
    notUp,
    'LOADING',
    'BUSY',
    'MASTERDOWN',
    'CLUSTERDOWN',
    'TRYAGAIN',
    'READONLY',
    'MOVED',
    'ASK',
    'NOREPLICAS',
  ],
  [credentials, 'NOAUTH', 'WRONGPASS'],
  [privileges, 'NOPERM'],
  [sqlBug, 'WRONGTYPE', 'ERR', 'NOSCRIPT', 'EXECABORT', 'CROSSSLOT', 'NOPROTO'],
);
const replyNames = new Set(['ReplyError', 'SimpleError', 'ErrorReply', 'BlobError']);

const redis = ({ name, type, value }: Shape): Match | undefined => {
  if (!replyNames.has(name) && !replyNames.has(type)) return undefined;
  const word = /^[A-Z]{2,16}(?= |$)/.exec(readString(value, 'message', 32) ?? '')?.[0];
  return word === undefined ? undefined : hit(redisCodes.get(word), `redis ${word}`);
};

/** Errors of database clients that are known by their class alone. */
export const databaseNames = table<string>(
  [loud(exists), 'SequelizeUniqueConstraintError'],
  [loud(referred), 'SequelizeForeignKeyConstraintError'],
  [invalid, 'SequelizeValidationError'],
  [loud(rolledBack), 'SequelizeOptimisticLockError', 'OptimisticLockVersionMismatchError'],
  [gone, 'SequelizeEmptyResultError', 'EntityNotFoundError'],
  [
    refused,
    'SequelizeConnectionRefusedError',
    'SequelizeHostNotFoundError',
    'SequelizeHostNotReachableError',
  ],
  [noConnection, 'SequelizeConnectionAcquireTimeoutError'],
  [credentials, 'SequelizeAccessDeniedError'],
  [dropped, 'SequelizeConnectionError', 'MongoNetworkError', 'SocketClosedUnexpectedlyError'],
  [slow, 'SequelizeTimeoutError', 'MongoNetworkTimeoutError', 'MongoOperationTimeoutError'],
  [
    down,
    'MongoServerSelectionError',
    'MongoNotConnectedError',
    'MaxRetriesPerRequestError',
    'ClusterAllFailedError',
  ],
  [clientClosed, 'ClientClosedError', 'ClientOfflineError', 'DisconnectsClientError', 'AbortedClientError'],
);

export const databaseRules: readonly Rule[] = [
  { name: 'sqlstate', find: sqlState },
  { name: 'sqlite', find: sqlite },
  { name: 'database-code', find: ownCode },
  { name: 'mongo', find: mongo },
  { name: 'redis-reply', find: redis },
];
