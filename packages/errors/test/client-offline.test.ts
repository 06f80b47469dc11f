import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { readError, toErrorView } from '../src/client.ts';

const offline = { online: () => false };
const connected = { online: () => true };
const brief = ({ kind, code, canRetry }: ReturnType<typeof toErrorView>): unknown[] => [kind, code, canRetry];

describe('no answer', () => {
  const texts = [
    'Failed to fetch',
    'Load failed',
    'NetworkError when attempting to fetch resource.',
    'fetch failed',
  ];
  it.each(texts)('%s is offline without a connection, the server with one', (text) => {
    expect(brief(toErrorView(new TypeError(text), offline))).toEqual(['offline', 'OFFLINE', true]);
    expect(brief(toErrorView(new TypeError(text), connected))).toEqual(['server', 'NETWORK_FAILED', true]);
    expect(brief(toErrorView(new TypeError(text), { online: () => undefined }))).toEqual([
      'server',
      'NETWORK_FAILED',
      true,
    ]);
  });

  it('is told by a real fetch to a closed port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const thrown = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => error);
    expect(brief(await readError(thrown, connected))).toEqual(['server', 'NETWORK_FAILED', true]);
  });

  it('is told by Response.error and by axios', () => {
    expect(brief(toErrorView(Response.error(), connected))).toEqual(['server', 'NETWORK_FAILED', true]);
    const axios = Object.assign(new Error('Network Error'), { code: 'ERR_NETWORK' });
    expect(brief(toErrorView(axios, offline))).toEqual(['offline', 'OFFLINE', true]);
  });

  it('a TypeError of the page is not the network', () => {
    const bug = new TypeError("Cannot read properties of undefined (reading 'id')");
    expect(brief(toErrorView(bug, connected))).toEqual(['server', 'UNKNOWN', false]);
  });

  it('a server that answers is never offline, whatever the browser thinks', async () => {
    const view = await readError(new Response('', { status: 503 }), offline);
    expect(brief(view)).toEqual(['server', 'UNAVAILABLE', true]);
  });
});

describe('cancelled and late', () => {
  it('tells an abort from a deadline', async () => {
    const aborted = AbortSignal.abort();
    expect(brief(toErrorView(aborted.reason, offline))).toEqual(['cancelled', 'CANCELLED', false]);
    const late = new DOMException('The operation timed out', 'TimeoutError');
    expect(brief(toErrorView(late, connected))).toEqual(['server', 'TIMEOUT', true]);
    expect(brief(toErrorView(late, offline))).toEqual(['offline', 'OFFLINE', true]);
  });

  it('knows any reason of the signal as a cancellation', () => {
    const signal = AbortSignal.abort('left the page');
    expect(toErrorView('left the page', { ...connected, signal }).kind).toBe('cancelled');
    expect(toErrorView('left the page', connected).kind).toBe('server');
    expect(toErrorView('else', { ...connected, signal }).kind).toBe('server');
  });
});
