import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CLIENTS, type TestClient } from './doubles/mcp-clients.ts';
import { type Row, startApi, type TestApi } from './harness.ts';

interface Hit {
  content: string;
  score: number;
}

/** What a story leaves behind, told in words both skins can say. */
interface Skin {
  add: (text: string) => Promise<string>;
  search: (query: string) => Promise<Hit[]>;
  list: () => Promise<string[]>;
  remove: (ids: string[]) => Promise<void>;
}

describe('one story over both skins', () => {
  let api: TestApi;
  let client: TestClient | undefined;
  let user = 0;

  const start = async (): Promise<void> => {
    api = await startApi();
    await api.api.app.listen({ host: '127.0.0.1', port: 0 });
  };
  beforeEach(start);
  afterEach(async () => {
    await client?.close();
    client = undefined;
    await api.close();
  });

  const rest = async (): Promise<Skin> => {
    const user_id = `rest-${++user}`;
    await api.call('POST', '/api/v1/users', { user_id });
    return {
      add: async (text) => (await api.add(text, { user_id, app: 'cursor' })).id,
      search: async (query) =>
        (
          await api.call<{ results: Hit[] }>('POST', '/api/v1/memories/search', { user_id, query })
        ).body.results.map(({ content, score }) => ({ content, score })),
      list: async () =>
        (await api.call<{ items: Row[] }>('GET', `/api/v1/memories/?user_id=${user_id}`)).body.items.map(
          (item) => item.content,
        ),
      remove: async (memory_ids) =>
        void (await api.call('DELETE', '/api/v1/memories/', { user_id, memory_ids })),
    };
  };

  const mcp = async (): Promise<Skin> => {
    const { port } = api.api.app.server.address() as AddressInfo;
    const name = `mcp-${++user}`;
    const address = (kind: 'http' | 'sse') => new URL(`http://127.0.0.1:${port}/mcp/cursor/${kind}/${name}`);
    const connected = await CLIENTS[0]![1]({ address } as never);
    client = connected;
    const results = async (tool: string, args: Record<string, unknown>) =>
      (
        JSON.parse((await connected.call(tool, args)).text) as {
          results: { id: string; memory: string; score: number }[];
        }
      ).results;
    return {
      add: async (text) => (await results('add_memories', { text }))[0]!.id,
      search: async (query) =>
        (await results('search_memory', { query })).map(({ memory, score }) => ({ content: memory, score })),
      list: async () =>
        (JSON.parse((await connected.call('list_memories', {})).text) as { memory: string }[]).map(
          ({ memory }) => memory,
        ),
      remove: async (memory_ids) => void (await connected.call('delete_memories', { memory_ids })),
    };
  };

  const story = async (skin: Skin): Promise<unknown[]> => {
    const told: unknown[] = [];
    const tea = await skin.add('Ada drinks green tea every morning');
    await skin.add('Ada plays the violin — loudly');
    await skin.add('Tea is sold in the shop');
    told.push(await skin.list());
    told.push(await skin.search('green tea'));
    await skin.remove([tea]);
    told.push(await skin.search('green tea'), await skin.list());
    return told;
  };

  it('ends the same, word for word and score for score', async () => {
    const overRest = await story(await rest());
    // A server of its own: words are rarer or more common by what all users of a server wrote.
    await api.close();
    await start();
    const overMcp = await story(await mcp());
    expect(overMcp).toEqual(overRest);
    expect(overRest[3]).toEqual(['Tea is sold in the shop', 'Ada plays the violin — loudly']);
  });

  it('shows in one what was done in the other, and writes what MCP read to the access log', async () => {
    const agent = await mcp();
    const id = await agent.add('Ada keeps bees');
    const user_id = `mcp-${user}`;
    const found = await api.call<{ results: Hit[] }>('POST', '/api/v1/memories/search', {
      user_id,
      query: 'bees',
    });
    expect(found.body.results.map(({ content }) => content)).toEqual(['Ada keeps bees']);

    await agent.search('bees');
    const log = await api.call<{ logs: { access_type: string; app_name: string }[] }>(
      'GET',
      `/api/v1/memories/${id}/access-log`,
    );
    expect(log.body.logs).toMatchObject([{ access_type: 'search', app_name: 'cursor' }]);

    await api.call('PUT', `/api/v1/memories/${id}`, { user_id, memory_content: 'Ada sold her bees' });
    expect(await agent.list()).toEqual(['Ada sold her bees']);
    await api.call('POST', '/api/v1/memories/actions/pause', { user_id, memory_ids: [id] });
    expect(await agent.list()).toEqual([]);
    expect(await agent.search('bees')).toEqual([]);
  });

  it('lets a paused app see and add nothing', async () => {
    const agent = await mcp();
    const id = await agent.add('Ada keeps bees');
    const { body } = await api.call<{ app_id: string }>('GET', `/api/v1/memories/${id}`);
    await api.call('PUT', `/api/v1/apps/${body.app_id}?is_active=false`);
    expect(await agent.search('bees')).toEqual([]);
    const refused = await client!.call('add_memories', { text: 'more bees' });
    expect(refused).toMatchObject({
      isError: true,
      text: expect.stringMatching(/APP_PAUSED, request [\w-]+\)/),
    });
    const [, id_of_request] = /request ([\w-]+)/.exec(refused.text)!;
    expect(
      api
        .logs()
        .filter((line) => line.correlationId === id_of_request)
        .map((line) => line.message),
    ).toContain('request refused');
  });
});
