import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type McpServerUnderTest, startMcp } from './doubles/mcp-server.ts';
import { post, rpc, toolCall } from './doubles/mcp-wire.ts';

let server: McpServerUnderTest;
let url: URL;
beforeEach(async () => {
  server = await startMcp();
  url = server.address('http');
});
afterEach(() => server.close());

const initialize = (protocolVersion: string) =>
  rpc('initialize', { protocolVersion, capabilities: {}, clientInfo: { name: 'raw', version: '1' } });

const modern = (method: string, params: Record<string, unknown> = {}) => ({
  body: rpc(method, {
    ...params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  }),
  headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method },
});

describe('revisions on one address', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    'initializes %s in plain JSON',
    async (version) => {
      const answer = await post(url, initialize(version));
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(answer.headers.get('mcp-session-id')).toBeNull();
      expect(answer.json().result).toMatchObject({
        protocolVersion: version,
        serverInfo: { name: 'agent4-memory', version: '1.2.3' },
        capabilities: { tools: { listChanged: false } },
      });
    },
  );

  it('serves 2026-07-28 without a handshake', async () => {
    const { body, headers } = modern('tools/list');
    const answer = await post(url, body, headers);
    expect(answer.status).toBe(200);
    expect(answer.json().result!.tools).toHaveLength(5);
  });

  it('refuses a header that contradicts its body', async () => {
    const { body } = modern('tools/list');
    const answer = await post(url, body, { 'mcp-protocol-version': '2025-11-25' });
    expect([answer.status, answer.json().error!.code]).toEqual([400, -32020]);
  });
});

describe('what the client accepts', () => {
  it.each(['application/json', '*/*', 'application/*;q=0.5', 'application/json, text/event-stream'])(
    'is JSON with Accept: %s',
    async (accept) => {
      const answer = await post(url, rpc('ping'), { accept });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
      expect(answer.json()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    },
  );

  it('is an event stream when it takes nothing else', async () => {
    const answer = await post(url, rpc('ping'), { accept: 'text/event-stream' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(answer.text).toMatch(/^event: message\ndata: .*"id":1.*\n\n$/);
  });

  it('is refused with 406 when it is neither', async () => {
    expect((await post(url, rpc('ping'), { accept: 'text/html' })).status).toBe(406);
  });
});

describe('bodies', () => {
  it('accepts a notification without an answer', async () => {
    const answer = await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' });
    expect([answer.status, answer.text]).toEqual([202, '']);
  });

  it('answers each call of an old batch', async () => {
    const answer = await post(url, [rpc('ping', {}, 'a'), rpc('ping', {}, 'b')]);
    expect(JSON.parse(answer.text)).toEqual([
      { jsonrpc: '2.0', id: 'a', result: {} },
      { jsonrpc: '2.0', id: 'b', result: {} },
    ]);
  });

  it.each([
    ['is no JSON', '{"jsonrpc":', {}, 400, -32700, 'MALFORMED_JSON'],
    ['is empty', '', {}, 400, -32700, 'MALFORMED_JSON'],
    [
      'is of a type nobody reads',
      'x',
      { 'content-type': 'application/xml' },
      415,
      -32000,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    [
      'is too large',
      JSON.stringify(rpc('ping', { x: 'x'.repeat(70_000) })),
      {},
      413,
      -32000,
      'BODY_TOO_LARGE',
    ],
  ] as const)('refuses one that %s, with a code', async (_what, body, headers, status, rpcCode, code) => {
    const answer = await post(url, body, headers);
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: { code: rpcCode, data: { code, retryable: false } },
    });
  });

  it('refuses text/plain and JSON that is no message', async () => {
    expect((await post(url, JSON.stringify(rpc('ping')), { 'content-type': 'text/plain' })).status).toBe(415);
    const answer = await post(url, { hello: 'world' });
    expect([answer.status, answer.json().error!.code]).toEqual([400, -32600]);
  });

  it('answers an unknown method and an unknown tool in JSON-RPC', async () => {
    expect((await post(url, rpc('memories/forget'))).json().error).toMatchObject({ code: -32601 });
    expect((await post(url, toolCall('forget'))).json().error).toMatchObject({ code: -32602 });
  });
});

describe('other methods', () => {
  it.each(['GET', 'DELETE', 'PUT', 'PATCH'])('answers %s with 405 and what is allowed', async (method) => {
    const answer = await fetch(url, { method, headers: { accept: 'text/event-stream' } });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await answer.json()).toMatchObject({ jsonrpc: '2.0', error: { code: -32000 }, id: null });
  });

  it('answers a DELETE that says JSON and brings none with 405 as well', async () => {
    const answer = await fetch(url, { method: 'DELETE', headers: { 'content-type': 'application/json' } });
    expect(answer.status).toBe(405);
  });
});

describe('the app around it', () => {
  it('keeps the headers its hooks have set', async () => {
    const answer = await post(url, rpc('ping'), { origin: 'http://localhost:3000' });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
  });

  it('turns a foreign page away before any tool is asked', async () => {
    const answer = await post(url, toolCall('delete_all_memories'), { origin: 'https://evil.example' });
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, 'ORIGIN_NOT_ALLOWED']);
  });

  it('turns a foreign Host away', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request(url, { method: 'POST', headers: { host: 'evil.example' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it.each([
    ['client', { client: 'x'.repeat(257) }],
    ['user', { user: 'x'.repeat(257) }],
    ['user', { user: 'a\nb' }],
  ])('refuses a %s name that can not be one', async (place, names) => {
    const answer = await post(server.address('http', names), rpc('ping'));
    expect(answer.status).toBe(400);
    expect(answer.json().error).toEqual({
      code: -32602,
      message: `The ${place} name in the address must be 1 to 256 characters without control characters`,
      data: { code: 'NAME_INVALID', retryable: false, requestId: 'req-1' },
    });
  });
});

describe('a client that leaves', () => {
  it('stops the call it was waiting for, and that is no failure to report', async () => {
    await server.close();
    let entered = (): void => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    let stopped: Promise<unknown> | undefined;
    server = await startMcp({
      replace: (agents) => ({
        ...agents,
        search: (_agent, _query, _limit, signal) => {
          stopped = new Promise((resolve) => signal!.addEventListener('abort', resolve));
          entered();
          return new Promise(() => {});
        },
      }),
    });
    const leaving = new AbortController();
    const asked = fetch(server.address('http'), {
      method: 'POST',
      signal: leaving.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(toolCall('search_memory', { query: 'x' })),
    });
    await inside;
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await expect(stopped).resolves.toBeDefined();
    expect(server.reported).toEqual([]);
  });

  it('is answered though it cancels a call within its own batch', async () => {
    await server.close();
    server = await startMcp({
      callTimeoutMs: 20,
      replace: (agents) => ({ ...agents, list: () => new Promise(() => {}) }),
    });
    const answer = await post(server.address('http'), [
      toolCall('list_memories', {}, 7),
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } },
    ]);
    expect(answer.status).toBe(504);
  });
});
