import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CLIENTS, type TestClient } from './doubles/mcp-clients.ts';
import { type McpServerUnderTest, startMcp } from './doubles/mcp-server.ts';

const NOON = Date.UTC(2026, 0, 2, 12);
const NOON_ISO = '2026-01-02T12:00:00.000+00:00';
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const idIn = (structured: unknown): string => (structured as { results: { id: string }[] }).results[0]!.id;

describe.each(CLIENTS)('%s', (_name, connect, revision) => {
  let server: McpServerUnderTest;
  let client: TestClient;
  beforeEach(async () => {
    server = await startMcp({ now: () => NOON });
    client = await connect(server);
  });
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  it('agrees on its revision and is told what the server is for', () => {
    expect(client.protocolVersion()).toBe(revision);
    expect(client.instructions()).toMatch(/^This server keeps what is known about the user/);
  });

  it('lists the five tools', async () => {
    expect((await client.tools()).map(({ name }) => name)).toEqual([
      'add_memories',
      'search_memory',
      'list_memories',
      'delete_memories',
      'delete_all_memories',
    ]);
  });

  it('adds a memory, finds it, lists it and deletes it, as text and as structure', async () => {
    const text = 'Ada drinks green tea';
    const added = await client.call('add_memories', { text });
    const id = idIn(added.structured);
    const expectedAdd = { results: [{ id, memory: text, event: 'ADD' }] };
    expect(added).toEqual({ text: JSON.stringify(expectedAdd), structured: expectedAdd, isError: false });

    const row = { id, memory: text, hash: md5(text), created_at: NOON_ISO, updated_at: NOON_ISO };
    const found = await client.call('search_memory', { query: 'green tea' });
    expect(JSON.parse(found.text)).toEqual({ results: [{ ...row, score: 1 }] });
    expect(found.structured).toEqual({ results: [{ ...row, score: 1 }], degraded: false });

    const listed = await client.call('list_memories');
    const rows = [{ ...row, metadata: {}, user_id: 'ada', app_name: 'cursor', categories: [] }];
    expect(JSON.parse(listed.text)).toEqual(rows);
    expect(listed.structured).toEqual({ results: rows });

    expect(await client.call('delete_memories', { memory_ids: [id] })).toEqual({
      text: 'Deleted 1 memory.',
      structured: { deleted: [id], not_found: [] },
      isError: false,
    });
    expect((await client.call('list_memories')).text).toBe('[]');
  });

  it('deletes all memories and says how many', async () => {
    await client.call('add_memories', { text: 'one' });
    await client.call('add_memories', { text: 'two', infer: false });
    expect(await client.call('delete_all_memories')).toEqual({
      text: 'Deleted all memories: 2.',
      structured: { deleted: 2 },
      isError: false,
    });
    expect(await client.call('delete_all_memories')).toEqual({
      text: 'There was nothing to delete.',
      structured: { deleted: 0 },
      isError: false,
    });
  });

  it('reads a failed call as a failed call', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect(await client.call('delete_memories', { memory_ids: [unknown] })).toEqual({
      text: 'Error: None of these ids names a memory you may delete (MEMORIES_NOT_FOUND, request req-1).',
      structured: undefined,
      isError: true,
    });
    const bad = await client.call('add_memories', { text: 7 });
    expect(bad.isError).toBe(true);
    expect(bad.text).toMatch(/^Input validation error: Invalid arguments for tool add_memories: text: /);
  });

  it('hears of a tool that does not exist', async () => {
    await expect(client.call('forget_everything')).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('Tool forget_everything not found'),
    });
  });

  it('leaves out arguments it does not know', async () => {
    const added = await client.call('add_memories', { text: 'kept', agent_id: 'old', infer: true });
    expect(added.isError).toBe(false);
  });
});
