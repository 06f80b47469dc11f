import { createServer } from 'node:http';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { ErrorCode, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js';
import { initTRPC, TRPCError } from '@trpc/server';
import express from 'express';
import * as jose from 'jose';
import jwt from 'jsonwebtoken';
import multer from 'multer';
import CircuitBreaker from 'opossum';
import { z } from 'zod';
import {
  answered,
  bad,
  cancelled,
  closedPort,
  conflict,
  dropped,
  errorOf,
  late,
  listen,
  refused,
  rolledBack,
  type Verdict,
  verdictOf,
} from './real-servers.ts';

const thrown = (error: unknown) => (): never => {
  throw error;
};
const signedOut: Verdict = ['AUTHENTICATION', 'UNAUTHENTICATED', 401, 'never', 'warning'];
const badInput: Verdict = ['VALIDATION', 'INVALID_ARGUMENT', 400, 'never', 'warning'];

describe('gRPC', () => {
  const service = {
    call: {
      path: '/test.Test/Call',
      requestStream: false,
      responseStream: false,
      requestSerialize: (text: string) => Buffer.from(text),
      requestDeserialize: String,
      responseSerialize: (text: string) => Buffer.from(text),
      responseDeserialize: String,
    },
  } as const;
  const Stub = grpc.makeGenericClientConstructor(service, 'Test');
  type Done = (error: unknown, answer?: unknown) => void;
  type Call = { call(request: string, options: object, done: Done): { cancel(): void }; close(): void };
  const server = new grpc.Server();
  server.addService(service, {
    call: ({ request }: { request: string }, done: Done) => {
      if (request !== 'hang') done({ code: Number(request), details: 'told' });
    },
  } as never);
  const stubFor = (port: number) =>
    new Stub(`127.0.0.1:${port}`, grpc.credentials.createInsecure()) as unknown as Call;
  const calling = (stub: Call, request: string, options = {}) =>
    new Promise((resolve, reject) =>
      stub.call(request, options, (error, answer) => (error ? reject(error) : resolve(answer))),
    );
  let stub: Call;
  beforeAll(async () => {
    const insecure = grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', insecure, (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    stub = stubFor(port);
  });
  afterAll(() => {
    stub.close();
    server.forceShutdown();
  });

  it.each<[number, Verdict]>([
    [1, cancelled],
    [3, bad],
    [4, late],
    [5, ['NOT_FOUND', 'NOT_FOUND', 404, 'never', 'error']],
    [6, conflict],
    [7, answered[403]],
    [8, answered[429]],
    [9, ['PRECONDITION', 'FAILED_PRECONDITION', 400, 'never', 'error']],
    [10, rolledBack],
    [12, ['UNIMPLEMENTED', 'UNIMPLEMENTED', 501, 'never', 'error']],
    [13, ['EXTERNAL_SERVICE', 'INTERNAL', 502, 'never', 'error']],
    [14, dropped],
    [15, ['DATA_LOSS', 'DATA_LOSS', 500, 'never', 'critical']],
    [16, answered[401]],
  ])('status %s', async (code, expected) => {
    expect(await verdictOf(() => calling(stub, String(code)))).toEqual(expected);
  });

  it('a deadline, a call given up, a closed port', async () => {
    expect(await verdictOf(() => calling(stub, 'hang', { deadline: Date.now() + 20 }))).toEqual(late);
    const givenUp = new Promise((_, reject) => stub.call('hang', {}, reject).cancel());
    expect(await verdictOf(() => givenUp)).toEqual(cancelled);
    const away = stubFor(await closedPort());
    expect(await verdictOf(() => calling(away, '1'))).toEqual(dropped);
    away.close();
  });
});

describe('tRPC', () => {
  const t = initTRPC.create();
  const router = t.router({
    named: t.procedure.input(z.object({ name: z.string() })).query(() => 1),
    refused: t.procedure.query(thrown(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))),
    login: t.procedure.query(thrown(new TRPCError({ code: 'UNAUTHORIZED' }))),
  });
  const caller = t.createCallerFactory(router)({});

  it('a claim is passed on, a failure inside is told by its cause', async () => {
    expect(await verdictOf(() => caller.named({ name: 7 } as never))).toEqual(bad);
    expect(await verdictOf(() => caller.login())).toEqual([
      'AUTHENTICATION',
      'UNAUTHENTICATED',
      401,
      'never',
      'error',
    ]);
    expect(await verdictOf(() => caller.refused())).toEqual(refused);
  });
});

describe('MCP', () => {
  it.each<[keyof typeof ErrorCode, Verdict]>([
    ['InvalidParams', badInput],
    ['MethodNotFound', ['UNIMPLEMENTED', 'UNIMPLEMENTED', 501, 'never', 'error']],
    ['InternalError', ['EXTERNAL_SERVICE', 'INTERNAL', 502, 'never', 'error']],
    ['ConnectionClosed', dropped],
    ['RequestTimeout', late],
  ])('%s', async (name, expected) => {
    expect(await verdictOf(thrown(new McpError(ErrorCode[name] as number, 'told')))).toEqual(expected);
  });

  it('no answer in time, a call given up, a connection that closes', async () => {
    const [near, far] = InMemoryTransport.createLinkedPair();
    const server = new Server({ name: 's', version: '1' }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, () => new Promise(() => {}));
    const client = new Client({ name: 'c', version: '1' });
    await Promise.all([server.connect(near), client.connect(far)]);
    expect(await verdictOf(() => client.listTools({}, { timeout: 10 }))).toEqual(late);
    expect(await verdictOf(() => client.listTools({}, { signal: AbortSignal.abort() }))).toEqual(cancelled);
    const pending = errorOf(() => client.listTools());
    await near.close();
    expect(await verdictOf(thrown(await pending))).toEqual(dropped);
  });

  it('a server over HTTP is a dependency: its status is not our caller’s', async () => {
    const server = createServer((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end();
    });
    const url = `http://127.0.0.1:${await listen(server)}`;
    for (const status of ['401', '404', '429', '503'] as const) {
      const transport = new StreamableHTTPClientTransport(new URL(`${url}/${status}`));
      const client = new Client({ name: 'c', version: '1' });
      expect(await verdictOf(() => client.connect(transport as never))).toEqual(answered[status]);
    }
    server.close();
  });
});

describe('JSON Web Tokens', () => {
  const key = new TextEncoder().encode('k'.repeat(32));
  const token = (edit = (one: jose.SignJWT) => one) =>
    edit(new jose.SignJWT({}).setProtectedHeader({ alg: 'HS256' })).sign(key);

  it.each<[string, () => unknown]>([
    ['jsonwebtoken: expired', () => jwt.verify(jwt.sign({}, 's', { expiresIn: -9 }), 's')],
    ['jsonwebtoken: signed by somebody else', () => jwt.verify(jwt.sign({}, 'other'), 's')],
    ['jsonwebtoken: not valid yet', () => jwt.verify(jwt.sign({}, 's', { notBefore: 999 }), 's')],
    ['jsonwebtoken: no token at all', () => jwt.verify('x', 's')],
    ['jose: expired', async () => jose.jwtVerify(await token((one) => one.setExpirationTime('-1h')), key)],
    ['jose: for somebody else', async () => jose.jwtVerify(await token(), key, { audience: 'us' })],
    [
      'jose: an algorithm not allowed',
      async () => jose.jwtVerify(await token(), key, { algorithms: ['HS512'] }),
    ],
    ['jose: signed by somebody else', async () => jose.jwtVerify(await token(), new Uint8Array(32))],
    ['jose: no token at all', () => jose.jwtVerify('x', key)],
  ])('%s', async (_name, run) => {
    expect(await verdictOf(run)).toEqual(signedOut);
  });

  it('a key set that does not come is a failed dependency, and nobody’s sign-in', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/down') response.writeHead(500).end();
    });
    const url = `http://127.0.0.1:${await listen(server)}`;
    const { privateKey } = await jose.generateKeyPair('ES256');
    const signed = await new jose.SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'k' }).sign(privateKey);
    const verify = (place: string) =>
      jose.jwtVerify(signed, jose.createRemoteJWKSet(new URL(place), { timeoutDuration: 20 }));
    expect(await verdictOf(() => verify(`${url}/down`))).toEqual([
      'EXTERNAL_SERVICE',
      'UNAVAILABLE',
      502,
      'idempotent-only',
      'error',
    ]);
    expect((await verdictOf(() => verify(`${url}/hang`)))[0]).toBe('TIMEOUT');
    const closed = await closedPort();
    expect(await verdictOf(() => verify(`http://127.0.0.1:${closed}`))).toEqual(refused);
    server.closeAllConnections();
    server.close();
  });
});

describe('multer', () => {
  const tooLarge: Verdict = ['VALIDATION', 'INVALID_ARGUMENT', 413, 'never', 'error'];
  const app = express();
  const server = createServer(app as never);
  let seen: unknown;
  let url: string;
  beforeAll(async () => {
    app.use(multer({ limits: { fileSize: 2, fields: 1, fieldNameSize: 5, fieldSize: 3 } }).single('file'));
    app.use(((error: unknown, _request: unknown, response: { end(): void }, _next: unknown) => {
      seen = error;
      response.end();
    }) as never);
    url = `http://127.0.0.1:${await listen(server)}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const part = 'content-disposition: form-data; name="file"; filename="a"';

  it.each<[string, string | ((form: FormData) => void), Verdict]>([
    ['a file too large', (form) => form.set('file', new Blob(['too large']), 'a'), tooLarge],
    ['a file not expected', (form) => form.set('other', new Blob(['a']), 'a'), bad],
    ['a value too long', (form) => form.set('name', 'too long'), tooLarge],
    ['a name too long', (form) => form.set('much too long', ''), bad],
    ['a body cut short', `--x\r\n${part}\r\n\r\na`, bad],
  ])('%s', async (_name, body, expected) => {
    const form = new FormData();
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    if (typeof body !== 'string') body(form);
    await fetch(url, { method: 'POST', ...(typeof body === 'string' ? { body, headers } : { body: form }) });
    expect(await verdictOf(thrown(seen))).toEqual(expected);
  });
});

describe('opossum', () => {
  const hang = () => new Promise<never>(() => {});

  it('a call out of time, and no room for another', async () => {
    const breaker = new CircuitBreaker(hang, { capacity: 1, timeout: 20 });
    const first = errorOf(() => breaker.fire());
    expect(await verdictOf(() => breaker.fire())).toEqual([
      'RESOURCE',
      'RESOURCE_EXHAUSTED',
      503,
      'not-sent',
      'warning',
    ]);
    expect(await verdictOf(thrown(await first))).toEqual(late);
    breaker.shutdown();
  });

  it('an open circuit', async () => {
    const breaker = new CircuitBreaker(hang, { resetTimeout: 1000 });
    breaker.open();
    expect(await verdictOf(() => breaker.fire())).toEqual([
      'UNAVAILABLE',
      'UNAVAILABLE',
      503,
      'not-sent',
      'error',
    ]);
    breaker.shutdown();
  });
});
