import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApi, type TestApi } from './harness.ts';

describe('what an operator asks for', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.close());

  it('is live and ready, and names each part', async () => {
    expect((await api.call('GET', '/health/live')).body).toEqual({ status: 'up' });
    const { status, body } = await api.call('GET', '/health/ready');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'up',
      checks: { store: { status: 'up', critical: true }, 'breaker:store.read': { status: 'up' } },
    });
  });

  it('returns a valid request id, and makes one for a bad or missing one', async () => {
    const id = async (headers: Record<string, string>) =>
      (await api.call('GET', '/health/live', undefined, headers)).headers['x-request-id'];
    expect(await id({ 'x-request-id': 'abc-123' })).toBe('abc-123');
    const made = await id({});
    expect(made).toMatch(/^[\w-]{16,}$/);
    expect(await id({ 'x-request-id': 'a b\tc' })).not.toBe('a b\tc');
  });

  it('writes one line a request, with its id, route, status and time', async () => {
    await api.call('GET', '/api/v1/stats?user_id=ada', undefined, { 'x-request-id': 'req-1' });
    const lines = api.logs().filter((line) => line.correlationId === 'req-1');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'info', method: 'GET', status: 200, route: '/api/v1/stats' });
    expect(lines[0]!.durationMs).toEqual(expect.any(Number));
  });

  it('gives the id of the request to every line it causes', async () => {
    await api.call('POST', '/api/v1/memories', { user_id: 'nobody', text: 'x' }, { 'x-request-id': 'req-2' });
    const lines = api.logs().filter((line) => line.correlationId === 'req-2');
    expect(lines.map((line) => line.message)).toContain('request refused');
    expect(JSON.stringify(lines)).toContain('USER_NOT_FOUND');
  });

  it('shows requests, errors, caches and breakers as Prometheus text', async () => {
    await api.add('Ada likes tea');
    await api.call('GET', '/api/v1/stats?user_id=nobody');
    for (let i = 0; i < 2; i++)
      await api.call('POST', '/api/v1/memories/search', { user_id: 'ada', query: 'tea' });
    const { headers, body } = await api.call('GET', '/metrics');
    const text = body as unknown as string;
    expect(headers['content-type']).toMatch(/^text\/plain/);
    for (const line of [
      'http_request_duration_seconds_count{method="POST",route="/api/v1/memories",status="200"} 1',
      'agent4_errors_total{category="NOT_FOUND",code="USER_NOT_FOUND"} 1',
      'agent4_breaker_state{policy="store.read",state="closed"} 1',
      'agent4_breaker_state{policy="store.write",state="open"} 0',
      'agent4_cache_lookups_total{cache="search",tier="all",outcome="miss"} 1',
      'agent4_cache_lookups_total{cache="search",tier="memory",outcome="hit"} 1',
      'agent4_cache_entries{cache="search"} 1',
      'agent4_cache_loads{cache="search"} 1',
      'memory_api_pending_embeddings 0',
    ])
      expect(text.split('\n').filter((one) => one.startsWith(line.replace(/ \d+$/, '')))).toEqual([line]);
    expect(text).not.toContain('http_requests_aborted_total{');
  });

  it('describes itself at /openapi.json and /docs', async () => {
    const { body } = await api.call<{ openapi: string; paths: Record<string, object> }>(
      'GET',
      '/openapi.json',
    );
    expect(body.openapi).toMatch(/^3\.1/);
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/memories',
        '/api/v1/memories/search',
        '/api/v1/apps/{app_id}',
        '/api/v1/users',
        '/api/v1/stats',
      ]),
    );
    expect(Object.keys(body.paths).filter((path) => path.startsWith('/mcp'))).toEqual([]);
    expect(body.paths['/api/v1/memories/search']).toMatchObject({
      post: {
        responses: {
          200: expect.anything(),
          default: { content: { 'application/json': expect.anything() } },
        },
      },
    });
    expect((await api.call('GET', '/docs')).status).toBeLessThan(400);
  });
});
