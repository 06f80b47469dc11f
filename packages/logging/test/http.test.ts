import { once } from 'node:events';
import { createServer, get, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import { fastifyLogging, type HttpLoggingOptions, httpLogging } from '../src/http.ts';
import { CorrelationContext } from '../src/index.ts';
import { type Capture, captured } from './capture.ts';

const closing: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const listen = async (handler: RequestListener): Promise<string> => {
  const server: Server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const setUp = (
  options: HttpLoggingOptions = {},
): Capture & { options: HttpLoggingOptions; line(): Promise<Record<string, unknown>> } => {
  const seen = captured();
  let now = 0;
  return {
    ...seen,
    options: { logger: seen.logger, clock: () => (now += 5), generateId: () => 'made', ...options },
    line: async () => {
      while (!seen.records().some(({ message }) => String(message).startsWith('request ')))
        await new Promise((resolve) => setImmediate(resolve));
      return seen.records().find(({ message }) => String(message).startsWith('request '))!;
    },
  };
};

describe('node http', () => {
  it('gives each request an id, a context and one line', async () => {
    const { options, line, records } = setUp();
    const middleware = httpLogging(options);
    const url = await listen((request, response) =>
      middleware(request, response, async () => {
        await null;
        response.statusCode = 201;
        response.end(CorrelationContext.current()?.correlationId);
      }),
    );
    const answer = await fetch(`${url}/a?q=1&access_token=s3cr3t`);
    expect([answer.headers.get('x-request-id'), await answer.text()]).toEqual(['made', 'made']);
    const { timestamp: _time, ...rest } = await line();
    expect(rest).toEqual({
      level: 'info',
      logger: 'test',
      correlationId: 'made',
      message: 'request completed',
      method: 'GET',
      url: '/a?q=1&access_token=[REDACTED]',
      status: 201,
      durationMs: 5,
    });
    expect(records()).toHaveLength(1);
  });

  it.each<[string, Record<string, string>, object]>([
    ['a valid x-request-id', { 'x-request-id': 'abc-1' }, { correlationId: 'abc-1' }],
    ['x-correlation-id behind it', { 'x-correlation-id': 'abc-2' }, { correlationId: 'abc-2' }],
    ['no id with spaces', { 'x-request-id': 'a b' }, { correlationId: 'made' }],
    ['no id too long', { 'x-request-id': 'a'.repeat(129) }, { correlationId: 'made' }],
    [
      'a trace id',
      { traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` },
      { correlationId: 'made', traceId: 'ab'.repeat(16) },
    ],
  ])('takes %s', async (_name, headers, expected) => {
    const { options, line } = setUp();
    const middleware = httpLogging(options);
    const url = await listen((request, response) => middleware(request, response, () => response.end()));
    const answer = await fetch(url, { headers });
    expect(answer.headers.get('x-request-id')).toBe((expected as { correlationId: string }).correlationId);
    expect(await line()).toMatchObject(expected);
  });

  it.each([
    `ff-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`,
    `00-${'0'.repeat(32)}-${'cd'.repeat(8)}-01`,
    `00-${'AB'.repeat(16)}-${'cd'.repeat(8)}-01`,
  ])('does not believe traceparent %s', async (traceparent) => {
    const { options, line } = setUp();
    const middleware = httpLogging(options);
    const url = await listen((request, response) => middleware(request, response, () => response.end()));
    await fetch(url, { headers: { traceparent } });
    expect(await line()).not.toHaveProperty('traceId');
  });

  it.each(['a b', 'x\r\ny: z', ''])('does not use a made id that is none (%j)', async (made) => {
    const { options, line } = setUp({ generateId: () => made });
    const middleware = httpLogging(options);
    const url = await listen((request, response) => middleware(request, response, () => response.end()));
    const answer = await fetch(url);
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect((await line()).correlationId).toBe(answer.headers.get('x-request-id'));
  });

  it('tells a client that left from a response that ended', async () => {
    const { options, line } = setUp();
    const middleware = httpLogging(options);
    const url = await listen((request, response) =>
      middleware(request, response, () => response.write('part')),
    );
    const request = get(url);
    request.on('error', () => {});
    await once(request, 'response');
    request.destroy();
    expect(await line()).toMatchObject({ level: 'warn', message: 'request aborted', aborted: true });
  });

  it('leaves ignored requests out, but gives them their id', async () => {
    const { options, line, records } = setUp({ ignore: ({ url }) => url === '/health' });
    const middleware = httpLogging(options);
    const url = await listen((request, response) => middleware(request, response, () => response.end()));
    expect((await fetch(`${url}/health`)).headers.get('x-request-id')).toBe('made');
    await fetch(`${url}/other`);
    expect(await line()).toMatchObject({ url: '/other' });
    expect(records()).toHaveLength(1);
  });

  it('refuses wrong options with their name', () => {
    expect(() => httpLogging({ header: 'a b' })).toThrow(
      new TypeError('header must be a header name, got a b'),
    );
    expect(() => httpLogging({ logger: {} as never })).toThrow(
      new TypeError('logger must have info(message, fields), got [object Object]'),
    );
  });
});

describe('express', () => {
  it('labels the route by its pattern, keeps the context behind a body parser and in error handlers', async () => {
    const { options, line, records } = setUp();
    const app = express();
    const router = express.Router();
    app.use(httpLogging(options), express.json());
    router.post('/items/:id', (request, response) =>
      response.json([CorrelationContext.current()?.correlationId, request.body]),
    );
    app.use('/api', router);
    const url = await listen(app);
    const answer = await fetch(`${url}/api/items/7`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect(await answer.json()).toEqual(['made', { a: 1 }]);
    expect(await line()).toMatchObject({
      method: 'POST',
      route: '/api/items/:id',
      url: '/api/items/7',
      status: 200,
    });
    expect(records()).toHaveLength(1);
  });

  it('logs a failure as an error, a miss without a label of its own', async () => {
    const failed = setUp();
    const app = express();
    app.use(httpLogging(failed.options));
    app.get('/boom', (_request, _response, next) => next(new Error('boom')));
    app.use(
      (
        _error: unknown,
        _request: unknown,
        response: { status(code: number): { send(text: string): void } },
        _next: unknown,
      ) => response.status(503).send(String(CorrelationContext.current()?.correlationId)),
    );
    const url = await listen(app);
    expect(await (await fetch(`${url}/boom`)).text()).toBe('made');
    expect(await failed.line()).toMatchObject({ level: 'error', status: 503, route: '/boom' });
    failed.text.length = 0;
    await fetch(`${url}/nowhere`);
    expect(await failed.line()).toMatchObject({ level: 'info', status: 404, route: '(unmatched)' });
  });
});

describe('fastify', () => {
  const serve = async (
    seen: ReturnType<typeof setUp>,
    routes: (app: FastifyInstance) => void,
  ): Promise<string> => {
    const app = fastify();
    closing.push(() => app.close());
    await app.register(fastifyLogging, seen.options);
    routes(app);
    return app.listen({ port: 0, host: '127.0.0.1' });
  };
  const post = (url: string, body: string): Promise<Response> =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const id = (): unknown => CorrelationContext.current()?.correlationId;

  it('keeps the context behind the body, in every later hook and in the handler', async () => {
    const seen = setUp();
    const ids: unknown[] = [];
    const url = await serve(seen, (app) => {
      app.addHook('preValidation', async () => void ids.push(id()));
      app.addHook('preSerialization', async (_request, _reply, payload) => {
        ids.push(id());
        return payload;
      });
      app.addHook('onSend', async () => void ids.push(id()));
      app.addHook('onResponse', async () => void ids.push(id()));
      app.post('/items/:id', async (request) => {
        await null;
        return { id: id(), body: request.body };
      });
    });
    const answer = await post(`${url}/items/7?code=s3cr3t`, JSON.stringify({ text: 'x'.repeat(200_000) }));
    expect(answer.headers.get('x-request-id')).toBe('made');
    expect(((await answer.json()) as { id: string }).id).toBe('made');
    expect(await seen.line()).toMatchObject({
      correlationId: 'made',
      method: 'POST',
      route: '/items/:id',
      url: '/items/7?code=[REDACTED]',
      status: 200,
    });
    expect(ids).toEqual(['made', 'made', 'made', 'made']);
    expect(seen.records()).toHaveLength(1);
  });

  it('keeps the context in the error handler of a body that does not parse', async () => {
    const seen = setUp();
    const url = await serve(seen, (app) => {
      app.setErrorHandler((_error, _request, reply) => void reply.code(400).send({ id: id() }));
      app.post('/items', async () => 'never');
    });
    const answer = await post(`${url}/items`, '{broken');
    expect([answer.status, await answer.json()]).toEqual([400, { id: 'made' }]);
    expect(await seen.line()).toMatchObject({ status: 400, route: '/items', level: 'info' });
  });

  it('gives a hijacked reply its header and its line', async () => {
    const seen = setUp();
    const url = await serve(seen, (app) => {
      app.post('/raw', (_request, reply) => {
        reply.hijack();
        reply.raw.writeHead(202).end(String(id()));
      });
    });
    const answer = await post(`${url}/raw`, '{}');
    expect([answer.status, answer.headers.get('x-request-id'), await answer.text()]).toEqual([
      202,
      'made',
      'made',
    ]);
    expect(await seen.line()).toMatchObject({ route: '/raw', status: 202 });
  });

  it('labels misses alike', async () => {
    const seen = setUp();
    const url = await serve(seen, () => {});
    await fetch(`${url}/nowhere/7`);
    expect(await seen.line()).toMatchObject({ status: 404, route: '(unmatched)' });
  });
});
