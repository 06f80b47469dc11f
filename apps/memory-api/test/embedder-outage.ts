import { createServer, type Server } from 'node:http';
import { listen, stop } from './local-server.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { until } from './until.ts';

/** Turns each text into the same vector. */
const embedder = (): Server =>
  createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { input } = JSON.parse(body) as { input: string[] };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data: input.map((_text, index) => ({ index, embedding: [1, 0] })) }));
  });

export interface Outage extends ServerProcess {
  get: (path: string) => Promise<string>;
  /** Searches until the embedder's circuit is open. */
  breakCircuit: () => Promise<void>;
  /** Starts the embedder and searches until its circuit is closed. */
  recover: () => Promise<void>;
  close: () => Promise<void>;
}

/** A real server whose embedder refuses connections. */
export const startOutage = async (env: Record<string, string>): Promise<Outage> => {
  const back = embedder();
  const port = await listen(back, 0);
  await stop(back);
  const server = await startServer({
    EMBEDDER: 'http',
    EMBEDDER_URL: `http://127.0.0.1:${port}/v1`,
    EMBEDDER_MODEL: 'm',
    EMBEDDER_DIMS: '2',
    DEFAULT_USER_ID: 'ada',
    ...env,
  });
  const get = async (path: string): Promise<string> => (await fetch(`${server.url}${path}`)).text();
  let searches = 0;
  const searchUntil = (state: string): Promise<void> =>
    until(`the circuit ${state}`, async () => {
      await fetch(`${server.url}/api/v1/memories/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': `search-${searches}` },
        // Never the same query: a vector that is in the cache asks nobody.
        body: JSON.stringify({ user_id: 'ada', query: `tea ${searches++}` }),
      });
      return (await get('/metrics')).includes(`agent4_breaker_state{policy="embedder",state="${state}"} 1`);
    });
  return {
    ...server,
    get,
    breakCircuit: () => searchUntil('open'),
    recover: async () => {
      await listen(back, port);
      await searchUntil('closed');
    },
    close: async () => {
      await server.end('SIGKILL');
      await stop(back);
    },
  };
};
