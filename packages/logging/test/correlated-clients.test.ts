import { once } from 'node:events';
import http, {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CorrelationContext } from '../src/index.ts';
import { correlatedFetch, correlatedRequest, createPropagation, extract } from '../src/propagation.ts';

const closing: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Seen {
  method: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A server that writes down what comes in, and answers as it is told. */
const server = async (
  answer: RequestListener = (_request, response) => response.end('ok'),
): Promise<{ url: string; seen: Seen[] }> => {
  const seen: Seen[] = [];
  const made = createServer(async (request, response) => {
    seen.push({ method: request.method, headers: request.headers, body: await text(request) });
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(made, 'listening');
  closing.push(
    () => made.closeAllConnections(),
    () => made.close(),
  );
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}`, seen };
};

const redirect =
  (status: number, location: string): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { location }).end('moved');

const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
const inRequest = <Result>(fn: () => Result): Result =>
  CorrelationContext.run(extract({ 'x-request-id': 'r', traceparent, tracestate: 'a=1' }), fn);

describe('correlatedFetch', () => {
  it.each<[string, (url: string) => Parameters<typeof fetch>]>([
    ['a text', (url) => [url, { headers: { accept: 'a/b' } }]],
    ['a URL', (url) => [new URL(url), { headers: [['accept', 'a/b']] }]],
    ['a Request', (url) => [new Request(url, { headers: { accept: 'a/b' } })]],
    [
      'a Request and headers that replace its own',
      (url) => [
        new Request(url, { headers: { 'x-gone': '1' } }),
        { headers: new Headers({ accept: 'a/b' }) },
      ],
    ],
    [
      'a Request and headers of undefined',
      (url) => [new Request(url, { headers: { accept: 'a/b' } }), { headers: undefined } as never],
    ],
  ])('adds the headers to %s', async (_name, args) => {
    const { url, seen } = await server();
    const answer = await inRequest(() => correlatedFetch()(...args(url)));
    expect(await answer.text()).toBe('ok');
    expect(seen[0]!.headers).toMatchObject({ accept: 'a/b', 'x-request-id': 'r', tracestate: 'a=1' });
    expect(seen[0]!.headers.traceparent).toMatch(/^00-(ab){16}-(?!(cd){8})[0-9a-f]{16}-01$/);
    expect(seen[0]!.headers).not.toHaveProperty('x-gone');
  });

  it('sends the body, keeps what the user set, adds nothing outside of a context', async () => {
    const { url, seen } = await server();
    await inRequest(() =>
      correlatedFetch()(url, { method: 'POST', body: 'text', headers: { 'X-Request-Id': 'mine' } }),
    );
    await correlatedFetch()(url);
    expect(seen[0]).toMatchObject({ method: 'POST', body: 'text', headers: { 'x-request-id': 'mine' } });
    expect(seen[1]!.headers).not.toHaveProperty('x-request-id');
  });

  it('wraps any fetch, and passes on what it throws', async () => {
    const boom = new Error('boom');
    const wrapped = correlatedFetch(async (_url: string): Promise<Response> => {
      throw boom;
    });
    await expect(wrapped('https://api.example')).rejects.toBe(boom);
    expect(() => correlatedFetch('x' as never)).toThrow(new TypeError('fetch must be a function, got x'));
  });

  it('leaves it to fetch to refuse an address that is none', async () => {
    await expect(inRequest(() => correlatedFetch()('nowhere'))).rejects.toMatchObject({ name: 'TypeError' });
    const narrow = createPropagation({ only: ['https://api.example'] }).correlatedFetch();
    await expect(inRequest(() => narrow('nowhere'))).rejects.toMatchObject({ name: 'TypeError' });
  });

  it('tells nothing to origins that only does not name', async () => {
    const [known, stranger] = [await server(), await server()];
    const narrow = createPropagation({ only: [known.url] }).correlatedFetch();
    await inRequest(() => Promise.all([narrow(known.url), narrow(stranger.url)]));
    expect(known.seen[0]!.headers).toHaveProperty('x-request-id', 'r');
    for (const name of ['x-request-id', 'traceparent', 'tracestate'])
      expect(stranger.seen[0]!.headers).not.toHaveProperty(name);
  });
});

describe('correlatedFetch with only, redirected', () => {
  it('tells nothing to where a redirect leads, and there no credentials', async () => {
    const stranger = await server();
    const known = await server(redirect(302, `${stranger.url}/there`));
    const narrow = createPropagation({ only: [known.url] }).correlatedFetch();
    const answer = await inRequest(() =>
      narrow(known.url, { headers: { authorization: 'Bearer x', cookie: 'a=b', accept: 'a/b' } }),
    );
    expect([answer.status, answer.url, await answer.text()]).toEqual([200, `${stranger.url}/there`, 'ok']);
    expect(known.seen[0]!.headers).toMatchObject({ 'x-request-id': 'r', authorization: 'Bearer x' });
    expect(stranger.seen[0]!.headers.accept).toBe('a/b');
    for (const name of ['x-request-id', 'traceparent', 'tracestate', 'authorization', 'cookie'])
      expect(stranger.seen[0]!.headers).not.toHaveProperty(name);
  });

  it('tells those it leads to that are named, each with a span of its own', async () => {
    const second = await server();
    const first = await server(redirect(307, second.url));
    const narrow = createPropagation({ only: () => true }).correlatedFetch();
    await inRequest(() => narrow(first.url, { method: 'PUT', body: 'text' }));
    expect(second.seen[0]).toMatchObject({ method: 'PUT', body: 'text', headers: { 'x-request-id': 'r' } });
    expect(second.seen[0]!.headers.traceparent).not.toBe(first.seen[0]!.headers.traceparent);
  });

  // What the fetch of the platform does is the measure.
  it.each(
    [301, 302, 303, 307, 308].flatMap((status) =>
      ['GET', 'HEAD', 'POST', 'PUT'].map((method) => [status, method] as const),
    ),
  )('does on %d after %s as fetch does', async (status, method) => {
    const target = await server();
    const first = await server(redirect(status, `${target.url}/x`));
    const body =
      method === 'POST' || method === 'PUT' ? { body: 'text', headers: { 'content-type': 'a/b' } } : {};
    await fetch(first.url, { method, ...body });
    await createPropagation({ only: [] }).correlatedFetch()(first.url, { method, ...body });
    const [expected, actual] = target.seen;
    expect(actual).toEqual({ ...expected, headers: { ...expected!.headers, host: actual!.headers.host } });
    expect(target.seen).toHaveLength(2);
  });

  it.each<[string, string]>([
    ['to no URL', 'http://['],
    ['to another scheme', 'data:text/plain,hello'],
    ['round and round', '/'],
  ])('rejects a redirect %s, as fetch does', async (_name, location) => {
    const { url, seen } = await server(redirect(302, location));
    await expect(fetch(url)).rejects.toMatchObject({ name: 'TypeError' });
    const native = seen.length;
    await expect(createPropagation({ only: [] }).correlatedFetch()(url)).rejects.toMatchObject({
      name: 'TypeError',
    });
    expect(seen.length - native).toBe(native);
  });

  it('does not send a stream twice', async () => {
    const { url } = await server(redirect(307, '/again'));
    const body = new Blob(['text']).stream();
    await expect(
      createPropagation({ only: [] }).correlatedFetch()(url, {
        method: 'POST',
        body,
        duplex: 'half',
      } as RequestInit),
    ).rejects.toThrow('fetch failed');
  });

  it("obeys the user's own mode", async () => {
    const { url } = await server(redirect(302, '/x'));
    const narrow = createPropagation({ only: [] }).correlatedFetch();
    expect((await narrow(url, { redirect: 'manual' })).status).toBe(302);
    expect((await narrow(new Request(url, { redirect: 'manual' }))).status).toBe(302);
    await expect(narrow(url, { redirect: 'error' })).rejects.toMatchObject({ name: 'TypeError' });
  });

  it('ends when its signal says so, in the second request too', async () => {
    const second = await server(() => {});
    const first = await server(redirect(302, second.url));
    const leaving = new AbortController();
    const narrow = createPropagation({ only: [] }).correlatedFetch();
    const going = narrow(new Request(first.url, { signal: leaving.signal }));
    while (second.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    await expect(going).rejects.toThrow('aborted');
  });
});

describe('correlatedRequest', () => {
  const answerOf = async (request: http.ClientRequest): Promise<string> => {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return text(response);
  };

  it.each<[string, (url: URL) => Parameters<typeof http.get>]>([
    ['a text', (url) => [url.href] as never],
    ['a URL', (url) => [url] as never],
    ['a URL and options', (url) => [url, { headers: { accept: 'a/b' } }] as never],
    ['a URL, undefined and a callback', (url) => [url, undefined, () => {}] as never],
    [
      'options',
      (url) => [{ host: url.hostname, port: url.port, headers: ['accept', 'a/b', 'host', 'x'] }] as never,
    ],
    [
      'options with pairs',
      (url) =>
        [
          {
            hostname: url.hostname,
            port: url.port,
            headers: [
              ['accept', 'a/b'],
              ['host', 'x'],
            ],
          },
        ] as never,
    ],
  ])('adds the headers to %s', async (_name, args) => {
    const { url, seen } = await server();
    expect(await answerOf(inRequest(() => correlatedRequest(http.get)(...args(new URL(url)))))).toBe('ok');
    expect(seen[0]!.headers).toMatchObject({ 'x-request-id': 'r', tracestate: 'a=1' });
  });

  it.each<[string, (url: string, callback: (response: IncomingMessage) => void) => http.ClientRequest]>([
    ['behind the address', (url, callback) => correlatedRequest(http.get)(url, callback)],
    ['behind options', (url, callback) => correlatedRequest(http.get)(url, {}, callback)],
    ['behind no options', (url, callback) => correlatedRequest(http.get)(url, undefined as never, callback)],
  ])('calls the callback %s', async (_name, call) => {
    const { url } = await server();
    const called = new Promise<IncomingMessage>((resolve) => call(url, resolve));
    expect(await text(await called)).toBe('ok');
  });

  it('calls back, keeps what the user set and leaves the options as they were', async () => {
    const { url, seen } = await server();
    const options = Object.freeze({ method: 'POST', headers: Object.freeze({ 'X-Request-Id': 'mine' }) });
    const called = new Promise<IncomingMessage>((resolve) =>
      inRequest(() => correlatedRequest(http.request)(url, options, resolve).end('text')),
    );
    expect(await text(await called)).toBe('ok');
    expect(seen[0]).toMatchObject({ method: 'POST', body: 'text', headers: { 'x-request-id': 'mine' } });
  });

  it('asks only about where node really connects to', async () => {
    const [known, stranger] = [await server(), await server()];
    const { port } = new URL(stranger.url);
    const narrow = createPropagation({ only: [known.url] }).correlatedRequest(http.get);
    await inRequest(async () => {
      await answerOf(narrow(known.url));
      await answerOf(narrow(known.url, { port }));
      await answerOf(narrow({ host: 'known.example', hostname: '127.0.0.1', port }));
    });
    expect(known.seen[0]!.headers).toHaveProperty('x-request-id', 'r');
    expect(stranger.seen).toHaveLength(2);
    for (const { headers } of stranger.seen) expect(headers).not.toHaveProperty('x-request-id');
  });

  it.each<[string, unknown[], string | undefined]>([
    ['the scheme of node:https', [{ host: 'api.example' }], 'https://api.example/'],
    ['port and path', [{ hostname: 'api.example', port: 8443, path: '/a' }], 'https://api.example:8443/a'],
    ['an address of IPv6', [{ hostname: '::1', port: 1 }], 'https://[::1]:1/'],
    [
      'a path that looks like a host',
      [{ host: 'other.example', path: '@api.example/' }],
      'https://other.example/',
    ],
    ['hostname before host', [{ host: 'other.example', hostname: 'api.example' }], 'https://api.example/'],
    ['the default host', [{}], 'https://localhost/'],
    ['no socket in the file system', [{ socketPath: '/run/x.sock' }], undefined],
  ])('knows %s', (_name, args, expected) => {
    const asked: string[] = [];
    const { correlatedRequest: narrow } = createPropagation({ only: ({ href }) => asked.push(href) > 0 });
    const { request } = https;
    // No network: the connection is refused by an agent before it is made.
    const made = narrow(request)({
      ...(args[0] as object),
      agent: false,
      lookup: () => {},
      createConnection: () => {
        throw new Error('no network');
      },
    } as never);
    made.on('error', () => {});
    made.destroy();
    expect(asked).toEqual(expected === undefined ? [] : [expected]);
  });

  it('leaves it to node to refuse an address that is none', () => {
    expect(() => correlatedRequest(http.get)('nowhere')).toThrow('Invalid URL');
    expect(() => correlatedRequest('x' as never)).toThrow(
      new TypeError('request must be http.request or its like, got x'),
    );
  });
});
