import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failToStart, startServer } from './server-process.ts';

describe('starting and stopping the server', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('says where REST, MCP, docs and health are, on the port it found free', async () => {
    const server = await startServer({ DATA_DIR: folder, DEFAULT_USER_ID: 'ada l' });
    const { port } = new URL(server.url);
    expect(Number(port)).toBeGreaterThan(0);
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${server.url}/api/v1/stats?user_id=ada%20l`)).status).toBe(200);
    const { stderr, code } = await server.end('SIGTERM');
    for (const part of [
      `REST     ${server.url}/api/v1`,
      `${server.url}/mcp/{client}/http/ada%20l`,
      `${server.url}/docs`,
      `${server.url}/health/ready`,
    ])
      expect(stderr).toContain(part);
    expect(code).toBe(0);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'stops on %s with exit code 0, and says so in its log',
    async (signal) => {
      const server = await startServer({ DATA_DIR: folder });
      const { code, stdout } = await server.end(signal);
      expect(code).toBe(0);
      expect(
        stdout
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { message: string }).message),
      ).toEqual(expect.arrayContaining(['ready', 'stopping', 'stopped']));
    },
  );

  it('stops although a client holds a connection and an event stream open', async () => {
    const server = await startServer({ DATA_DIR: folder });
    const stream = await fetch(`${server.url}/mcp/claude/sse/ada`, {
      headers: { accept: 'text/event-stream' },
    });
    expect(stream.status).toBe(200);
    const { code } = await server.end('SIGINT');
    expect(code).toBe(0);
    await stream.body?.cancel().catch(() => undefined);
  });

  it('answers what is under way when it is told to stop, so that nobody has to ask again', async () => {
    const server = await startServer({ DATA_DIR: folder, DEFAULT_USER_ID: 'ada' });
    let answered = 0;
    let lost = 0;
    const write = async (name: string): Promise<void> => {
      for (let at = 0; ; at++) {
        const sent = fetch(`${server.url}/api/v1/memories/`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ user_id: 'ada', text: `${name} ${at}` }),
        });
        const answer = await sent.catch((error: Error) => error);
        // Refused is not lost: it never reached the server.
        if (answer instanceof Error) {
          if ((answer.cause as { code?: string }).code !== 'ECONNREFUSED') lost++;
          return;
        }
        if (!answer.ok) return;
        await answer.arrayBuffer();
        answered++;
        if (answered === 60) server.child.kill('SIGTERM');
      }
    };
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(write));
    expect((await server.ended).code).toBe(0);
    const again = await startServer({ DATA_DIR: folder });
    const stats = (await (await fetch(`${again.url}/api/v1/stats?user_id=ada`)).json()) as {
      total_memories: number;
    };
    await again.end('SIGTERM');
    expect({ stored: stats.total_memories, lost }).toEqual({ stored: answered, lost: 0 });
  });

  it('keeps what was acknowledged when it is stopped in the middle of writes', async () => {
    const server = await startServer({ DATA_DIR: folder, DEFAULT_USER_ID: 'ada' });
    const acknowledged: string[] = [];
    const write = async (name: string): Promise<void> => {
      for (let at = 0; ; at++) {
        const answer = await fetch(`${server.url}/api/v1/memories/`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ user_id: 'ada', text: `${name} ${at}` }),
        });
        if (!answer.ok) return;
        acknowledged.push(((await answer.json()) as { id: string }).id);
        if (acknowledged.length === 40) server.child.kill('SIGINT');
      }
    };
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => write(name).catch(() => undefined)));
    await server.end('SIGINT');
    const again = await startServer({ DATA_DIR: folder });
    for (const id of acknowledged)
      expect((await fetch(`${again.url}/api/v1/memories/${id}`)).status).toBe(200);
    expect(acknowledged.length).toBeGreaterThanOrEqual(40);
    await again.end('SIGTERM');
  });

  const refused = async (env: Record<string, string>): Promise<string> => {
    const { code, stderr } = await failToStart({ DATA_DIR: folder, ...env });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).not.toMatch(/\n\s+at /);
    return stderr.trim();
  };

  it('refuses a host that others can reach', async () => {
    expect(await refused({ HOST: '0.0.0.0' })).toMatch(
      /^HOST_NOT_LOOPBACK: HOST must be a loopback address .*"0\.0\.0\.0"/,
    );
  });

  it.each([
    ['PORT', 'http', /^CONFIG_INVALID: PORT must be a whole number from 0 to 65535, got "http"$/],
    ['PORT', '65536', /^CONFIG_INVALID: PORT/],
    ['LOG_LEVEL', 'loud', /^CONFIG_INVALID: LOG_LEVEL must be one of error, warn, info, debug, got "loud"$/],
    ['ALLOWED_ORIGINS', 'https://a.example/path', /^CONFIG_INVALID: ALLOWED_ORIGINS/],
    ['DEFAULT_USER_ID', 'a\tb', /^CONFIG_INVALID: DEFAULT_USER_ID must be 1 to 256 characters/],
    ['EMBEDDER', 'magic', /^CONFIG_INVALID: EMBEDDER must be one of embedded, http, none, got "magic"$/],
  ])('names the setting %s=%s it can not use', async (name, value, expected) => {
    expect(await refused({ [name]: value })).toMatch(expected);
  });

  it.each([
    [
      { EMBEDDER_URL: 'ftp://ada:geheim@host/v1' },
      /^CONFIG_INVALID: EMBEDDER_URL must be an http or https URL without a login/,
    ],
    [{ EMBEDDER_URL: 'http://ada:geheim@host/v1' }, /^CONFIG_INVALID: EMBEDDER_URL/],
    [{ EMBEDDER_URL: 'http://host/v1', EMBEDDER_MODEL: ' ' }, /^CONFIG_INVALID: EMBEDDER_MODEL/],
    [
      { EMBEDDER_URL: 'http://host/v1', EMBEDDER_MODEL: 'm', EMBEDDER_DIMS: '0' },
      /^CONFIG_INVALID: EMBEDDER_DIMS/,
    ],
    [
      { EMBEDDER_URL: 'http://host/v1', EMBEDDER_MODEL: 'm', EMBEDDER_API_KEY: 'geheim es' },
      /^CONFIG_INVALID: EMBEDDER_API_KEY/,
    ],
  ])('names the embedder setting of %j and shows no secret of it', async (env, expected) => {
    const line = await refused({ EMBEDDER: '', ...env });
    expect(line).toMatch(expected);
    expect(line).not.toContain('geheim');
  });

  it.each([
    [
      { ALERT_WEBHOOK_URL: 'ftp://host/geheim' },
      /^CONFIG_INVALID: ALERT_WEBHOOK_URL must be an http or https URL without a login, such as \S+$/,
    ],
    [{ ALERT_WEBHOOK_URL: 'https://ada:geheim@host/' }, /^CONFIG_INVALID: ALERT_WEBHOOK_URL/],
    [{ ALERT_WEBHOOK_URL: 'hooks.example.org/geheim' }, /^CONFIG_INVALID: ALERT_WEBHOOK_URL/],
    [
      { ALERT_WEBHOOK_SECRET: 'geheim' },
      /^CONFIG_INVALID: ALERT_WEBHOOK_SECRET is set, but ALERT_WEBHOOK_URL is not$/,
    ],
    [
      { ALERT_WEBHOOK_URL: 'https://host/geheim', ALERT_WEBHOOK_SECRET: 'geheim es' },
      /^CONFIG_INVALID: ALERT_WEBHOOK_SECRET must be printable ASCII without spaces$/,
    ],
    [
      { ALERT_WEBHOOK_URL: 'https://host/geheim', ALERT_WEBHOOK_SECRET: 'whsec_geheim!' },
      /^CONFIG_INVALID: ALERT_WEBHOOK_SECRET must hold base64 after whsec_$/,
    ],
  ])('names the alert setting of %j and shows nothing of it', async (env, expected) => {
    const line = await refused(env);
    expect(line).toMatch(expected);
    expect(line).not.toContain('geheim');
  });

  it('names a port in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    expect(await refused({ PORT: String(port) })).toMatch(
      new RegExp(`^PORT_IN_USE: Port ${port} on 127\\.0\\.0\\.1 is in use`),
    );
    other.close();
  });

  it('refuses a second process on the same folder, and the first goes on', async () => {
    const first = await startServer({ DATA_DIR: folder });
    expect(await refused({})).toMatch(/^DATA_DIR_IN_USE: Another process is using the data folder/);
    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
    await first.end('SIGTERM');
  });

  it('names a folder it can not write', async () => {
    writeFileSync(join(folder, 'file'), '');
    expect(await refused({ DATA_DIR: join(folder, 'file') })).toMatch(
      /^DATA_DIR_NOT_WRITABLE: The data folder/,
    );
  });

  it('names a folder in which nothing can be made, at once', async () => {
    expect(await refused({ DATA_DIR: '/proc/memories' })).toMatch(/^DATA_DIR_NOT_WRITABLE/);
  });

  it('names a damaged database', async () => {
    writeFileSync(join(folder, 'memories.db'), 'not a database '.repeat(1000));
    expect(await refused({})).toMatch(/^DATABASE_DAMAGED: ".*memories\.db" is damaged/);
  });
});
