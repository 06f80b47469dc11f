import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError, type Client, createClient, type NewMemory } from '../src/cli/ingest/client.ts';
import { type HttpApi, startHttpApi } from './doubles/http-api.ts';

const ATTEMPT_MS = 30_000;
const memory: NewMemory = { userId: 'user', app: 'ingest', text: 'tea', metadata: {}, key: 'k1' };
const NOW = Date.parse('2026-01-01T00:00:00Z');

let api: HttpApi;
let waits: number[];
beforeEach(async () => {
  api = await startHttpApi();
  api.users.add('user');
  waits = [];
});
afterEach(() => api.close());

/** Waits end at once and are written down; the time limit of an attempt never strikes. */
const instant = {
  setTimeout: (callback: () => void, ms: number): void => {
    if (ms === ATTEMPT_MS) return;
    waits.push(ms);
    queueMicrotask(callback);
  },
  clearTimeout: (): void => undefined,
};

const clientOf = (options: { url?: string; fetch?: typeof fetch } = {}): Client =>
  createClient({ url: api.url, timers: instant, random: () => 0, now: () => NOW, ...options });

const never = new AbortController().signal;

const failureOf = async (call: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await call.catch((caught: unknown) => caught);
  if (!(error instanceof ApiError)) throw new Error('expected an ApiError', { cause: error });
  return error;
};

describe('adding a memory', () => {
  it('sends it verbatim with its key', async () => {
    await clientOf().add({ ...memory, metadata: { k: 1 } }, never);
    expect(api.requests).toEqual([
      {
        path: '/api/v1/memories/',
        key: 'k1',
        nth: 1,
        body: { user_id: 'user', text: 'tea', metadata: { k: 1 }, app: 'ingest', infer: false },
      },
    ]);
  });

  it('tells added from already there', async () => {
    const client = clientOf();
    expect([await client.add(memory, never), await client.add(memory, never)]).toEqual(['added', 'existing']);
  });

  it.each([429, 500, 502, 503])('is tried again after a %d, with growing waits', async (status) => {
    api.behave(({ nth }) => (nth <= 3 ? { status } : undefined));
    expect(await clientOf().add(memory, never)).toBe('added');
    expect(waits).toEqual([250, 500, 1000]);
    expect(api.requests.map(({ key }) => key)).toEqual(['k1', 'k1', 'k1', 'k1']);
  });

  it('waits as long as Retry-After says, in seconds or as a date', async () => {
    const headers = [{ 'retry-after': '7' }, { 'retry-after': 'Thu, 01 Jan 2026 00:01:30 GMT' }];
    api.behave(({ nth }) => {
      const given = headers[nth - 1];
      return given && { status: 429, headers: given };
    });
    await clientOf().add(memory, never);
    expect(waits).toEqual([7_000, 90_000]);
  });

  it('takes a Retry-After in the past, or one it can not read, for none', async () => {
    const values = ['Wed, 31 Dec 2025 00:00:00 GMT', 'soon'];
    api.behave(({ nth }) => {
      const value = values[nth - 1];
      return value === undefined ? undefined : { status: 503, headers: { 'retry-after': value } };
    });
    await clientOf().add(memory, never);
    expect(waits).toEqual([250, 500]);
  });

  it('adds it once when the answer is lost after it was stored', async () => {
    api.behave(({ nth }) => (nth === 1 ? 'store-then-drop' : undefined));
    expect(await clientOf().add(memory, never)).toBe('existing');
    expect(api.memories.size).toBe(1);
    expect(api.requests.length).toBe(2);
  });

  it('gives up after eight attempts, with the server’s own code', async () => {
    api.behave(() => ({ status: 503, body: { code: 'STORE_UNAVAILABLE', detail: 'Try later' } }));
    const { code, status, message } = await failureOf(clientOf().add(memory, never));
    expect([code, status, message]).toEqual(['STORE_UNAVAILABLE', 503, 'Try later']);
    expect(api.requests.length).toBe(8);
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
  });

  it('is not tried again when the server refuses it, and says where it does not fit', async () => {
    const { code, status, message } = await failureOf(clientOf().add({ ...memory, text: '' }, never));
    expect([code, status, message]).toEqual([
      'REQUEST_INVALID',
      422,
      'text: Input should have at least 1 characters',
    ]);
    expect(api.requests.length).toBe(1);
  });

  it('does not follow a redirect, nor take a foreign page for success', async () => {
    api.behave(({ nth }) =>
      nth === 1 ? { status: 302, headers: { location: '/elsewhere' } } : { status: 200, body: 'hello' },
    );
    expect((await failureOf(clientOf().add(memory, never))).code).toBe('HTTP_302');
    expect((await failureOf(clientOf().add(memory, never))).code).toBe('ANSWER_INVALID');
    expect(api.requests.length).toBe(2);
  });

  it('lets no escape sequence of the server reach the terminal', async () => {
    api.behave(() => ({ status: 400, body: { detail: 'a\u001b[31mb\nc' } }));
    expect((await failureOf(clientOf().add(memory, never))).message).toBe('a [31mb c');
  });

  it('that hangs is cut off after its time and tried again', async () => {
    const limits: number[] = [];
    const strikes = {
      setTimeout: (callback: () => void, ms: number): void => {
        limits.push(ms);
        // The second attempt is given the time to be answered.
        if (limits.filter((each) => each === ATTEMPT_MS).length < 2 || ms !== ATTEMPT_MS)
          queueMicrotask(callback);
      },
      clearTimeout: (): void => undefined,
    };
    const hangsOnce: typeof fetch = (input, init) =>
      limits.length === 1
        ? new Promise((_, reject) => {
            init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
          })
        : fetch(input, init);
    const client = createClient({ url: api.url, timers: strikes, random: () => 0, fetch: hangsOnce });
    expect(await client.add(memory, never)).toBe('added');
    expect(limits).toEqual([ATTEMPT_MS, 250, ATTEMPT_MS]);
  });

  it('ends at once when stopped in the middle of a wait', async () => {
    const stop = new AbortController();
    const waitsForEver = {
      setTimeout: (_: () => void, ms: number): void => {
        if (ms !== ATTEMPT_MS) stop.abort();
      },
      clearTimeout: (): void => undefined,
    };
    api.behave(() => ({ status: 503 }));
    const client = createClient({ url: api.url, timers: waitsForEver, random: () => 0 });
    const error: unknown = await client.add(memory, stop.signal).catch((caught: unknown) => caught);
    expect(error).toBe(stop.signal.reason);
    expect(api.requests.length).toBe(1);
  });
});

describe('a user', () => {
  it('is made once for many callers', async () => {
    const client = clientOf();
    await Promise.all(['eve', 'eve', 'bob', 'eve'].map((user) => client.ensureUser(user, never)));
    await client.ensureUser('eve', never);
    expect(api.requests.map(({ body }) => body)).toEqual([{ user_id: 'eve' }, { user_id: 'bob' }]);
  });

  it('is asked for again after a failure', async () => {
    api.behave(({ nth }) => (nth === 1 ? { status: 400 } : undefined));
    const client = clientOf();
    expect((await failureOf(client.ensureUser('eve', never))).code).toBe('HTTP_400');
    await client.ensureUser('eve', never);
    expect(api.users.has('eve')).toBe(true);
  });
});

describe('connecting', () => {
  it('does not wait for a server that is not there', async () => {
    await api.close();
    const error = await failureOf(clientOf().connect('user', never));
    expect([error.code, error.status, waits]).toEqual(['ECONNREFUSED', undefined, []]);
  });

  it('waits for a server that says it is busy', async () => {
    api.behave(({ nth }) => (nth <= 2 ? { status: 503 } : undefined));
    await clientOf().connect('user', never);
    expect([api.requests.length, waits]).toEqual([3, [250]]);
  });
});
