import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type McpServerUnderTest, startMcp } from './doubles/mcp-server.ts';

const require = createRequire(import.meta.url);
const bin = join(require.resolve('@modelcontextprotocol/conformance/package.json'), '../dist/index.js');

const run = (url: URL, scenario: string): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve, reject) => {
    const folder = mkdtempSync(join(tmpdir(), 'mcp-conformance-'));
    const { NODE_OPTIONS: _jestOnly, ...env } = process.env;
    const args = [bin, 'server', '--url', url.href, '--scenario', scenario, '-o', folder];
    const child = spawn(process.execPath, args, { env, cwd: folder });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve({ code, output });
    });
  });

describe('the official conformance suite, 0.1.16', () => {
  let server: McpServerUnderTest;
  beforeAll(async () => {
    server = await startMcp();
  });
  afterAll(() => server.close());

  it.each(['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection'])(
    'passes %s',
    async (scenario) => {
      const { code, output } = await run(server.address('http'), scenario);
      expect(output).toMatch(/Passed: ([1-9]\d*)\/\1, 0 failed, 0 warnings/);
      expect(code).toBe(0);
    },
    60_000,
  );
});
