import { once } from 'node:events';
import { Agent, get, request as httpRequest, type IncomingMessage, ServerResponse } from 'node:http';
import http2 from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import fastify from 'fastify';
import { fastifyLogging, httpLogging, httpUpgradeLogging } from '../src/http.ts';
import { CorrelationContext } from '../src/index.ts';
import { serve, watched } from './served.ts';

const id = (): string | undefined => CorrelationContext.current()?.correlationId;
const bodyOf = async (request: ReturnType<typeof get>): Promise<string> => {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return text(response);
};

describe('a client that leaves', () => {
  it('before the head: aborted, without a status that was never sent', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const { url, server } = await serve((request, response) => middleware(request, response, () => {}));
    const leaving = get(url);
    leaving.on('error', () => {});
    await once(server, 'request');
    leaving.destroy();
    const [line] = await lines();
    expect(line).toMatchObject({
      level: 'warn',
      message: 'request aborted',
      aborted: true,
      correlationId: 'made-1',
    });
    expect(line).not.toHaveProperty('status');
  });

  it('in the midst of a stream: aborted, with the status that went out', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const { url } = await serve((request, response) =>
      middleware(request, response, () => void response.writeHead(206).write('part')),
    );
    const leaving = get(url);
    leaving.on('error', () => {});
    await once(leaving, 'response');
    leaving.destroy();
    expect((await lines())[0]).toMatchObject({ aborted: true, status: 206 });
  });

  it('by resetting a stream of HTTP/2: aborted, while its neighbour on the connection completes', async () => {
    const { options, lines } = watched({ include: ['ip', 'bytesSent'] });
    const middleware = httpLogging(options);
    const server = http2.createServer((request, response) =>
      middleware(request as never, response as never, () => {
        if (request.url === '/left') response.write('part');
        else response.end(String(id()));
      }),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const left = client.request({ ':path': '/left' });
    await once(left, 'data');
    left.close(http2.constants.NGHTTP2_CANCEL);
    expect((await lines())[0]).toMatchObject({ url: '/left', level: 'warn', aborted: true, status: 200 });
    expect(await text(client.request({ ':path': '/stayed' }))).toBe('made-2');
    const [, line] = await lines(2);
    expect(line).toMatchObject({ url: '/stayed', message: 'request completed', ip: '127.0.0.1' });
    // A connection of HTTP/2 carries several streams at once.
    expect(line).not.toHaveProperty('bytesSent');
    client.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('while its body is still coming: one line, and what listens there knows the request', async () => {
    const { options, lines, records } = watched();
    const middleware = httpLogging(options);
    const closed: unknown[] = [];
    const { url, server } = await serve((request, response) =>
      middleware(request, response, () => {
        request.on('aborted', () => closed.push(id()));
        request.on('error', () => closed.push(id()));
        response.on('close', () => closed.push(id()));
        request.resume();
      }),
    );
    const leaving = httpRequest(url, { method: 'POST', headers: { 'content-length': 1_000 } });
    leaving.on('error', () => {});
    leaving.write('part');
    await once(server, 'request');
    leaving.destroy();
    await lines();
    expect(new Set(closed)).toEqual(new Set(['made-1']));
    expect(records()).toHaveLength(1);
  });
});

describe('a connection kept alive', () => {
  it('gives each of its requests an id, a context and a line of its own', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const sockets = new Set<Socket>();
    const { url } = await serve((request, response) =>
      middleware(request, response, () => {
        sockets.add(request.socket);
        setImmediate(() => response.end(id()));
      }),
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const bodies: string[] = [];
    for (let turn = 0; turn < 3; turn++) bodies.push(await bodyOf(get(url, { agent })));
    agent.destroy();
    expect(sockets.size).toBe(1);
    expect(bodies).toEqual(['made-1', 'made-2', 'made-3']);
    expect((await lines(3)).map(({ correlationId }) => correlationId)).toEqual(bodies);
  });

  it('leaves no listener of ours on the socket', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const counts: number[] = [];
    const { url } = await serve((request, response) => {
      counts.push(
        request.socket.eventNames().reduce((sum, name) => sum + request.socket.listenerCount(name), 0),
      );
      middleware(request, response, () => response.end());
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let turn = 0; turn < 30; turn++) await bodyOf(get(url, { agent }));
    agent.destroy();
    await lines(30);
    expect(counts.at(-1)).toBe(counts[1]);
  });

  it('tells pipelined requests apart', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const { port } = await serve((request, response) =>
      middleware(request, response, () => response.end(id())),
    );
    const socket = connect(port, '127.0.0.1');
    socket.end(['/a', '/b', '/c'].map((path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`).join(''));
    const answer = await text(socket);
    expect(answer.match(/x-request-id: (\S+)/gi)).toHaveLength(3);
    expect((await lines(3)).map(({ url, correlationId }) => [url, correlationId])).toEqual([
      ['/a', 'made-1'],
      ['/b', 'made-2'],
      ['/c', 'made-3'],
    ]);
  });
});

describe('an answer', () => {
  it('to HEAD is complete without a body', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const { url } = await serve((request, response) =>
      middleware(request, response, () =>
        response.writeHead(200, { 'content-length': 10 }).end('0123456789'),
      ),
    );
    const answer = await fetch(url, { method: 'HEAD' });
    expect([answer.headers.get('x-request-id'), await answer.text()]).toEqual(['made-1', '']);
    expect((await lines())[0]).toMatchObject({ method: 'HEAD', status: 200, message: 'request completed' });
  });

  it('that streams has its line at the end, and its context in every chunk', async () => {
    const { options, lines, records } = watched();
    const middleware = httpLogging(options);
    const gate = Promise.withResolvers<void>();
    const { url } = await serve((request, response) =>
      middleware(request, response, async () => {
        response.write(`${id()} `);
        await gate.promise;
        response.end(id());
      }),
    );
    const request = get(url);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(records()).toEqual([]);
    gate.resolve();
    expect(await text(response)).toBe('made-1 made-1');
    expect((await lines())[0]).toMatchObject({ message: 'request completed', status: 200 });
  });

  it('that ends twice has one line', async () => {
    const { options, lines, records } = watched();
    const middleware = httpLogging(options);
    const { url } = await serve((request, response) =>
      middleware(request, response, () => {
        response.end('once');
        response.end();
        response.emit('close');
      }),
    );
    expect(await (await fetch(url)).text()).toBe('once');
    await lines();
    expect(records()).toHaveLength(1);
  });

  it('is in its context when it finishes and closes, for listeners of the user', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const seen: unknown[] = [];
    const { url } = await serve((request, response) => {
      response.on('finish', () => seen.push(['finish', id()]));
      response.on('close', () => seen.push(['close', id()]));
      middleware(request, response, () => response.end());
    });
    await (await fetch(url)).text();
    await lines();
    while (seen.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([
      ['finish', 'made-1'],
      ['close', 'made-1'],
    ]);
  });
});

describe('a handler that throws before the head', () => {
  it('is an error line in express', async () => {
    const { options, lines } = watched();
    const app = express();
    app.use(httpLogging(options));
    app.get('/boom', () => {
      throw new Error('boom');
    });
    const { url } = await serve(app);
    const answer = await fetch(`${url}/boom`);
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([500, 'made-1']);
    expect((await lines())[0]).toMatchObject({ level: 'error', status: 500, route: '/boom' });
  });

  it('is an error line in fastify', async () => {
    const { options, lines } = watched();
    const app = fastify();
    await app.register(fastifyLogging, options);
    app.get('/boom', async () => {
      throw new Error('boom');
    });
    const answer = await app.inject('/boom');
    await app.close();
    expect([answer.statusCode, answer.headers['x-request-id']]).toEqual([500, 'made-1']);
    expect((await lines())[0]).toMatchObject({ level: 'error', status: 500, route: '/boom' });
  });

  it('passes its error through the bare middleware, whose line comes when the connection goes', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const boom = new Error('boom');
    const thrown: unknown[] = [];
    const { url } = await serve((request, response) => {
      try {
        middleware(request, response, () => {
          throw boom;
        });
      } catch (error) {
        thrown.push(error);
        response.destroy();
      }
    });
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    expect(thrown).toEqual([boom]);
    expect((await lines())[0]).toMatchObject({ level: 'warn', aborted: true });
  });
});

describe('an upgrade', () => {
  const head =
    'GET /chat?token=s3cr3t HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nx-request-id: ws-1\r\n\r\n';
  const accepted = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';
  const dial = (port: number): Socket => {
    const socket = connect(port, '127.0.0.1');
    socket.write(head);
    return socket;
  };

  it('has its line when the connection closes, and its context in every event of the socket', async () => {
    const { options, lines, records } = watched();
    const { server, port } = await serve();
    const logUpgrade = httpUpgradeLogging(options);
    const seen: unknown[] = [];
    server.on('upgrade', (request, socket) => {
      const result = logUpgrade(request, socket, () => {
        socket.on('data', (chunk) => {
          seen.push([String(chunk), id()]);
          socket.write('pong');
        });
        socket.on('end', () => socket.end());
        socket.write(accepted);
        return id();
      });
      seen.push(result);
    });
    const socket = dial(port);
    await once(socket, 'data');
    socket.write('ping');
    await once(socket, 'data');
    expect(records()).toEqual([]);
    socket.end();
    const [line] = await lines();
    expect(seen).toEqual(['ws-1', ['ping', 'ws-1']]);
    expect(line).toMatchObject({
      level: 'info',
      message: 'connection closed',
      correlationId: 'ws-1',
      method: 'GET',
      url: '/chat?token=[REDACTED]',
      status: 101,
      upgraded: true,
    });
  });

  it.each([
    ['by end', (socket: Socket) => socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')],
    [
      'by write',
      (socket: Socket) => {
        socket.write(Buffer.from('HTTP/1.1 401 Unauthorized\r\n\r\n'));
        socket.end();
      },
    ],
  ])('that is refused %s has the status of the refusal', async (_name, refuse) => {
    const { options, lines } = watched();
    const { server, port } = await serve();
    const logUpgrade = httpUpgradeLogging(options);
    server.on('upgrade', (request, socket) => logUpgrade(request, socket, () => refuse(socket as Socket)));
    expect(await text(dial(port))).toContain('401');
    const [line] = await lines();
    expect(line).toMatchObject({ level: 'info', message: 'request completed', status: 401 });
    expect(line).not.toHaveProperty('upgraded');
  });

  it('that nobody answers is aborted, without a status', async () => {
    const { options, lines } = watched();
    const { server, port } = await serve();
    const logUpgrade = httpUpgradeLogging(options);
    server.on('upgrade', (request, socket) => logUpgrade(request, socket, () => socket.destroy()));
    const socket = dial(port);
    socket.on('error', () => {});
    const [line] = await lines();
    expect(line).toMatchObject({ level: 'warn', message: 'request aborted', aborted: true });
    expect(line).not.toHaveProperty('status');
  });

  it('that goes through the middleware with a response nobody uses is no abort, and keeps its context', async () => {
    // So do @fastify/websocket and express-ws.
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const { server, port } = await serve();
    const seen: unknown[] = [];
    server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
      const response = new ServerResponse(request);
      response.assignSocket(socket);
      middleware(request, response, () => {
        socket.on('data', (chunk) => {
          seen.push([String(chunk), id()]);
          socket.end('pong');
        });
        socket.write(accepted);
      });
    });
    const socket = dial(port);
    await once(socket, 'data');
    socket.write('ping');
    expect(await text(socket)).toBe('pong');
    expect((await lines())[0]).toMatchObject({
      level: 'info',
      message: 'connection closed',
      status: 101,
      upgraded: true,
    });
    expect(seen).toEqual([['ping', 'ws-1']]);
  });

  it('asked of a server that knows none is an ordinary request', async () => {
    const { options, lines } = watched();
    const middleware = httpLogging(options);
    const { port } = await serve((request, response) =>
      middleware(request, response, () => response.writeHead(200, { connection: 'close' }).end()),
    );
    await text(dial(port));
    expect((await lines())[0]).toMatchObject({ message: 'request completed', status: 200 });
  });

  it('gives what next gives, and throws what it throws', async () => {
    const logUpgrade = httpUpgradeLogging(watched().options);
    const { server, port } = await serve();
    const boom = new Error('boom');
    const upgraded = once(server, 'upgrade') as Promise<[IncomingMessage, Socket]>;
    const socket = dial(port);
    const [request, held] = await upgraded;
    expect(() =>
      logUpgrade(request, held, () => {
        throw boom;
      }),
    ).toThrow(boom);
    socket.destroy();
    held.destroy();
  });
});
