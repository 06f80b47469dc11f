import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApi, type TestApi } from './harness.ts';
import { listen, stop } from './local-server.ts';

const DIMS = 8;

/** An embeddings endpoint that turns each text into the same unit vector. */
const endpoint = (): Server =>
  createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const { input } = JSON.parse(body) as { input: string[] };
      const embedding = [1, ...Array.from({ length: DIMS - 1 }, () => 0)];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: input.map((_text, index) => ({ index, embedding })) }));
    });
  });

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 25_000; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`within 25 s there was no sign of: ${what}`);
};

describe('an embedder that is down', () => {
  let api: TestApi;
  let server: Server;
  let port: number;
  beforeEach(async () => {
    server = endpoint();
    port = await listen(server, 0);
    const env = {
      EMBEDDER: 'http',
      EMBEDDER_URL: `http://127.0.0.1:${port}/v1`,
      EMBEDDER_MODEL: 'm',
      EMBEDDER_DIMS: String(DIMS),
    };
    api = await startApi({ env });
  });
  afterEach(async () => {
    await api.close();
    await stop(server);
  });

  const search = async (query: string) =>
    (
      await api.call<{ results: { content: string }[]; degraded: boolean }>(
        'POST',
        '/api/v1/memories/search',
        { user_id: 'ada', query },
      )
    ).body;
  const health = async () =>
    (
      await api.call<{ status: string; checks: Record<string, { status: string; message?: string }> }>(
        'GET',
        '/health/ready',
      )
    ).body;
  const metrics = async (): Promise<string> => (await api.call('GET', '/metrics')).body as unknown as string;

  it('loses no write, is found by text at once, is told everywhere under one id, and catches up', async () => {
    await stop(server);

    // Accepted, found by its words, and no empty answer that looks whole.
    for (let at = 0; at < 5; at++)
      await api.call(
        'POST',
        '/api/v1/memories/',
        { user_id: 'ada', text: `the violin number${at}` },
        { 'x-request-id': `write-${at}` },
      );
    const found = await search('number3');
    expect(found.results.map((result) => result.content)).toEqual(['the violin number3']);
    expect(found.degraded).toBe(true);

    // The request that opened the circuit: its failed call, the transition and its own line bear one id.
    const opened = api.logs().find((line) => line.message === 'circuit opened')!;
    expect(opened).toMatchObject({
      policy: 'embedder',
      from: 'closed',
      to: 'open',
      correlationId: expect.stringMatching(/^write-\d$/),
    });
    const sameRequest = api.logs().filter((line) => line.correlationId === opened.correlationId);
    expect(sameRequest.map((line) => line.message)).toEqual(
      expect.arrayContaining(['circuit opened', 'embedder could not answer; going on without a vector']),
    );
    expect(sameRequest.some((line) => line.route !== undefined && line.status === 200)).toBe(true);

    const down = await health();
    expect(down.status).toBe('degraded');
    expect(down.checks['breaker:embedder']).toMatchObject({ status: 'down', message: 'circuit open' });
    expect(down.checks['pending-embeddings']).toMatchObject({ message: '5' });
    expect(await metrics()).toContain('agent4_breaker_state{policy="embedder",state="open"} 1');

    // Back again: what waited gets its vector, and searches are whole.
    server = endpoint();
    await listen(server, port);
    await until('all vectors', async () => (await metrics()).includes('memory_api_pending_embeddings 0'));
    const whole = await search('something else');
    expect(whole.degraded).toBe(false);
    expect(whole.results).toHaveLength(5);
    expect(await metrics()).toContain('memory_api_embedded_later_total 5');
    expect((await health()).checks['breaker:embedder']).toMatchObject({ status: 'up' });
  }, 60_000);
});
