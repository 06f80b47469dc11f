import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createScriptedEmbedder, type ScriptedEmbedder } from './doubles/scripted-embedder.ts';
import { startApi, type TestApi } from './harness.ts';

describe('a client over a real connection', () => {
  let api: TestApi;
  let port: number;
  let embedder: ScriptedEmbedder;
  let seen: AbortSignal | undefined;
  beforeEach(async () => {
    embedder = createScriptedEmbedder();
    const { embed } = embedder;
    embedder.embed = (texts, signal) => {
      seen = signal;
      return embed(texts, signal);
    };
    api = await startApi({ parts: { embedder } });
    await api.add('Ada plays the violin');
    await api.api.app.listen({ host: '127.0.0.1', port: 0 });
    port = (api.api.app.server.address() as AddressInfo).port;
    embedder.hold();
    seen = undefined;
  });
  afterEach(() => api.close());

  const search = (): { answered: Promise<number>; leave: () => void } => {
    const body = JSON.stringify({ user_id: 'ada', query: 'violin' });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({
      host: '127.0.0.1',
      port,
      path: '/api/v1/memories/search',
      method: 'POST',
      headers,
    });
    const answered = new Promise<number>((resolve) => {
      sent.once('response', (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      sent.once('error', () => resolve(0));
    });
    sent.end(body);
    return { answered, leave: () => sent.destroy() };
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  };

  it('is answered when it waits, long after its body was read', async () => {
    const { answered } = search();
    await until(() => seen !== undefined);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(seen!.aborted).toBe(false);
    embedder.release();
    expect(await answered).toBe(200);
  });

  it('ends the work made for it when it leaves', async () => {
    const { answered, leave } = search();
    await until(() => seen !== undefined);
    leave();
    await until(() => seen!.aborted);
    expect(await answered).toBe(0);
  });
});
