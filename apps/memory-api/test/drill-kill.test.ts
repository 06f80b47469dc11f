import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSqliteStore } from '../src/storage/sqlite/store.ts';
import { answerVectors, startEmbeddingEndpoint } from './doubles/embedding-endpoint.ts';
import { startServer } from './server-process.ts';

const ROUNDS = 20;
const WRITERS = 8;
const DIMS = 16;

/** Real processes, real kills: nothing here is simulated. The word of each memory is its own, so text search must find it. */
describe('kill -9 during concurrent writes', () => {
  let folder: string;
  const acknowledged = new Map<string, string>();
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it(`loses no acknowledged memory in ${ROUNDS} rounds, and keeps row, text index and vector in step`, async () => {
    const endpoint = await startEmbeddingEndpoint(answerVectors(DIMS));
    const embedder = {
      EMBEDDER: 'http',
      EMBEDDER_URL: endpoint.baseUrl,
      EMBEDDER_MODEL: 'drill',
      EMBEDDER_DIMS: String(DIMS),
    };
    for (let round = 0; round < ROUNDS; round++) {
      const server = await startServer({ ...embedder, DATA_DIR: folder, DEFAULT_USER_ID: 'ada' });
      const killAt = acknowledged.size + randomInt(1, 60);
      const write = async (writer: number): Promise<void> => {
        for (let at = 0; ; at++) {
          const word = `r${round}w${writer}n${at}x`;
          const answer = await fetch(`${server.url}/api/v1/memories/`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ user_id: 'ada', text: `the doctor said ${word}`, infer: false }),
          });
          acknowledged.set(((await answer.json()) as { id: string }).id, word);
          if (acknowledged.size >= killAt) server.child.kill('SIGKILL');
        }
      };
      await Promise.allSettled(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
      expect((await server.end('SIGKILL')).signal).toBe('SIGKILL');
    }

    const store = createSqliteStore({ folder });
    const user = (await store.findUser('ada'))!;
    for (const [id, word] of acknowledged) {
      const memory = await store.getMemory(id);
      expect(memory).toMatchObject({ content: `the doctor said ${word}`, categories: ['health'] });
      const { text } = await store.search({
        filter: { userId: user.id, states: ['active'] },
        terms: [word],
        candidates: 5,
      });
      expect(text.map((hit) => hit.id)).toEqual([id]);
    }
    const { memories, indexed, vectors } = await store.check();
    expect(indexed).toBe(memories);
    const pending = await store.countPendingEmbeddings(`openai-compatible:drill:${DIMS}`);
    expect(vectors + pending).toBe(memories);
    expect(vectors).toBeGreaterThan(acknowledged.size / 2);
    expect(memories).toBeGreaterThanOrEqual(acknowledged.size);
    await store.close();
    await endpoint.close();
  }, 180_000);
});
