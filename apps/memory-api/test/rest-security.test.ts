import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApi, type TestApi } from './harness.ts';

describe('who may reach a server on loopback', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startApi({ env: { ALLOWED_ORIGINS: 'https://memory.example.org' } });
  });
  afterEach(() => api.close());
  const get = (headers: Record<string, string>, path = '/api/v1/stats?user_id=ada') =>
    api.call('GET', path, undefined, headers);

  it.each(['127.0.0.1:8765', 'localhost', 'LOCALHOST:1', '[::1]:8765', '127.0.0.53'])(
    'serves Host %s',
    async (host) => {
      expect((await get({ host })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'a b',
    'x@evil.example',
    'evil.example@127.0.0.1',
    '127.0.0.1/path',
  ])('refuses Host %s', async (host) => {
    expect(await get({ host })).toMatchObject({ status: 403, body: { code: 'HOST_NOT_ALLOWED' } });
  });

  it.each(['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:5173', 'https://memory.example.org'])(
    'serves Origin %s and lets the page read the answer',
    async (origin) => {
      const answer = await get({ origin });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
      });
    },
  );

  it.each([
    'http://evil.example',
    'null',
    'https://memory.example.org.evil.example',
    'http://memory.example.org',
    'file://',
    'http://localhost.evil.example',
  ])('refuses Origin %s and gives it no CORS header', async (origin) => {
    const answer = await get({ origin });
    expect(answer).toMatchObject({ status: 403, body: { code: 'ORIGIN_NOT_ALLOWED' } });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('guards every route, health and MCP included', async () => {
    for (const path of [
      '/health/live',
      '/metrics',
      '/openapi.json',
      '/docs',
      '/mcp/claude/http/ada',
      '/mcp/claude/sse/ada',
      '/nowhere',
    ])
      expect((await get({ host: 'evil.example' }, path)).status).toBe(403);
  });
});
