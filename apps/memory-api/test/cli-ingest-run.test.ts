import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient } from '../src/cli/ingest/client.ts';
import { type Item, openRecords } from '../src/cli/ingest/reader.ts';
import { type Failure, type RunEnd, runIngest, type Tally } from '../src/cli/ingest/run.ts';
import { type HttpApi, startHttpApi } from './doubles/http-api.ts';

const ATTEMPT_MS = 30_000;
const instant = {
  setTimeout: (callback: () => void, ms: number): void => {
    if (ms !== ATTEMPT_MS) queueMicrotask(callback);
  },
  clearTimeout: (): void => undefined,
};

let api: HttpApi;
let failures: Failure[];
beforeEach(async () => {
  api = await startHttpApi();
  failures = [];
});
afterEach(() => api.close());

async function* itemsOf(values: readonly unknown[]): AsyncGenerator<Item, void, undefined> {
  for (const [index, value] of values.entries()) {
    const at = `line ${index + 1}`;
    const given = typeof value === 'string' ? { text: value } : (value as { text: string; id?: string });
    yield { record: { metadata: {}, ...given }, at, done: index + 1 };
  }
}

const run = (
  items: AsyncGenerator<Item, void, undefined>,
  options: { concurrency?: number; signal?: AbortSignal; fetch?: typeof fetch; onSettled?: () => void } = {},
): Promise<RunEnd & { tally: Tally }> =>
  runIngest({
    items,
    client: createClient({ url: api.url, timers: instant, random: () => 0, fetch: options.fetch }),
    userId: 'user',
    app: 'ingest',
    concurrency: options.concurrency ?? 4,
    signal: options.signal ?? new AbortController().signal,
    onSettled: options.onSettled ?? (() => undefined),
    onFailure: (failure) => failures.push(failure),
  });

/** Answers one turn of the event loop later, so that requests meet. */
const slowServer = (): { server: typeof fetch; most: () => number; keys: Set<string> } => {
  const keys = new Set<string>();
  let inFlight = 0;
  let most = 0;
  const server: typeof fetch = async (_, init) => {
    most = Math.max(most, ++inFlight);
    await new Promise((resolve) => setImmediate(resolve));
    inFlight--;
    const key = new Headers(init?.headers).get('idempotency-key');
    if (key !== null) keys.add(key);
    return new Response('{"id":"x"}');
  };
  return { server, most: () => most, keys };
};

const texts = (count: number): string[] => Array.from({ length: count }, (_, at) => `memory ${at % 40}`);
const stored = (): string[] => [...api.memories.values()].map(({ text }) => String(text)).sort();

describe('a run', () => {
  it('adds every record once, repeated lines as often as they stand there', async () => {
    expect(await run(itemsOf(texts(100)))).toEqual({
      end: 'finished',
      tally: { added: 100, existing: 0, failed: 0 },
    });
    expect(stored()).toEqual(texts(100).sort());
  });

  it('adds nothing the second time', async () => {
    await run(itemsOf(texts(50)));
    expect((await run(itemsOf(texts(50)))).tally).toEqual({ added: 0, existing: 50, failed: 0 });
    expect(api.memories.size).toBe(50);
  });

  it('stopped in the middle is completed by the next one, every record exactly once', async () => {
    const stop = new AbortController();
    api.behave(() => {
      if (api.memories.size === 30) stop.abort();
      return undefined;
    });
    const first = await run(itemsOf(texts(100)), { signal: stop.signal });
    expect(first.end).toBe('stopped');
    expect(first.tally.failed).toBe(0);
    expect(api.memories.size).toBeLessThan(100);
    const second = await run(itemsOf(texts(100)));
    expect(second.end).toBe('finished');
    expect(second.tally.added + second.tally.existing).toBe(100);
    expect(second.tally.existing).toBeGreaterThanOrEqual(first.tally.added);
    expect(stored()).toEqual(texts(100).sort());
  });

  it('adds every record once to a server that flaps', async () => {
    const bad = ['drop', { status: 503 }, 'store-then-drop', { status: 429 }] as const;
    // Every third request goes wrong, in every way by turns.
    api.behave(({ nth }) => (nth % 3 === 0 ? bad[(nth / 3) % bad.length] : undefined));
    const { end, tally } = await run(itemsOf(texts(60)));
    expect([end, tally.added + tally.existing, tally.failed]).toEqual(['finished', 60, 0]);
    expect(stored()).toEqual(texts(60).sort());
  });

  it('tells each refused record with place and code, and goes on', async () => {
    const records = ['a', '', 'b', { text: 'c', id: '1' }, { text: 'changed', id: '1' }, 'd'];
    const { end, tally } = await run(itemsOf(records), { concurrency: 1 });
    expect([end, tally]).toEqual(['finished', { added: 4, existing: 0, failed: 2 }]);
    expect(failures).toEqual([
      { at: 'line 2', code: 'REQUEST_INVALID', message: 'text: Input should have at least 1 characters' },
      { at: 'line 5', code: 'IDEMPOTENCY_KEY_REUSED', message: 'This key was used before' },
    ]);
  });

  it('makes the users that records name', async () => {
    await run(itemsOf(['a', { text: 'b', userId: 'eve' }, { text: 'c', userId: 'eve', app: 'mail' }]));
    expect([...api.users].sort()).toEqual(['eve', 'user']);
    expect([...api.memories.values()].map(({ user_id, app }) => `${user_id} ${app}`).sort()).toEqual([
      'eve ingest',
      'eve mail',
      'user ingest',
    ]);
  });

  it('counts a record that the server fails on each time, and adds the others', async () => {
    api.behave(({ body }) => (body.text === 'poison' ? { status: 500 } : undefined));
    const { end, tally } = await run(itemsOf(['a', 'poison', 'b']), { concurrency: 1 });
    expect([end, tally]).toEqual(['finished', { added: 2, existing: 0, failed: 1 }]);
    expect(failures).toEqual([{ at: 'line 2', code: 'HTTP_500', message: 'the server answered 500' }]);
  });

  it('gives up on a server that fails on ten records in a row', async () => {
    api.behave(({ path }) => (path === '/api/v1/users' ? undefined : { status: 500 }));
    const { end, tally } = await run(itemsOf(texts(1000)), { concurrency: 1 });
    expect([end, tally.failed]).toEqual(['broken', 10]);
  });

  it('gives up when the connection stays lost, and counts nothing as failed', async () => {
    api.behave(({ path, nth }) => (path === '/api/v1/users' || nth <= 5 ? undefined : 'drop'));
    const result = await run(itemsOf(texts(1000)), { concurrency: 1 });
    expect([result.end, result.tally]).toEqual(['broken', { added: 5, existing: 0, failed: 0 }]);
    expect(failures).toEqual([]);
  });

  it('has as many requests under way as asked for, and no more', async () => {
    const { server, most } = slowServer();
    await run(itemsOf(texts(200)), { concurrency: 32, fetch: server });
    expect(most()).toBe(32);
  });

  it('passes on that the file can not be read to its end, and stops', async () => {
    const broken = async function* (): AsyncGenerator<Item, void, undefined> {
      yield* itemsOf(['a']);
      throw new Error('disk gone');
    };
    await expect(run(broken())).rejects.toThrow('disk gone');
  });
});

describe('a file of 100,000 lines', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingest-run-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is never read further than the records under way, and is added whole', async () => {
    const path = join(folder, 'large.txt');
    await writeFile(path, Array.from({ length: 100_000 }, (_, at) => `line ${at}`).join('\n'));
    const { items, close } = await openRecords(path, { paragraphs: false });
    let taken = 0;
    let settled = 0;
    let furthest = 0;
    const counted = async function* (): AsyncGenerator<Item, void, undefined> {
      for await (const item of items) {
        taken++;
        furthest = Math.max(furthest, taken - settled);
        yield item;
      }
    };
    const { server, most, keys } = slowServer();
    const { tally } = await run(counted(), {
      concurrency: 8,
      fetch: server,
      onSettled: () => settled++,
    });
    await close();
    expect(tally).toEqual({ added: 100_000, existing: 0, failed: 0 });
    expect(keys.size).toBe(100_000);
    expect(most()).toBe(8);
    // The ones under way, and the one that the next free worker asked for.
    expect(furthest).toBeLessThanOrEqual(9);
  }, 60_000);
});
