import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express, { type Request, type Response } from 'express';
import { errorHandler } from '../src/express.ts';
import { NotFoundError, RateLimitError, type StructuredError, ValidationError } from '../src/index.ts';

const seen: StructuredError[] = [];
const handedOn: unknown[] = [];
const app = express();
app.use((request: Request, response: Response, next: () => void) => {
  request.id = 'req-9';
  response.setHeader('vary', 'Origin');
  next();
});
app.use(express.json());
app.get('/fails', async () => {
  throw new Error('postgres://admin:hunter2@db/x');
});
app.get('/limited', (_request, response) => {
  response.setHeader('content-encoding', 'gzip');
  response.setHeader('etag', '"1"');
  throw new RateLimitError('x', { retryAfterMs: 1500 });
});
app.post('/users', () => {
  const violations = [{ path: '/näme', code: 'REQUIRED', message: 'is required' }];
  throw new ValidationError('x', { violations });
});
app.get('/half', (_request, response) => {
  response.setHeader('content-length', '100');
  response.write('half a body');
  throw new Error('broke off');
});
const router = express.Router();
router.get('/users/:id', () => {
  throw new NotFoundError('x', { code: 'USER_GONE' });
});
app.use('/v1' as never, router);
app.use(() => {
  throw new NotFoundError('no such route');
});
app.use(errorHandler<Request>({ onError: (error) => seen.push(error), service: 'users' }));
app.use((error: unknown, _request: Request, response: { destroy(): unknown }, _next: unknown) => {
  handedOn.push(error);
  response.destroy();
});

const server = createServer(app);
let base = '';
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('an error of a route', () => {
  it('is answered as JSON from public parts alone, also from an async route', async () => {
    const answer = await fetch(`${base}/fails`);
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(JSON.parse(text)).toEqual({
      error: {
        code: 'UNKNOWN',
        message: 'Something went wrong on our side',
        category: 'UNKNOWN',
        retryable: false,
        requestId: 'req-9',
      },
    });
  });

  it('is a problem document for who asks for it', async () => {
    const headers = { accept: 'application/problem+json' };
    const answer = await fetch(`${base}/v1/users/u1`, { headers });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({ status: 404, code: 'USER_GONE', requestId: 'req-9' });
  });

  it('has Retry-After, keeps Vary, and has nothing of the body there would have been', async () => {
    const { headers, status } = await fetch(`${base}/limited`);
    expect([status, headers.get('retry-after'), headers.get('vary')]).toEqual([429, '2', 'Origin, Accept']);
    expect([headers.get('etag'), headers.get('content-encoding')]).toEqual([null, null]);
  });

  it('has no body for HEAD, and the length the body of GET has', async () => {
    const [head, get] = [await fetch(`${base}/fails`, { method: 'HEAD' }), await fetch(`${base}/fails`)];
    expect([head.status, await head.text()]).toEqual([500, '']);
    expect(head.headers.get('content-length')).toBe(String((await get.text()).length));
  });

  it('counts its length in bytes', async () => {
    const answer = await fetch(`${base}/users`, { method: 'POST' });
    expect(await answer.json()).toMatchObject({
      error: { violations: [{ path: '/näme', code: 'REQUIRED' }] },
    });
  });

  it('is classified when body-parser refuses, and when no route was found', async () => {
    const headers = { 'content-type': 'application/json' };
    const broken = await fetch(`${base}/users`, { method: 'POST', headers, body: '{' });
    expect([broken.status, await broken.json()]).toMatchObject([
      400,
      { error: { code: 'VALIDATION_FAILED' } },
    ]);
    expect((await fetch(`${base}/nowhere`)).status).toBe(404);
  });
});

describe('an answer that has begun', () => {
  it('is reported, handed on and broken off, so that half a body is not taken for a whole one', async () => {
    seen.length = 0;
    await expect(fetch(`${base}/half`).then((answer) => answer.text())).rejects.toThrow();
    expect(seen.map((error) => error.rootCause.message)).toEqual(['broke off']);
    expect(handedOn).toHaveLength(1);
  });
});

describe('onError', () => {
  it('is told of the route and not of the address', async () => {
    seen.length = 0;
    await fetch(`${base}/v1/users/u1?token=hunter2`);
    expect(
      seen.map((error) => [error.toJSON().operation, error.toJSON().service, error.correlationId]),
    ).toEqual([['GET /users/:id', 'users', 'req-9']]);
  });
});

it('is known to express by its four parameters', () => {
  expect(errorHandler()).toHaveLength(4);
});
