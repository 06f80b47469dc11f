import { get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type McpServerUnderTest, startMcp } from './doubles/mcp-server.ts';
import { openStream, post, rpc, toolCall } from './doubles/mcp-wire.ts';

let server: McpServerUnderTest;
beforeEach(async () => {
  server = await startMcp({ maxStreamsPerUser: 2, keepAliveMs: 10 });
});
afterEach(() => server.close());

describe('a stream', () => {
  it('names where to post, with a session nobody can guess', async () => {
    const stream = await openStream(server);
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(stream.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(stream.endpoint.pathname).toBe('/mcp/cursor/sse/ada/messages');
    expect(stream.endpoint.searchParams.get('sessionId')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it('says now and then that it is alive', async () => {
    const stream = await openStream(server);
    expect(await stream.until(': ping\n\n')).toContain(': ping\n\n');
  });

  it('is not opened by HEAD', async () => {
    expect((await fetch(server.address('sse'), { method: 'HEAD' })).status).toBe(404);
  });
});

describe('a message', () => {
  const ways: [string, (endpoint: URL) => URL][] = [
    ['the address the stream names', (endpoint) => endpoint],
    [
      'the same with a slash',
      ({ search }) => new URL(`/mcp/cursor/sse/ada/messages/${search}`, server.origin),
    ],
    [
      "OpenMemory's address",
      ({ searchParams }) =>
        new URL(`/mcp/messages/?session_id=${searchParams.get('sessionId')}`, server.origin),
    ],
    ['the same without a slash', ({ search }) => new URL(`/mcp/messages${search}`, server.origin)],
  ];
  it.each(ways)('posted to %s is accepted and answered on the stream', async (_what, way) => {
    const stream = await openStream(server);
    const answer = await post(way(stream.endpoint), rpc('ping', {}, 'p1'));
    expect([answer.status, answer.text]).toEqual([202, 'Accepted']);
    const sent = await stream.until('"p1"');
    expect(JSON.parse(/event: message\ndata: (.+)\n/.exec(sent!)![1]!)).toEqual({
      jsonrpc: '2.0',
      id: 'p1',
      result: {},
    });
  });

  it.each([
    ['of another user', '/mcp/cursor/sse/eve/messages'],
    ['of another client', '/mcp/claude/sse/ada/messages'],
  ])('%s is not let into the session', async (_what, path) => {
    const stream = await openStream(server);
    const answer = await post(new URL(path + stream.endpoint.search, server.origin), rpc('ping'));
    expect(answer.status).toBe(404);
    expect(answer.json().error).toEqual({
      code: -32001,
      message: 'There is no open stream of this session here',
      data: { code: 'SESSION_UNKNOWN', retryable: false, requestId: 'req-1' },
    });
  });

  it.each(['', '?sessionId=', '?sessionId=no-such', '?sessionId=a&sessionId=b'])(
    'without a session that is open (%s) is a 404',
    async (query) => {
      expect((await post(new URL(`/mcp/messages${query}`, server.origin), rpc('ping'))).status).toBe(404);
    },
  );

  it.each([
    ['no JSON', '{', 'MALFORMED_JSON'],
    ['no message', { hello: 1 }, 'MESSAGE_INVALID'],
    ['a batch', [rpc('ping')], 'MESSAGE_INVALID'],
  ])('that is %s is a 400 with a code', async (_what, body, code) => {
    const stream = await openStream(server);
    const answer = await post(stream.endpoint, body);
    expect([answer.status, (answer.json().error!.data as { code: string }).code]).toEqual([400, code]);
  });
});

describe('a client that stopped reading', () => {
  it('is cut off before its answers fill the memory', async () => {
    await server.close();
    const memory = {
      id: 'x',
      content: 'x'.repeat(500_000),
      appName: 'cursor',
      metadata: {},
      categories: [],
      createdAt: 0,
      updatedAt: 0,
    };
    server = await startMcp({ replace: (agents) => ({ ...agents, list: async () => [memory as never] }) });
    const stalled = await new Promise<IncomingMessage>((resolve, reject) => {
      get(server.address('sse'), resolve).on('error', reject);
    });
    const head = await new Promise<string>((resolve) => {
      stalled.once('data', (chunk: Buffer) => {
        stalled.pause();
        resolve(chunk.toString());
      });
    });
    const endpoint = new URL(/data: (.+)/.exec(head)![1]!, server.origin);
    const cutOff = new Promise((resolve) => stalled.once('error', resolve));
    let posted = 0;
    let status = 202;
    for (; status === 202 && posted < 100; posted++)
      ({ status } = await post(endpoint, toolCall('list_memories', {}, posted)));
    expect(status).toBe(404);
    stalled.resume();
    await cutOff;
  });
});

describe('the streams of one user', () => {
  it('are limited, whatever the client is called; others are not touched', async () => {
    await openStream(server, { client: 'cursor' });
    const second = await openStream(server, { client: 'claude' });
    const third = await fetch(server.address('sse', { client: 'cline' }));
    expect(third.status).toBe(429);
    expect(await third.json()).toMatchObject({
      error: {
        code: -32000,
        message: expect.stringContaining('2 open streams'),
        data: { code: 'TOO_MANY_STREAMS', retryable: true },
      },
    });
    await openStream(server, { user: 'eve' });

    second.leave();
    await second.ended;
    expect(await whenFree()).toBe(200);
  });

  it('count a listener of the newest revision as well', async () => {
    await openStream(server);
    await openStream(server);
    const listen = rpc('subscriptions/listen', {
      notifications: {},
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    });
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' };
    expect((await post(server.address('http'), listen, headers)).status).toBe(429);
  });

  it('end their session when the client leaves', async () => {
    const stream = await openStream(server);
    stream.leave();
    await stream.ended;
    let status = 202;
    while (status === 202) ({ status } = await post(stream.endpoint, rpc('ping')));
    expect(status).toBe(404);
  });
});

/** The server hears of a client's leaving a moment after the client left. */
const whenFree = async (): Promise<number> => {
  for (;;) {
    const leaving = new AbortController();
    const { status } = await fetch(server.address('sse'), { signal: leaving.signal });
    leaving.abort();
    if (status !== 429) return status;
  }
};
