import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type HttpApi, startHttpApi } from './doubles/http-api.ts';

let folder: string;
let api: HttpApi;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingest-command-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  api = await startHttpApi();
});
afterEach(() => api.close());

const file = async (name: string, content: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

const start = (
  args: string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ended> } => {
  const script = join(import.meta.dirname, '../src/cli/ingest.ts');
  const child = spawn(process.execPath, [script, ...args], { env: { PATH: process.env.PATH, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err }))) };
};

const ingest = (...args: string[]): Promise<Ended> => start([...args, '--url', api.url]).ended;

const lines = (count: number): string[] => Array.from({ length: count }, (_, at) => `memory ${at % 70}`);
const stored = (): string[] => [...api.memories.values()].map(({ text }) => String(text)).sort();

describe('pnpm ingest', () => {
  it('ends with 0 and one summary line; again it adds nothing', async () => {
    const path = await file('a.txt', 'one\ntwo\ntwo\n');
    expect(await ingest(path)).toEqual({ code: 0, out: '3 added, 0 already there, 0 failed\n', err: '' });
    expect(await ingest(path)).toEqual({ code: 0, out: '0 added, 3 already there, 0 failed\n', err: '' });
    expect(stored()).toEqual(['one', 'two', 'two']);
  });

  it('takes the user from DEFAULT_USER_ID, and all of it from flags', async () => {
    const path = await file('b.txt', 'one');
    await start([path, '--url', api.url], { DEFAULT_USER_ID: 'eve' }).ended;
    await ingest(path, '--user', 'bob', '--app', 'mail', '--concurrency', '32', '--no-progress');
    expect([...api.memories.values()].map(({ user_id, app }) => `${user_id} ${app}`)).toEqual([
      'eve ingest',
      'bob mail',
    ]);
  });

  it('takes its arguments behind the -- that pnpm hands on', async () => {
    const path = await file('i.txt', 'one');
    expect((await ingest('--', path)).out).toBe('1 added, 0 already there, 0 failed\n');
  });

  it('ends with 1 when records failed, each named by line and code', async () => {
    const path = await file('c.jsonl', '"one"\n{bad\n""\n{"id":1}\n');
    const { code, out, err } = await ingest(path, '--concurrency', '1');
    expect([code, out]).toEqual([1, '1 added, 0 already there, 3 failed\n']);
    const told = err.trimEnd().split('\n');
    expect(told[0]).toMatch(/^line 2: JSON_INVALID: /);
    expect(told.slice(1)).toEqual([
      'line 3: REQUEST_INVALID: text: Input should have at least 1 characters',
      'line 4: RECORD_INVALID: holds none of text, content and memory',
    ]);
  });

  it('killed in the middle is completed by the same command, every record exactly once', async () => {
    const path = await file('d.txt', lines(200).join('\n'));
    const first = start([path, '--url', api.url]);
    api.behave(() => {
      if (api.memories.size < 60) return undefined;
      first.child.kill('SIGKILL');
      return 'hang';
    });
    expect((await first.ended).code).toBe(null);
    expect(api.memories.size).toBe(60);
    api.behave(() => undefined);
    expect(await ingest(path)).toEqual({
      code: 0,
      out: '140 added, 60 already there, 0 failed\n',
      err: '',
    });
    expect(stored()).toEqual(lines(200).sort());
  });

  it('stopped by Ctrl-C ends with 130 and says how to go on', async () => {
    const path = await file('e.txt', lines(200).join('\n'));
    const run = start([path, '--url', api.url, '--concurrency', '1']);
    api.behave(() => {
      if (api.memories.size < 20) return undefined;
      run.child.kill('SIGINT');
      return 'hang';
    });
    expect(await run.ended).toEqual({
      code: 130,
      out: '20 added, 0 already there, 0 failed, not finished\n',
      err: 'ingest: stopped; run the same command again to go on: nothing is added twice\n',
    });
  });

  it('ends with 2 and says how to start a server that is not there', async () => {
    const path = await file('f.txt', 'one');
    await api.close();
    expect(await ingest(path)).toEqual({
      code: 2,
      out: '',
      err: `ingest: no server answers at ${api.url} (ECONNREFUSED); start it with "pnpm start", or name another with --url\n`,
    });
  });

  it('ends with 2 at a server that is another', async () => {
    const path = await file('g.txt', 'one');
    api.behave(() => ({ status: 404, body: { detail: 'Not Found' } }));
    const { code, err } = await ingest(path);
    expect([code, err]).toEqual([
      2,
      `ingest: the server at ${api.url} does not take user "user" (404 HTTP_404: Not Found); is this the memory API?\n`,
    ]);
  });

  it('checks a file without sending anything', async () => {
    const path = await file('h.jsonl', '"one"\n"two"\n"  "\n[]');
    expect(await ingest(path, '--dry-run')).toEqual({
      code: 1,
      out: 'dry run, nothing sent: 2 to add, 2 failed\n',
      err: [
        'line 3: REQUEST_INVALID: text: must hold more than white space',
        'line 4: RECORD_INVALID: must be a string or an object with text, content or memory',
        '',
      ].join('\n'),
    });
    expect(api.requests).toEqual([]);
  });

  it.each([
    [[], 'name a file: pnpm ingest <file>'],
    [['a', 'b'], 'one file at a time, got 2: a b'],
    [['a', '--concurrency', '33'], '--concurrency must be a whole number from 1 to 32, got "33"'],
    [['a', '--concurrency', '0'], '--concurrency must be a whole number from 1 to 32, got "0"'],
    [
      ['a', '--url', 'ftp://x'],
      '--url must be an http or https address such as http://127.0.0.1:8765, got "ftp://x"',
    ],
    [['a', '--app', ''], '--app must be 1 to 256 characters without control characters, got ""'],
    [['a', '--nope'], "Unknown option '--nope'"],
  ])('ends with 2 for the arguments %j', async (args, message) => {
    const { code, out, err } = await start(args).ended;
    expect([code, out]).toEqual([2, '']);
    expect(err.startsWith(`ingest: ${message}`)).toBe(true);
    expect(err.endsWith('\nSee --help.\n')).toBe(true);
  });

  it.each([
    ['missing.txt', undefined, 'does not exist'],
    ['empty.txt', '', 'holds no memories'],
    ['blank.jsonl', '\n \n', 'holds no memories'],
    ['list.json', '[]', 'holds no memories'],
  ])('ends with 2 for the file %s', async (name, content, message) => {
    const path = content === undefined ? join(folder, name) : await file(name, content);
    expect(await ingest(path)).toEqual({ code: 2, out: '', err: `ingest: ${path} ${message}\n` });
  });

  it('ends with 2 for a JSON file that is cut off, before anything is sent', async () => {
    const path = await file('cut.json', '["one", "tw');
    const { code, err } = await ingest(path);
    expect(code).toBe(2);
    expect(err).toMatch(/cut\.json is not valid JSON: /);
    expect(api.requests).toEqual([]);
  });
});
