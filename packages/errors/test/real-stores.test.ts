import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DrizzleQueryError, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres';
import * as mongo from 'mongodb';
import mysqlServer from 'mysql2';
import mysql from 'mysql2/promise';
import { createClient } from 'redis';
import sequelize from 'sequelize';
import {
  bad,
  closedPort,
  conflict,
  dangling,
  dropped,
  late,
  listen,
  ours,
  refused,
  rolledBack,
  type Verdict,
  verdictOf,
} from './real-servers.ts';

const down: Verdict = ['DATABASE', 'UNAVAILABLE', 503, 'idempotent-only', 'error'];
const gone: Verdict = ['DATABASE', 'UNAVAILABLE', 503, 'never', 'error'];
const full: Verdict = ['DATABASE', 'RESOURCE_EXHAUSTED', 503, 'not-sent', 'critical'];
const login: Verdict = ['DATABASE', 'UNAUTHENTICATED', 500, 'never', 'critical'];
const forbidden: Verdict = ['DATABASE', 'PERMISSION_DENIED', 500, 'never', 'error'];
const readOnly: Verdict = ['DATABASE', 'UNAVAILABLE', 503, 'not-sent', 'error'];
const thrown = (error: unknown) => (): never => {
  throw error;
};

let port: number;
beforeAll(async () => {
  port = await closedPort();
});

describe('MongoDB', () => {
  const answer = (code: number) => new mongo.MongoServerError({ code, message: 'told' });
  it.each<[string, () => unknown, Verdict]>([
    ['a duplicate key', thrown(answer(11000)), conflict],
    [
      'a duplicate among many',
      thrown(new mongo.MongoBulkWriteError({ message: 'x', code: 11000, writeErrors: [] }, {} as never)),
      conflict,
    ],
    ['a write conflict', thrown(answer(112)), rolledBack],
    ['out of time', thrown(answer(50)), late],
    ['no permission', thrown(answer(13)), forbidden],
    ['a refused login', thrown(answer(18)), login],
    ['a primary that stepped down', thrown(answer(10107)), down],
    ['a lost connection', thrown(new mongo.MongoNetworkError('x')), dropped],
    ['a socket out of time', thrown(new mongo.MongoNetworkTimeoutError('x')), late],
    ['a client that was closed', thrown(new mongo.MongoClientClosedError()), gone],
    ['a topology that was closed', thrown(new mongo.MongoTopologyClosedError('x')), gone],
  ])('%s', async (_name, run, expected) => {
    expect(await verdictOf(run)).toEqual(expected);
  });

  it('no server to select', async () => {
    const client = new mongo.MongoClient(`mongodb://127.0.0.1:${port}`, { serverSelectionTimeoutMS: 20 });
    expect(await verdictOf(() => client.connect())).toEqual(down);
    await client.close();
  });
});

describe('MySQL', () => {
  // The driver's own server: its errors travel the real wire and are made by the driver.
  const server = mysqlServer.createServer((connection) => {
    // It counts its packets on from the handshake, where each command begins at 0.
    const own = connection as unknown as { sequenceId: number; stream: { destroy(): void } };
    connection.on('error', () => {});
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: 'test',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xffffff,
      authCallback: ({ user }: { user: string }, done: (_: null, refusal: object | null) => void) => {
        done(null, user === 'nobody' ? { message: 'no', code: 1045 } : null);
        own.sequenceId = 0;
      },
    } as never);
    connection.on('query', (text: string) => {
      if (text === 'drop') return own.stream.destroy();
      connection.writeError({ message: 'told', code: Number(text) } as never);
      own.sequenceId = 0;
    });
  });
  server.on('error', () => {});
  let options: mysql.ConnectionOptions;
  let client: mysql.Connection;
  beforeAll(async () => {
    await new Promise<void>((resolve) =>
      (server as never as { listen(...args: unknown[]): void }).listen(0, '127.0.0.1', 0, resolve),
    );
    const { _server } = server as unknown as { _server: { address(): AddressInfo } };
    options = { host: '127.0.0.1', port: _server.address().port, user: 'app', database: 'test' };
    client = await mysql.createConnection(options);
    client.on('error', () => {});
  });
  afterAll(async () => {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each<[string, number, Verdict]>([
    ['a duplicate key', 1062, conflict],
    ['a deadlock', 1213, rolledBack],
    ['a lock waited for too long', 1205, rolledBack],
    ['a row that is not there', 1452, dangling],
    ['a row that is referred to', 1451, dangling],
    ['null where none may be', 1048, bad],
    ['text too long', 1406, bad],
    ['a table that is not there', 1146, ours],
    ['bad SQL', 1064, ours],
    ['too many connections', 1040, full],
    ['a shutdown', 1053, down],
    ['no permission', 1142, forbidden],
    ['a server that only reads', 1290, readOnly],
    ['a statement out of time', 3024, late],
  ])('%s', async (_name, code, expected) => {
    expect(await verdictOf(() => client.query(String(code)))).toEqual(expected);
  });

  it('a number the driver has no word for is told by its state', async () => {
    // As MariaDB ends a statement that ran too long.
    const error = { code: undefined, errno: 1969, sqlState: '70100', sqlMessage: 'told', sql: 'select 1' };
    expect(await verdictOf(thrown(Object.assign(new Error('told'), error)))).toEqual(late);
  });

  it('a refused login, a lost connection, a closed port, a pool that has none left', async () => {
    expect(await verdictOf(() => mysql.createConnection({ ...options, user: 'nobody' }))).toEqual(login);
    const other = await mysql.createConnection(options);
    other.on('error', () => {});
    expect(await verdictOf(() => other.query('drop'))).toEqual(down);
    expect(await verdictOf(() => mysql.createConnection({ host: '127.0.0.1', port }))).toEqual(refused);
    const pool = mysql.createPool({ ...options, connectionLimit: 1, waitForConnections: false });
    const held = await pool.getConnection();
    expect(await verdictOf(() => pool.getConnection())).toEqual(down);
    held.destroy();
    await pool.end();
  });
});

describe('Sequelize', () => {
  const parent = Object.assign(new Error('told'), { sql: 'select 1' });
  const from = (props: object) => Object.assign(new Error('told'), { sql: 'select 1' }, props);
  it.each<[string, unknown, Verdict]>([
    ['unique', new sequelize.UniqueConstraintError({ parent: from({ code: '23505' }) }), conflict],
    ['exclusion', new sequelize.ExclusionConstraintError({ parent }), conflict],
    ['foreign key', new sequelize.ForeignKeyConstraintError({ parent }), dangling],
    ['unknown constraint', new sequelize.UnknownConstraintError({ parent }), dangling],
    ['an older version', new sequelize.OptimisticLockError({}), rolledBack],
    ['refused', new sequelize.ConnectionRefusedError(parent), refused],
    ['no such host', new sequelize.HostNotFoundError(parent), refused],
    ['a connection lost', new sequelize.ConnectionError(parent), dropped],
    ['connecting took too long', new sequelize.ConnectionTimedOutError(parent), late],
    ['a query took too long', new sequelize.TimeoutError(parent), late],
    ['no connection left', new sequelize.ConnectionAcquireTimeoutError(parent), full],
    ['a refused login', new sequelize.AccessDeniedError(parent), login],
    ['a deadlock below', new sequelize.DatabaseError(from({ code: 'ER_LOCK_DEADLOCK' })), rolledBack],
    ['anything else below', new sequelize.DatabaseError(parent), ours],
  ])('%s', async (_name, error, expected) => {
    expect(await verdictOf(thrown(error))).toEqual(expected);
  });
});

describe('Drizzle', () => {
  it('yields to the driver below it', async () => {
    const below = Object.assign(new Error('x'), { name: 'error', code: '40001', routine: 'r' });
    const [category, , , safety] = await verdictOf(thrown(new DrizzleQueryError('select 1', [], below)));
    expect([category, safety]).toEqual(['ABORTED', 'always']);
    const db = drizzle(':memory:');
    db.run(sql`create table t (a primary key)`);
    db.run(sql`insert into t values (1)`);
    expect(await verdictOf(() => db.run(sql`insert into t values (1)`))).toEqual(conflict);
    const away = drizzlePg(`postgres://u:p@127.0.0.1:${port}/d`);
    expect(await verdictOf(() => away.execute(sql`select 1`))).toEqual(refused);
  });
});

describe('redis', () => {
  const replying = async (reply: string | undefined): Promise<Verdict> => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        const text = data.toString();
        if (!text.includes('GET')) socket.write('+OK\r\n'.repeat(text.match(/^\*/gm)?.length ?? 0));
        else if (reply === undefined) socket.destroy();
        else socket.write(`-${reply}\r\n`);
      });
    });
    const url = `redis://127.0.0.1:${await listen(server)}`;
    const client = createClient({ url, socket: { reconnectStrategy: false }, RESP: 2 });
    client.on('error', () => {});
    await client.connect();
    const found = await verdictOf(() => client.get('key'));
    if (client.isOpen) client.destroy();
    server.close();
    return found;
  };
  it.each<[string, Verdict]>([
    ['WRONGTYPE Operation against a key', ours],
    ['NOAUTH Authentication required.', login],
    ['NOPERM this user has no permissions', forbidden],
    ['LOADING Redis is loading the dataset', readOnly],
    ['OOM command not allowed', ['DATABASE', 'RESOURCE_EXHAUSTED', 503, 'idempotent-only', 'critical']],
    ['MISCONF Errors writing to the AOF', ['DATABASE', 'RESOURCE_EXHAUSTED', 503, 'never', 'critical']],
    ['READONLY You can not write', readOnly],
  ])('-%s', async (reply, expected) => {
    expect(await replying(reply)).toEqual(expected);
  });

  it('a connection lost in mid-call, a closed port, a client that is not open', async () => {
    expect(await replying(undefined)).toEqual(dropped);
    const socket = { host: '127.0.0.1', port, reconnectStrategy: false } as const;
    const client = createClient({ socket });
    client.on('error', () => {});
    expect(await verdictOf(() => client.connect())).toEqual(refused);
    expect(await verdictOf(() => createClient({ socket }).get('key'))).toEqual(gone);
  });
});
