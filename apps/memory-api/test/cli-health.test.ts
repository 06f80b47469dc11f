import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkHealth } from '../src/cli/health/check.ts';
import { type HttpApi, startHttpApi } from './doubles/http-api.ts';

let api: HttpApi;
beforeEach(async () => {
  api = await startHttpApi();
});
afterEach(() => api.close());

const check = (status: string, message?: string, latencyMs = 0) => ({
  status,
  critical: true,
  message,
  latencyMs,
  checkedAt: '2026-01-01T00:00:00.000Z',
});

const says = (status: number, body: unknown) => {
  api.behave(() => ({ status, body }));
  return checkHealth({ url: api.url });
};

describe('the health line', () => {
  it('is ready and exit 0 when up, with every part', async () => {
    const checks = {
      store: check('up', undefined, 1.2),
      embedder: check('up'),
      breaker: check('unknown', 'no call yet'),
    };
    expect(await says(200, { status: 'up', checks })).toEqual({
      line: 'ready: up | store up 1 ms | embedder up | breaker unknown (no call yet)',
      exitCode: 0,
    });
    expect(api.requests.map(({ path }) => path)).toEqual(['/health/ready']);
  });

  it('is exit 0 when degraded, and says by what', async () => {
    const checks = { store: check('up'), embedder: check('down', 'circuit open') };
    expect(await says(200, { status: 'degraded', checks })).toEqual({
      line: 'ready: degraded | store up | embedder down (circuit open)',
      exitCode: 0,
    });
  });

  it('is exit 1 when down', async () => {
    const checks = { store: check('down', 'check failed: DATABASE_UNAVAILABLE', 3) };
    expect(await says(503, { status: 'down', checks })).toEqual({
      line: 'ready: down | store down 3 ms (check failed: DATABASE_UNAVAILABLE)',
      exitCode: 1,
    });
  });

  it('stays one line whatever the server says', async () => {
    const checks = { 'a\nb': check('up', '\u001b[31mred\r\nready: up') };
    expect((await says(200, { status: 'up', checks })).line).toBe('ready: up | a b up ( [31mred ready: up)');
  });

  it.each([
    ['nothing', 404, undefined],
    ['another document', 200, { hello: 1 }],
  ])('is exit 2 for a server that answers %s', async (_, status, body) => {
    expect(await says(status, body)).toEqual({
      line: `not reachable: ${api.url}/health/ready answered ${status} without a health report; is this the memory API?`,
      exitCode: 2,
    });
  });

  it('is exit 2 when nobody answers, and says how to start the server', async () => {
    await api.close();
    expect(await checkHealth({ url: api.url })).toEqual({
      line: `not reachable: no server answers at ${api.url} (ECONNREFUSED); start it with "pnpm start", or name another with --url`,
      exitCode: 2,
    });
  });
});

describe('the command', () => {
  const run = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [join(import.meta.dirname, '../src/cli/health.ts'), ...args]);
      let out = '';
      let err = '';
      child.stdout.on('data', (chunk) => {
        out += chunk;
      });
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      child.on('close', (code) => resolve({ code, out, err }));
    });

  it('prints the line and ends with its code', async () => {
    api.behave(() => ({ status: 503, body: { status: 'down', checks: { store: check('down') } } }));
    expect(await run('--url', `${api.url}/`)).toEqual({
      code: 1,
      out: 'ready: down | store down\n',
      err: '',
    });
  });

  it('refuses an address that is none', async () => {
    const { code, err } = await run('--url', 'localhost');
    expect([code, err]).toEqual([
      2,
      'health: --url must be an http or https address such as http://127.0.0.1:8765, got "localhost"\nSee --help.\n',
    ]);
  });
});
