import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  PrismaClientInitializationError,
  PrismaClientKnownRequestError,
  PrismaClientRustPanicError,
  PrismaClientUnknownRequestError,
  PrismaClientValidationError,
} from '@prisma/client-runtime-utils';
import { DataSource, EntitySchema, OptimisticLockVersionMismatchError } from 'typeorm';
import {
  bad,
  closedPort,
  conflict,
  dangling,
  late,
  ours,
  refused,
  rolledBack,
  type Verdict,
  verdictOf,
} from './real-servers.ts';

const missing: Verdict = ['NOT_FOUND', 'NOT_FOUND', 404, 'never', 'error'];
const lost: Verdict = ['DATABASE', 'UNAVAILABLE', 503, 'idempotent-only', 'error'];
const thrown = (error: unknown) => (): never => {
  throw error;
};

describe('TypeORM', () => {
  const row = new EntitySchema<{ id: number; name: string }>({
    name: 'errors_row',
    columns: { id: { type: 'integer', primary: true }, name: { type: 'text' } },
  });
  const source = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [row],
    synchronize: true,
  });
  beforeAll(async () => {
    await source.initialize();
  });
  afterAll(() => source.destroy());

  it('a row that is there already, one that is not, null where none may be, bad SQL', async () => {
    const rows = source.getRepository(row);
    await rows.insert({ id: 1, name: 'one' });
    expect(await verdictOf(() => rows.insert({ id: 1, name: 'again' }))).toEqual(conflict);
    expect(await verdictOf(() => rows.findOneByOrFail({ id: 9 }))).toEqual(missing);
    expect(await verdictOf(() => rows.insert({ id: 2, name: null as never }))).toEqual(bad);
    expect(await verdictOf(() => source.query('select nothing'))).toEqual(ours);
  });

  it('another version of the row, a server that is not there', async () => {
    expect(await verdictOf(thrown(new OptimisticLockVersionMismatchError('row', 1, 2)))).toEqual(rolledBack);
    const away = new DataSource({
      type: 'postgres',
      host: '127.0.0.1',
      port: await closedPort(),
      username: 'u',
    });
    expect(await verdictOf(() => away.initialize())).toEqual(refused);
  });
});

// The errors of its runtime; to make it throw them takes an engine that is downloaded.
describe('Prisma', () => {
  const known = (code: string) => new PrismaClientKnownRequestError('told', { code, clientVersion: '7' });
  it.each<[string, unknown, Verdict]>([
    ['a duplicate', known('P2002'), conflict],
    ['a row that is not there', known('P2025'), missing],
    ['a row that is referred to', known('P2003'), dangling],
    ['a write conflict', known('P2034'), rolledBack],
    ['out of time', known('P1008'), late],
    ['a transaction that was closed', known('P2028'), lost],
    ['a server that closed the connection', known('P1017'), lost],
    ['a server that is not there', new PrismaClientInitializationError('told', '7', 'P1001'), refused],
    ['a client that cannot start', new PrismaClientInitializationError('told', '7'), ours],
    ['a query of the wrong shape', new PrismaClientValidationError('told', { clientVersion: '7' }), ours],
    ['an error without a code', new PrismaClientUnknownRequestError('told', { clientVersion: '7' }), ours],
    ['an engine that panics', new PrismaClientRustPanicError('told', '7'), ours],
  ])('%s', async (_name, error, expected) => {
    expect(await verdictOf(thrown(error))).toEqual(expected);
  });
});
