import { read, readNumber, readString } from '../safe-read.ts';
import { databaseCodes, mongoCodes, redisCodes, sqliteCodes, sqlStates } from './tables.ts';
import { isNamed, type Match, type Rule, type Shape } from './verdict.ts';

/** By the state itself, else by its class. */
const stateOf = (state: string | undefined): Match | undefined =>
  sqlStates(state) ?? sqlStates(state?.slice(0, 2));

const sqlState = (shape: Shape): Match | undefined => {
  const { code, value } = shape;
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  return isNamed(shape, /^(?:error|DatabaseError|PostgresError|PgError)$/) ||
    typeof read(value, 'routine') === 'string'
    ? stateOf(code)
    : undefined;
};

/** MySQL's and MariaDB's: the driver knows no word for some of their numbers, but the state is always there. */
const mysqlState = ({ value }: Shape): Match | undefined => stateOf(readString(value, 'sqlState', 5));

const sqlite = ({ code, value }: Shape): Match | undefined => {
  if (code === 'ERR_SQLITE_ERROR') {
    const number = readNumber(value, 'errcode') ?? 1;
    return sqliteCodes(number) ?? sqliteCodes(number & 255) ?? sqliteCodes(1);
  }
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined;
  const word = code.slice(7);
  return sqliteCodes(word) ?? sqliteCodes(word.split('_')[0]);
};

// Others have codes such as P2002 too.
const ownCode = ({ code, name, value }: Shape): Match | undefined =>
  name.startsWith('Prisma')
    ? databaseCodes(code ?? readString(value, 'errorCode'))
    : databaseCodes(`${code}`.replace(/^P\d/, ''));

const mongo = (shape: Shape): Match | undefined =>
  typeof shape.code === 'number' && isNamed(shape, /^Mongo/) ? mongoCodes(shape.code) : undefined;

const redis = (shape: Shape): Match | undefined =>
  isNamed(shape, /^(?:(?:Reply|Simple|Blob)Error|ErrorReply)$/)
    ? redisCodes(/^[A-Z]{2,16}(?= |$)/.exec(readString(shape.value, 'message', 32) ?? '')?.[0])
    : undefined;

export const databaseRules: readonly Rule[] = [
  { name: 'sqlstate', find: sqlState },
  { name: 'sqlite', find: sqlite, onBare: true },
  { name: 'database-code', find: ownCode, onBare: true },
  { name: 'mysql-state', find: mysqlState },
  { name: 'mongo', find: mongo },
  { name: 'redis-reply', find: redis },
];
