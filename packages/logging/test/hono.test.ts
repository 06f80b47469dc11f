import { once } from 'node:events';
import { get, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createAdaptorServer } from '@hono/node-server';
import { describe, expect, it } from '@jest/globals';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { streamText } from 'hono/streaming';
import { honoLogging } from '../src/http.ts';
import { CorrelationContext } from '../src/index.ts';
import { failures } from './failures.ts';
import { closeLater, watched } from './served.ts';

const id = (): string | undefined => CorrelationContext.current()?.correlationId;

type Options = Parameters<typeof honoLogging>[0];

const application = (options: Options): Hono => {
  const app = new Hono();
  app.use(honoLogging(options));
  const items = new Hono();
  items.onError((_error, c) => c.text('broken', 502));
  items.get('/:id', async (c) => {
    await null;
    return c.json({ id: id(), item: c.req.param('id') });
  });
  items.get('/:id/broken', () => {
    throw new Error('broken');
  });
  items.post('/', async (c) => c.json({ id: id(), body: await c.req.text() }));
  app.route('/items', items);
  app.get('/files/*', (c) => c.text('file'));
  app.get('/raw', () => new Response('raw'));
  app.get('/none', (c) => c.body(null, 204));
  app.get('/own', (c) => c.body(null, 200, { 'x-request-id': 'own' }));
  app.all('/proxy/:id', (c) => c.text('none', 404));
  app.get('/boom', () => {
    throw new Error('boom');
  });
  app.get('/stream', (c) =>
    streamText(c, async (stream) => {
      await stream.write(`${id()} `);
      await stream.write(String(id()));
    }),
  );
  app.use('/closed/*', async (c) => c.text('closed', 401));
  app.onError((error, c) => c.json({ id: id(), error: error.message }, 500));
  return app;
};

const listen = async (app: Hono): Promise<{ url: string; port: number }> => {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeLater(server);
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}` };
};

describe.each<[string, (app: Hono) => Promise<(path: string, init?: RequestInit) => Promise<Response>>]>([
  [
    '@hono/node-server',
    async (app) => {
      const { url } = await listen(app);
      return (path, init) => fetch(`${url}${path}`, init);
    },
  ],
  ['plain fetch', async (app) => async (path, init) => app.request(path, init)],
])('hono under %s', (_name, start) => {
  const requested = async (
    path: string,
    init?: RequestInit,
  ): Promise<{ answer: Response; body: string; line: Record<string, unknown>; count: number }> => {
    const { options, lines, records } = watched<Request>();
    const send = await start(application(options));
    const answer = await send(path, init);
    const body = await answer.text();
    const [line] = await lines();
    return { answer, body, line: line!, count: records().length };
  };

  it('gives each request an id, a context and one line', async () => {
    const { answer, body, line, count } = await requested('/items/7?token=s3cr3t');
    expect([answer.headers.get('x-request-id'), JSON.parse(body)]).toEqual([
      'made-1',
      { id: 'made-1', item: '7' },
    ]);
    const { timestamp: _time, ...rest } = line;
    expect(rest).toEqual({
      level: 'info',
      logger: 'test',
      correlationId: 'made-1',
      message: 'request completed',
      method: 'GET',
      route: '/items/:id',
      url: '/items/7?token=[REDACTED]',
      status: 200,
      durationMs: 5,
    });
    expect(count).toBe(1);
  });

  it.each<[string, string, number]>([
    ['/items/7', '/items/:id', 200],
    ['/files/a/b', '/files/*', 200],
    ['/raw', '/raw', 200],
    ['/none', '/none', 204],
    ['/items/7/broken', '/items/:id/broken', 502],
    ['/boom', '/boom', 500],
    ['/closed/1', '/closed/*', 401],
    ['/proxy/7', '/proxy/:id', 404],
    ['/nowhere/1', '(unmatched)', 404],
    ['/nowhere/2', '(unmatched)', 404],
  ])('labels %s as %s, and its answer has the id', async (path, route, status) => {
    const { answer, line } = await requested(path);
    expect(line).toMatchObject({ route, status, level: status >= 500 ? 'error' : 'info' });
    expect(answer.headers.get('x-request-id')).toBe('made-1');
  });

  it('keeps the context behind the body, in the error handler and in a stream', async () => {
    expect(
      JSON.parse((await requested('/items', { method: 'POST', body: 'x'.repeat(100_000) })).body),
    ).toMatchObject({ id: 'made-1' });
    expect(JSON.parse((await requested('/boom')).body)).toEqual({ id: 'made-1', error: 'boom' });
    expect((await requested('/stream')).body).toBe('made-1 made-1');
  });

  it('leaves an id that the application set itself', async () =>
    expect((await requested('/own')).answer.headers.get('x-request-id')).toBe('own'));

  it('has a line for HEAD', async () => {
    const { answer, line } = await requested('/items/7', { method: 'HEAD' });
    expect(answer.headers.get('x-request-id')).toBe('made-1');
    expect(line).toMatchObject({ method: 'HEAD', status: 200, route: '/items/:id' });
  });

  it('takes id and trace from the request', async () => {
    const headers = { 'x-request-id': 'r-1', traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` };
    const { answer, line } = await requested('/raw', { headers });
    expect(answer.headers.get('x-request-id')).toBe('r-1');
    expect(line).toMatchObject({
      correlationId: 'r-1',
      traceId: 'ab'.repeat(16),
      parentSpanId: 'cd'.repeat(8),
    });
  });

  it('asks ignore about the fetch Request, with the status', async () => {
    const { options, lines, records } = watched<Request>({
      ignore: (request, status) => new URL(request.url).pathname === '/raw' && status === 200,
    });
    const send = await start(application(options));
    await (await send('/raw')).text();
    await (await send('/none')).text();
    expect((await lines())[0]).toMatchObject({ url: '/none' });
    expect(records()).toHaveLength(1);
  });

  it('writes one line when it is there twice, and behind a middleware that throws the body away', async () => {
    const { options, lines, records } = watched<Request>();
    const app = new Hono();
    app.use(etag(), honoLogging(options), honoLogging(options));
    app.get('/cached', (c) => c.text('same'));
    const send = await start(app);
    const first = await send('/cached');
    await first.text();
    const second = await send('/cached', { headers: { 'if-none-match': first.headers.get('etag')! } });
    expect(second.status).toBe(304);
    await lines(2);
    expect(records()).toHaveLength(2);
  });
});

describe('hono under @hono/node-server', () => {
  it('tells a client that left from a stream that ended', async () => {
    const { options, lines } = watched<Request>();
    const app = new Hono().use(honoLogging(options));
    const gate = Promise.withResolvers<void>();
    app.get('/', (c) =>
      streamText(c, async (stream) => {
        await stream.write('part');
        await gate.promise;
      }),
    );
    const { url } = await listen(app);
    const leaving = get(url);
    leaving.on('error', () => {});
    const [response] = (await once(leaving, 'response')) as [IncomingMessage];
    response.on('error', () => {});
    leaving.destroy();
    expect((await lines())[0]).toMatchObject({ level: 'warn', aborted: true, status: 200 });
    gate.resolve();
  });

  it('knows the address of the client', async () => {
    const { options, lines } = watched<Request>({ include: ['userAgent', 'bytesSent'], trustProxy: 1 });
    const { url } = await listen(application(options));
    await fetch(`${url}/raw`, { headers: { 'x-forwarded-for': '1.2.3.4', 'user-agent': 'me' } });
    expect((await lines())[0]).toMatchObject({
      ip: '1.2.3.4',
      userAgent: 'me',
      bytesSent: expect.any(Number),
    });
  });

  it.each([
    [
      '/chat/7',
      'HTTP/1.1 101 Switching Protocols',
      { message: 'connection closed', route: '/chat/:room', status: 101 },
    ],
    [
      '/nowhere',
      'HTTP/1.1 404 Not Found',
      { message: 'request completed', route: '(unmatched)', status: 404 },
    ],
  ])('gives the upgrade of %s the line of its connection', async (path, answer, line) => {
    const { options, lines } = watched<Request>();
    const app = new Hono().use(honoLogging(options));
    app.get('/chat/:room', (c) => c.body(null));
    const server = createAdaptorServer({ fetch: app.fetch }) as Server;
    // As its websocket support does: the request goes through the application without a response to write to.
    server.on('upgrade', async (request, socket) => {
      await app.fetch(new Request(`http://x${request.url}`), { incoming: request, outgoing: undefined });
      socket.end(`${answer}\r\n\r\n`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closeLater(server);
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
    await text(socket);
    expect((await lines())[0]).toMatchObject({ ...line, url: path });
  });
});

describe('hono under plain fetch', () => {
  it('passes on what is thrown past hono, with an error line', async () => {
    const { options, records } = watched<Request>();
    const app = new Hono().use(honoLogging(options));
    app.get('/', () => {
      throw 'no error';
    });
    await expect(async () => app.request('/')).rejects.toBe('no error');
    expect(records()).toMatchObject([{ level: 'error', status: 500, route: '/' }]);
  });

  it('tells a client that left before the answer', async () => {
    const { options, records } = watched<Request>();
    const leaving = new AbortController();
    const app = new Hono().use(honoLogging(options));
    app.get('/', (c) => {
      leaving.abort();
      return c.text('late');
    });
    await app.request('/', { signal: leaving.signal });
    expect(records()).toMatchObject([{ level: 'warn', aborted: true }]);
  });

  it('gives a response that cannot be changed its header', async () => {
    const { options } = watched<Request>();
    const app = new Hono().use(honoLogging(options));
    // As those that fetch gives.
    app.get('/', () => Response.redirect('https://api.example/', 302));
    expect((await app.request('/')).headers.get('x-request-id')).toBe('made-1');
  });

  it('leaves a response that switches protocols as it is', async () => {
    const { options, records } = watched<Request>();
    const seen = failures();
    const switching = Object.defineProperty(new Response(null), 'status', { value: 101 });
    const app = new Hono().use(honoLogging(options));
    app.get('/', () => switching);
    expect(await app.request('/')).toBe(switching);
    expect(records()).toMatchObject([{ status: 101 }]);
    expect(seen()).toEqual([]);
  });

  it('refuses an option it does not know', () =>
    expect(() => honoLogging({ headers: 'x' } as never)).toThrow(
      'honoLogging has no option "headers"; it knows logger',
    ));
});
