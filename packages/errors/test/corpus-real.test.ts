import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Boom from '@hapi/boom';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import axios from 'axios';
import Database from 'better-sqlite3';
import { bulkhead, ConsecutiveBreaker, circuitBreaker, handleAll, TimeoutStrategy, timeout } from 'cockatiel';
import fastify from 'fastify';
import createHttpError from 'http-errors';
import { Redis } from 'ioredis';
import Joi from 'joi';
import * as v from 'valibot';
import * as yup from 'yup';
import { z } from 'zod';
import { classify, createErrorResponse, handleError } from '../src/index.ts';

// Errors that the libraries themselves made here; the shapes this machine cannot produce are in corpus.test.ts.
const errorOf = async (run: () => unknown): Promise<unknown> => {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};
const verdictOf = async (run: () => unknown): Promise<unknown[]> => {
  const { category, statusCode, httpStatus, retry, severity } = classify(await errorOf(run));
  return [category, statusCode, httpStatus, retry.safety, severity];
};
const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const refused = ['NETWORK', 'UNAVAILABLE', 503, 'not-sent', 'error'];
const late = ['TIMEOUT', 'DEADLINE_EXCEEDED', 504, 'idempotent-only', 'error'];
const ownLate = ['TIMEOUT', 'DEADLINE_EXCEEDED', 504, 'idempotent-only', 'warning'];
const bad = ['VALIDATION', 'INVALID_ARGUMENT', 400, 'never', 'warning'];

let server: Server;
let address: string;
let closed: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/limited') response.writeHead(429, { 'retry-after': '3' }).end('{"secret":1}');
    else if (request.url === '/login') response.writeHead(401).end();
    else if (request.url === '/down') response.writeHead(503).end();
    else if (request.url !== '/hang') response.end('plain text');
  });
  address = await listen(server);
  const gone = createServer();
  closed = await listen(gone);
  await new Promise((resolve) => gone.close(resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('axios', () => {
  const get = (path: string, config = {}) =>
    axios.get(`http://${address}${path}`, { proxy: false, ...config });

  it('429 is a dependency’s limit, 503 to our caller, with its wait', async () => {
    const error = await errorOf(() => get('/limited'));
    expect(classify(error)).toMatchObject({
      category: 'EXTERNAL_SERVICE',
      statusCode: 'RESOURCE_EXHAUSTED',
      httpStatus: 503,
      retry: { retryable: true, safety: 'not-sent', afterMs: 3000 },
    });
    expect(createErrorResponse(handleError(error)).headers['retry-after']).toBe('3');
  });

  it.each<[string, () => Promise<unknown>, unknown[]]>([
    ['a refused key', () => get('/login'), ['EXTERNAL_SERVICE', 'UNAUTHENTICATED', 500, 'never', 'critical']],
    [
      'a service that is down',
      () => get('/down'),
      ['EXTERNAL_SERVICE', 'UNAVAILABLE', 503, 'idempotent-only', 'error'],
    ],
    ['no answer in time', () => get('/hang', { timeout: 5 }), late],
    ['a closed port', () => axios.get(`http://${closed}`, { proxy: false }), refused],
    [
      'a cancelled call',
      () => get('/hang', { signal: AbortSignal.abort() }),
      ['CANCELLED', 'CANCELLED', 499, 'never', 'info'],
    ],
  ])('%s', async (_name, run, expected) => {
    expect(await verdictOf(run)).toEqual(expected);
  });
});

describe('the network', () => {
  it('TLS spoken to a server that does not is never tried again', async () => {
    expect(await verdictOf(() => fetch(`https://${address}`))).toEqual([
      'NETWORK',
      'UNAVAILABLE',
      502,
      'never',
      'error',
    ]);
  });

  it('a TLS server with no certificate to show', async () => {
    const bare = createTlsServer();
    const place = await listen(bare);
    const [category, , httpStatus, safety] = await verdictOf(() => fetch(`https://${place}`));
    bare.close();
    expect([category, httpStatus, safety]).toEqual(['NETWORK', 502, 'never']);
  });

  it('ioredis against a closed port', async () => {
    const [host, port] = closed.split(':');
    const redis = new Redis({
      host: host ?? '',
      port: Number(port),
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
    });
    const seen: unknown[] = [];
    redis.on('error', (error) => seen.push(error));
    const found = await verdictOf(() => redis.connect());
    expect(found).toEqual(['DATABASE', 'UNAVAILABLE', 503, 'idempotent-only', 'error']);
    expect(classify(seen[0])).toMatchObject({ category: 'NETWORK', retry: { safety: 'not-sent' } });
  });
});

describe('validators', () => {
  const wrong = { name: 7 };
  it.each<[string, () => unknown, string]>([
    ['zod', () => z.object({ name: z.string() }).parse(wrong), 'INVALID_TYPE'],
    ['joi', () => Joi.attempt(wrong, Joi.object({ name: Joi.string() })), 'INVALID_TYPE'],
    ['yup', () => yup.object({ name: yup.string().strict() }).validate(wrong), 'INVALID_TYPE'],
    ['valibot', () => v.parse(v.object({ name: v.string() }), wrong), 'INVALID_TYPE'],
    [
      'ajv',
      () => {
        const validate = new Ajv().compile({
          $async: true,
          type: 'object',
          properties: { name: { type: 'string' } },
        });
        return validate(wrong);
      },
      'INVALID_TYPE',
    ],
  ])('%s: a 400 that names the field', async (_name, run, code) => {
    const error = await errorOf(run);
    expect(await verdictOf(() => Promise.reject(error))).toEqual(bad);
    const { body } = createErrorResponse(handleError(error));
    expect(body).toMatchObject({ error: { violations: [{ path: '/name', code }] } });
  });

  it('fastify’s request validation', async () => {
    const app = fastify();
    let thrown: unknown;
    app.setErrorHandler((error, _request, reply) => {
      thrown = error;
      const { status, body } = createErrorResponse(handleError(error));
      return reply.code(status).send(body);
    });
    const schema = { body: { type: 'object', required: ['name'] } };
    app.post('/', { schema }, () => 'unreachable');
    const answer = await app.inject({ method: 'POST', url: '/', payload: {} });
    await app.close();
    expect(await verdictOf(() => Promise.reject(thrown))).toEqual(bad);
    expect([answer.statusCode, answer.json().error.violations]).toEqual([
      400,
      [{ path: '/name', code: 'REQUIRED', message: 'is required' }],
    ]);
  });
});

describe('errors made to be answered with', () => {
  it.each<[string, unknown, unknown[]]>([
    [
      'http-errors 503',
      createHttpError(503, 'db at 10.0.0.7'),
      ['UNAVAILABLE', 'UNAVAILABLE', 503, 'idempotent-only', 'error'],
    ],
    ['http-errors 413', createHttpError(413, 'x'), ['VALIDATION', 'INVALID_ARGUMENT', 413, 'never', 'error']],
    ['boom 404', Boom.notFound('x'), ['NOT_FOUND', 'NOT_FOUND', 404, 'never', 'error']],
    ['boom 500', Boom.badImplementation('x'), ['INTERNAL', 'INTERNAL', 500, 'never', 'error']],
    ['a boomified refusal', Boom.boomify(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })), refused],
  ])('%s', (_name, error, expected) => {
    const { category, statusCode, httpStatus, retry, severity } = classify(error);
    expect([category, statusCode, httpStatus, retry.safety, severity]).toEqual(expected);
  });
});

describe('better-sqlite3', () => {
  const folder = mkdtempSync(join(tmpdir(), 'errors-sqlite-'));
  const file = join(folder, 'a.db');
  const open = () => new Database(file, { timeout: 0 });
  let db: Database;
  beforeAll(() => {
    db = open();
    db.exec('create table t (a text primary key, b text not null); insert into t values (1, 1)');
  });
  afterAll(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  it.each<[string, string, unknown[]]>([
    ['unique', 'insert into t values (1, 1)', ['CONFLICT', 'ALREADY_EXISTS', 409, 'never', 'error']],
    ['not null', 'insert into t values (2, null)', ['VALIDATION', 'INVALID_ARGUMENT', 400, 'never', 'error']],
    ['bad SQL', 'select nonsense', ['DATABASE', 'INTERNAL', 500, 'never', 'error']],
  ])('%s', async (_name, sql, expected) => {
    expect(await verdictOf(() => db.exec(sql))).toEqual(expected);
  });

  it('busy: nothing was written, so the whole unit of work may be repeated', async () => {
    const other = open();
    other.exec('begin immediate');
    const found = await verdictOf(() => db.exec('insert into t values (3, 3)'));
    other.close();
    expect(found).toEqual(['DATABASE', 'UNAVAILABLE', 503, 'always', 'error']);
  });
});

describe('cockatiel', () => {
  it('a timeout is a deadline; one that the call itself heeds looks like any other abort', async () => {
    const policy = timeout(5, TimeoutStrategy.Aggressive);
    expect(await verdictOf(() => policy.execute(() => new Promise(() => {})))).toEqual(ownLate);
    const heeding = ({ signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    expect((await verdictOf(() => policy.execute(heeding)))[0]).toBe('CANCELLED');
  });

  it('an open circuit was not sent', async () => {
    const policy = circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(1) });
    await errorOf(() => policy.execute(() => Promise.reject(new Error('down'))));
    expect(await verdictOf(() => policy.execute(() => 1))).toEqual([
      'UNAVAILABLE',
      'UNAVAILABLE',
      503,
      'not-sent',
      'warning',
    ]);
  });

  it('a full bulkhead was not sent', async () => {
    const policy = bulkhead(1, 0);
    let done: (value: unknown) => void = () => {};
    const first = policy.execute(() => new Promise((resolve) => (done = resolve)));
    const found = await verdictOf(() => policy.execute(() => 1));
    done(1);
    await first;
    expect(found).toEqual(['RESOURCE', 'RESOURCE_EXHAUSTED', 503, 'not-sent', 'warning']);
  });
});
