import { exec, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { z } from 'zod';
import { classify } from '../src/index.ts';

const errorOf = async (run: () => unknown): Promise<unknown> => {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};
const verdictOf = async (run: () => unknown): Promise<unknown[]> => {
  const { category, statusCode, httpStatus, retry } = classify(await errorOf(run));
  return [category, statusCode, httpStatus, retry.safety];
};

describe('what Node throws', () => {
  let server: Server;
  let base: string;
  let closed: string;
  beforeAll(async () => {
    const listen = async (one: Server): Promise<string> => {
      await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
    };
    server = createServer((request, response) => {
      if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else if (request.url === '/cut')
        response.writeHead(200, { 'content-length': '10' }).write('x', () => response.destroy());
      else if (request.url === '/garbage') response.socket?.end('nonsense\r\n\r\n');
      else if (request.url === '/reset') request.socket.destroy();
    });
    base = await listen(server);
    const gone = createServer();
    closed = await listen(gone);
    await new Promise((resolve) => gone.close(resolve));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each<[string, () => unknown, unknown[]]>([
    ['fetch to a closed port', () => fetch(closed), ['NETWORK', 'UNAVAILABLE', 503, 'not-sent']],
    [
      'fetch to a blocked port',
      () => fetch('http://127.0.0.1:6667'),
      ['INTERNAL', 'INVALID_ARGUMENT', 500, 'never'],
    ],
    ['fetch of no URL', () => fetch('not a url'), ['INTERNAL', 'INTERNAL', 500, 'never']],
    [
      'fetch in a redirect loop',
      () => fetch(`${base}/loop`),
      ['EXTERNAL_SERVICE', 'FAILED_PRECONDITION', 502, 'never'],
    ],
    [
      'fetch of a body cut short',
      () => fetch(`${base}/cut`).then((r) => r.text()),
      ['NETWORK', 'UNAVAILABLE', 503, 'idempotent-only'],
    ],
    ['fetch of garbage', () => fetch(`${base}/garbage`), ['EXTERNAL_SERVICE', 'UNAVAILABLE', 502, 'never']],
    [
      'fetch with the peer gone',
      () => fetch(`${base}/reset`),
      ['NETWORK', 'UNAVAILABLE', 503, 'idempotent-only'],
    ],
    [
      'fetch with its time up',
      () => fetch(`${base}/hang`, { signal: AbortSignal.timeout(5) }),
      ['TIMEOUT', 'DEADLINE_EXCEEDED', 504, 'idempotent-only'],
    ],
    [
      'fetch aborted',
      () => fetch(base, { signal: AbortSignal.abort() }),
      ['CANCELLED', 'CANCELLED', 499, 'never'],
    ],
    [
      'a timer aborted',
      () => sleep(50, 0, { signal: AbortSignal.abort() }),
      ['CANCELLED', 'CANCELLED', 499, 'never'],
    ],
    [
      'a timer with its time up',
      () => sleep(90, 0, { signal: AbortSignal.timeout(1) }),
      ['TIMEOUT', 'DEADLINE_EXCEEDED', 504, 'idempotent-only'],
    ],
    ['a file that is not there', () => readFile('/nothing/here'), ['NOT_FOUND', 'NOT_FOUND', 404, 'never']],
    ['a folder read as a file', () => readFile('/'), ['INTERNAL', 'INTERNAL', 500, 'never']],
    [
      'a program that is not there',
      () => new Promise((_, reject) => spawn('no-such-program').once('error', reject)),
      ['INTERNAL', 'INTERNAL', 500, 'never'],
    ],
    [
      'a program that exits with 14',
      () => new Promise((_, reject) => exec('exit 14', reject)),
      ['INTERNAL', 'INTERNAL', 500, 'never'],
    ],
    [
      'a port in use',
      () =>
        new Promise((_, reject) =>
          createServer()
            .once('error', reject)
            .listen((server.address() as AddressInfo).port, '127.0.0.1'),
        ),
      ['INTERNAL', 'FAILED_PRECONDITION', 500, 'never'],
    ],
    ['bad JSON', () => JSON.parse('{'), ['VALIDATION', 'INVALID_ARGUMENT', 400, 'never']],
    [
      'a bad pattern, also a SyntaxError',
      () => new RegExp(['('].join('')),
      ['INTERNAL', 'INTERNAL', 500, 'never'],
    ],
    ['a RangeError that is no recursion', () => new Array(-1), ['INTERNAL', 'INTERNAL', 500, 'never']],
    ['zod', () => z.object({ a: z.string() }).parse({}), ['VALIDATION', 'INVALID_ARGUMENT', 400, 'never']],
    [
      'a thrown Response',
      () => Promise.reject(new Response(null, { status: 409 })),
      ['CONFLICT', 'ALREADY_EXISTS', 409, 'never'],
    ],
  ])('%s', async (_name, run, expected) => {
    expect(await verdictOf(run)).toEqual(expected);
  });

  it('a name that cannot be resolved', async () => {
    const [category, , httpStatus, safety] = await verdictOf(() => fetch('http://nothing.invalid'));
    expect([category, httpStatus, safety]).toEqual(['NETWORK', 503, 'not-sent']);
  });

  it('node:sqlite: unique, foreign key, not null, bad SQL, busy', async () => {
    const db = new DatabaseSync(':memory:');
    db.exec(
      'create table t (a text primary key, b text not null, c text references t(a)); insert into t values (1, 1, null)',
    );
    const run = (sql: string) => verdictOf(() => db.exec(sql));
    expect(await run('insert into t values (1, 1, null)')).toEqual([
      'CONFLICT',
      'ALREADY_EXISTS',
      409,
      'never',
    ]);
    expect(await run("insert into t values (2, 1, 'none')")).toEqual([
      'CONFLICT',
      'FAILED_PRECONDITION',
      409,
      'never',
    ]);
    expect(await run('insert into t values (3, null, null)')).toEqual([
      'VALIDATION',
      'INVALID_ARGUMENT',
      400,
      'never',
    ]);
    expect(await run('select nonsense')).toEqual(['DATABASE', 'INTERNAL', 500, 'never']);
    db.close();
  });
});

const url = process.env.DATABASE_URL;
const withServer = url === undefined ? describe.skip : describe;

withServer(`what PostgreSQL throws${url === undefined ? ' (skipped: DATABASE_URL is not set)' : ''}`, () => {
  const open: Client[] = [];
  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    open.push(client);
    return client;
  };
  afterAll(async () => {
    await Promise.allSettled(open.map((client) => client.end()));
  });

  it('unique, text for a number, a table that is not there, a statement out of time', async () => {
    const client = await connect();
    await client.query('create temp table t (id int primary key); insert into t values (1)');
    const run = (sql: string) => verdictOf(() => client.query(sql));
    expect(await run('insert into t values (1)')).toEqual(['CONFLICT', 'ALREADY_EXISTS', 409, 'never']);
    expect(await run("select 'x'::int")).toEqual(['VALIDATION', 'INVALID_ARGUMENT', 400, 'never']);
    expect(await run('select * from no_such_table_here')).toEqual(['DATABASE', 'INTERNAL', 500, 'never']);
    expect(await run('set statement_timeout = 5; select pg_sleep(1)')).toEqual([
      'TIMEOUT',
      'DEADLINE_EXCEEDED',
      504,
      'idempotent-only',
    ]);
  });

  it('two serializable transactions that meet', async () => {
    const [a, b] = [await connect(), await connect()];
    const name = `errors_meet_${process.pid}`;
    await a.query(`create table ${name} (n int); insert into ${name} values (1)`);
    try {
      for (const one of [a, b]) {
        await one.query('begin isolation level serializable');
        await one.query(`select sum(n) from ${name}`);
      }
      await a.query(`insert into ${name} values (2)`);
      await b.query(`insert into ${name} values (3)`);
      await a.query('commit');
      expect(await verdictOf(() => b.query('commit'))).toEqual(['ABORTED', 'ABORTED', 409, 'always']);
    } finally {
      await b.query('rollback');
      await a.query(`drop table ${name}`);
    }
  });

  it('a connection that the server ended', async () => {
    const [victim, other] = [await connect(), await connect()];
    const { rows } = await victim.query('select pg_backend_pid() as pid');
    const lost = errorOf(() => victim.query('select pg_sleep(5)'));
    await other.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    const found = classify(await lost);
    expect([found.statusCode, found.httpStatus, found.retry.safety]).toEqual([
      'UNAVAILABLE',
      503,
      'idempotent-only',
    ]);
    const later = classify(await errorOf(() => victim.query('select 1')));
    expect([later.category, later.httpStatus]).toEqual(['DATABASE', 503]);
  });

  it('a login that is refused is our own fault, never a 401', async () => {
    // The connection string's user would win over an option beside it.
    const stranger = new URL(url ?? '');
    stranger.username = `nobody_${process.pid}`;
    stranger.password = 'wrong';
    const denied = new Client({ connectionString: stranger.href });
    denied.on('error', () => {});
    open.push(denied);
    const found = classify(await errorOf(() => denied.connect()));
    expect([found.category, found.httpStatus, found.retry.safety]).toEqual(['DATABASE', 500, 'never']);
  });
});
