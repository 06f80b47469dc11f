import { describe, expect, it } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { errorHandler } from '../src/fastify.ts';
import { NotFoundError, RateLimitError, type StructuredError } from '../src/index.ts';

const secret = 'postgres://admin:hunter2@db/x';
const seen: [StructuredError, string][] = [];

const app = (options: Parameters<typeof errorHandler>[0] = {}): FastifyInstance => {
  const server = fastify({ genReqId: () => 'req-1' });
  server.setErrorHandler(errorHandler({ onError: (error, { id }) => seen.push([error, id]), ...options }));
  server.setNotFoundHandler(() => {
    throw new NotFoundError('no such route');
  });
  server.get('/fails', () => {
    throw new Error(secret);
  });
  server.get('/limited', async (_request, reply) => {
    reply.header('etag', '"1"').header('vary', 'Origin').header('content-encoding', 'gzip');
    throw new RateLimitError('x', { retryAfterMs: 1500 });
  });
  server.get(
    '/users/:id',
    { schema: { response: { 404: { type: 'object', properties: { only: {} } } } } },
    () => {
      throw new NotFoundError('x', { code: 'USER_GONE' });
    },
  );
  const body = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } };
  server.post('/users', { schema: { body } }, () => ({}));
  server.get('/sends', (_request, reply) => reply.send(new NotFoundError('x')));
  return server;
};

describe('an error of a route', () => {
  it('is answered as JSON from public parts alone', async () => {
    const answer = await app().inject('/fails');
    expect(answer.statusCode).toBe(500);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers.vary).toBe('Accept');
    expect(answer.json()).toEqual({
      error: {
        code: 'UNKNOWN',
        message: 'Something went wrong on our side',
        category: 'UNKNOWN',
        retryable: false,
        requestId: 'req-1',
      },
    });
    expect(answer.body).not.toContain('hunter2');
  });

  it('is answered as a problem document for who asks for it', async () => {
    const types: Record<string, string> = {};
    for (const accept of [
      'application/problem+json',
      'application/json, application/problem+json',
      'application/json;q=0.5, application/problem+json;q=0.4',
      'application/problem+json;q=0',
      '*/*',
    ])
      types[accept] = String(
        (await app().inject({ url: '/fails', headers: { accept } })).headers['content-type'],
      );
    expect(types).toEqual({
      'application/problem+json': 'application/problem+json',
      'application/json, application/problem+json': 'application/problem+json',
      'application/json;q=0.5, application/problem+json;q=0.4': 'application/json; charset=utf-8',
      'application/problem+json;q=0': 'application/json; charset=utf-8',
      '*/*': 'application/json; charset=utf-8',
    });
  });

  it('is always a problem with format problem, whatever Accept says', async () => {
    const answer = await app({ format: 'problem' }).inject({
      url: '/users/u1',
      headers: { accept: 'application/json' },
    });
    expect(answer.json()).toMatchObject({ status: 404, code: 'USER_GONE', requestId: 'req-1' });
    expect(answer.headers.vary).toBe(undefined);
  });

  it('has Retry-After, keeps Vary, and has nothing of the body there would have been', async () => {
    const { headers, statusCode } = await app().inject('/limited');
    expect([statusCode, headers['retry-after'], headers.vary]).toEqual([429, '2', 'Origin, Accept']);
    expect([headers.etag, headers['content-encoding']]).toEqual([undefined, undefined]);
  });

  it('is whole in spite of a response schema', async () => {
    expect((await app().inject('/users/u1')).json()).toMatchObject({ error: { code: 'USER_GONE' } });
  });

  it('has no body for HEAD', async () => {
    const answer = await app().inject({ method: 'HEAD', url: '/fails' });
    expect([answer.statusCode, answer.body]).toEqual([500, '']);
  });
});

describe('a catalogue', () => {
  const catalogs = { de: { USER_GONE: 'Diesen Benutzer gibt es nicht mehr' } };

  it('answers in the language of Accept-Language', async () => {
    const headers = { 'accept-language': 'de-AT, en;q=0.5' };
    const answer = await app({ catalogs }).inject({ url: '/users/u1', headers });
    expect(answer.json().error.message).toBe('Diesen Benutzer gibt es nicht mehr');
    expect([answer.headers['content-language'], answer.headers.vary]).toEqual([
      'de',
      'Accept-Language, Accept',
    ]);
  });

  it('answers in the language of locale, when it is given', async () => {
    const headers = { 'accept-language': 'de' };
    const answer = await app({ catalogs, locale: () => 'en' }).inject({ url: '/users/u1', headers });
    expect(answer.json().error.message).toBe('The requested item was not found');
  });
});

describe('what fastify itself refuses', () => {
  it('names the fields of a validation, not what was sent', async () => {
    const answer = await app().inject({ method: 'POST', url: '/users', payload: { nam: 'hunter2' } });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error.violations).toEqual([
      { path: '/name', code: 'REQUIRED', message: 'is required' },
    ]);
  });

  it('calls broken JSON and an unknown route by their names', async () => {
    const headers = { 'content-type': 'application/json' };
    const broken = await app().inject({ method: 'POST', url: '/users', headers, payload: '{' });
    expect([broken.statusCode, broken.json().error.code]).toEqual([400, 'VALIDATION_FAILED']);
    const missing = await app().inject('/nowhere');
    expect([missing.statusCode, missing.json().error.code]).toEqual([404, 'NOT_FOUND']);
  });

  it('takes an error that was sent, not thrown', async () => {
    expect((await app().inject('/sends')).json().error.code).toBe('NOT_FOUND');
  });
});

describe('onError', () => {
  it('is told of the structured error once, with the route and not the address', async () => {
    seen.length = 0;
    await app({ service: 'users' }).inject('/users/u1?token=hunter2');
    expect(
      seen.map(([error, id]) => [error.toJSON().operation, error.toJSON().service, error.correlationId, id]),
    ).toEqual([['GET /users/:id', 'users', 'req-1', 'req-1']]);
  });

  it('that throws, or a requestId that throws, does not change the answer', async () => {
    const warnings: unknown[] = [];
    const original = process.emitWarning;
    process.emitWarning = (warning: unknown): void => {
      warnings.push(warning);
    };
    const boom = (): never => {
      throw new Error('log disk is full');
    };
    const answer = await app({ onError: boom, requestId: boom })
      .inject('/fails')
      .finally(() => {
        process.emitWarning = original;
      });
    expect(answer.statusCode).toBe(500);
    expect(answer.json().error).not.toHaveProperty('requestId');
    expect(warnings).toEqual([
      'requestId of an error handler threw: log disk is full',
      'onError of an error handler threw: log disk is full',
    ]);
  });
});

it('refuses an option that does not hold when it is made', () => {
  expect(() => errorHandler({ format: 'xml' as 'json' })).toThrow(
    "format must be 'json', 'problem' or 'negotiate', got xml",
  );
  expect(() => errorHandler({ onError: 'log' as never })).toThrow('onError must be a function, got string');
});
