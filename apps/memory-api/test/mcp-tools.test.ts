import { afterEach, describe, expect, it } from '@jest/globals';
import type { AgentService } from '../src/domain/agent-service.ts';
import { type McpServerUnderTest, startMcp } from './doubles/mcp-server.ts';
import { post, rpc, toolCall } from './doubles/mcp-wire.ts';

let server: McpServerUnderTest;
const start = async (options?: Parameters<typeof startMcp>[0]): Promise<void> => {
  server = await startMcp(options);
};
afterEach(() => server.close());

const call = async (
  name: string,
  args?: Record<string, unknown>,
  names?: { client?: string; user?: string },
) => {
  const answer = await post(server.address('http', names), toolCall(name, args));
  const result = answer.json().result as {
    content: { text: string }[];
    structuredContent?: Record<string, unknown>;
    isError?: boolean;
  };
  return { text: result.content[0]!.text, structured: result.structuredContent, isError: result.isError };
};

describe('the tool list', () => {
  it('is what clients and their permission dialogs rely on', async () => {
    await start();
    const { tools } = (await post(server.address('http'), rpc('tools/list'))).json().result as {
      tools: {
        name: string;
        title: string;
        description: string;
        annotations: Record<string, boolean>;
        inputSchema: { properties?: object; required?: string[]; additionalProperties?: boolean };
        outputSchema: { properties: object };
      }[];
    };
    expect(
      tools.map(({ name, title, annotations, inputSchema, outputSchema }) => [
        name,
        title,
        annotations,
        { takes: Object.keys(inputSchema.properties ?? {}), needs: inputSchema.required ?? [] },
        Object.keys(outputSchema.properties),
      ]),
    ).toEqual([
      [
        'add_memories',
        'Add a memory',
        hints(false, false, false),
        { takes: ['text', 'infer'], needs: ['text'] },
        ['results'],
      ],
      [
        'search_memory',
        'Search memories',
        hints(true, false, true),
        { takes: ['query'], needs: ['query'] },
        ['results', 'degraded'],
      ],
      ['list_memories', 'List all memories', hints(true, false, true), { takes: [], needs: [] }, ['results']],
      [
        'delete_memories',
        'Delete memories',
        hints(false, true, true),
        { takes: ['memory_ids'], needs: ['memory_ids'] },
        ['deleted', 'not_found'],
      ],
      [
        'delete_all_memories',
        'Delete all memories',
        hints(false, true, true),
        { takes: [], needs: [] },
        ['deleted'],
      ],
    ]);
    for (const { description, inputSchema } of tools) {
      expect(description.length).toBeGreaterThan(40);
      expect(inputSchema.additionalProperties).not.toBe(false);
    }
  });
});

const hints = (readOnlyHint: boolean, destructiveHint: boolean, idempotentHint: boolean) => ({
  readOnlyHint,
  destructiveHint,
  idempotentHint,
  openWorldHint: false,
});

describe('a tool that fails', () => {
  const SECRET = 'connect to postgres://root:hunter2@db.internal failed';
  const failing =
    (error: unknown) =>
    (agents: AgentService): AgentService => ({
      ...agents,
      add: async () => Promise.reject(error),
    });

  it('says nothing of what the error holds, and reports it whole', async () => {
    const error = new Error(SECRET);
    await start({ replace: failing(error) });
    const answer = await post(server.address('http'), toolCall('add_memories', { text: 'x' }));
    const { result } = answer.json();
    expect(result).toMatchObject({ isError: true });
    expect(result).not.toHaveProperty('structuredContent');
    expect(answer.text).not.toContain('hunter2');
    expect(answer.text).not.toContain('db.internal');
    expect(answer.text).toMatch(/Error: .+ \([A-Z_]+, request req-1\)\./);
    expect(server.reported).toEqual([error]);
  });

  it('masks a thrown value that is no error', async () => {
    await start({ replace: failing(SECRET) });
    const { text, isError } = await call('add_memories', { text: 'x' });
    expect(isError).toBe(true);
    expect(text).not.toContain('hunter2');
  });

  it('stays silent when the reporter itself fails', async () => {
    await start({
      replace: failing(new Error('x')),
      publicError: () => {
        throw new Error(SECRET);
      },
    });
    expect((await call('add_memories', { text: 'x' })).text).toBe(
      'Error: Something went wrong on our side (INTERNAL_ERROR).',
    );
  });

  it('gives code, text and retry advice of the public form', async () => {
    await start({
      replace: failing(new Error('x')),
      publicError: () => ({
        code: 'STORE_BUSY',
        message: 'The store is busy',
        retryable: true,
        retryAfterMs: 1500,
      }),
    });
    expect(await call('add_memories', { text: 'x' })).toEqual({
      text: 'Error: The store is busy (STORE_BUSY). Try again in 2 s.',
      structured: undefined,
      isError: true,
    });
  });

  it('names the app that is paused', async () => {
    await start();
    await call('add_memories', { text: 'first' });
    const user = await server.store.findUser('ada');
    const [app] = await server.store.appsOf(user!.id);
    await server.store.setAppActive(app!.id, false);
    const { text, isError } = await call('add_memories', { text: 'second' });
    expect(isError).toBe(true);
    expect(text).toMatch(/^Error: App cursor is paused.* \(APP_PAUSED, request req-1\)\./);
    expect(await call('search_memory', { query: 'first' })).toMatchObject({ text: '{"results":[]}' });
  });
});

describe('the time limit of a call', () => {
  it('answers with a code though the service never does, and tells the service to stop', async () => {
    let told: AbortSignal | undefined;
    await start({
      callTimeoutMs: 20,
      replace: (agents) => ({
        ...agents,
        search: (_agent, _query, _limit, signal) => {
          told = signal;
          return new Promise(() => {});
        },
      }),
    });
    const { text, isError } = await call('search_memory', { query: 'x' });
    expect(isError).toBe(true);
    expect(text).toMatch(/^Error: The call took longer than 20 ms \(CALL_TIMED_OUT, request req-1\)\./);
    expect(told?.aborted).toBe(true);
  });
});

describe('search', () => {
  it('shows in text and structure that it could not look everywhere', async () => {
    await start();
    await call('add_memories', { text: 'Ada drinks green tea' });
    server.embedder.enter({ status: 'failed', code: 'EMBEDDER_UNAVAILABLE', reason: 'gone' });
    const { text, structured } = await call('search_memory', { query: 'tea' });
    expect(JSON.parse(text)).toEqual(structured);
    expect(structured).toMatchObject({ degraded: true, results: [{ memory: 'Ada drinks green tea' }] });
  });

  it('gives at most ten', async () => {
    await start();
    for (let i = 0; i < 12; i++) await call('add_memories', { text: `tea number ${i}` });
    const { structured } = await call('search_memory', { query: 'tea' });
    expect(structured!.results).toHaveLength(10);
  });
});

describe('what one agent may touch', () => {
  it('is the user of its address, not a memory whose id it learnt', async () => {
    await start();
    const { structured } = await call('add_memories', { text: 'mine' }, { user: 'ada' });
    const [{ id }] = structured!.results as [{ id: string }];
    expect((await call('delete_memories', { memory_ids: [id] }, { user: 'eve' })).isError).toBe(true);
    expect((await call('list_memories', {}, { user: 'eve' })).text).toBe('[]');
    expect((await call('list_memories', {}, { user: 'ada' })).structured!.results).toHaveLength(1);
  });

  it('deletes what is there and names what is not', async () => {
    await start();
    const { structured } = await call('add_memories', { text: 'mine' });
    const [{ id }] = structured!.results as [{ id: string }];
    const stranger = '00000000-0000-4000-8000-000000000000';
    expect(await call('delete_memories', { memory_ids: [id, stranger, id] })).toEqual({
      text: 'Deleted 1 memory. Not found: 1 memory.',
      structured: { deleted: [id], not_found: [stranger] },
      isError: undefined,
    });
  });

  it('follows names that need escaping in an address', async () => {
    await start();
    const names = { client: 'my client/1', user: 'Ünal & söhne' };
    await call('add_memories', { text: 'x' }, names);
    const { structured } = await call('list_memories', {}, names);
    expect(structured!.results).toMatchObject([{ user_id: names.user, app_name: names.client }]);
  });
});
