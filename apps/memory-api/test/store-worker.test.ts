import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MemoryStore } from '../src/domain/memory-store.ts';
import { createWorkerStore } from '../src/storage/worker-store.ts';

describe('the store in a thread', () => {
  let folder: string;
  let store: MemoryStore;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
    store = await createWorkerStore({ folder });
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('carries values, vectors and order across the thread boundary', async () => {
    const { user } = await store.ensureUser('ada');
    const memory = { userId: user.id, appName: 'a', metadata: { deep: [{ x: null }] }, categories: ['c'] };
    const vector = { embedder: 'e', values: new Float32Array([0.6, 0.8]) };
    const outcomes = await Promise.all(
      ['one', 'two', 'three'].map((content) => store.addMemory({ ...memory, content, vector })),
    );
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['added', 'added', 'added']);
    const found = await store.search({
      filter: { userId: user.id, states: ['active'] },
      terms: ['two'],
      vector,
      candidates: 2,
    });
    expect(found.text).toHaveLength(1);
    expect(found.vector[0]!.score).toBeCloseTo(1, 5);
  });

  it('keeps name, code and text of an error', async () => {
    await expect(
      store.addMemory({ userId: 'nobody', appName: 'a', content: 'x', metadata: {}, categories: [] }),
    ).rejects.toMatchObject({ name: 'Error', message: 'no user with id nobody' });
  });

  it('refuses a second store on the same folder and says why', async () => {
    await expect(createWorkerStore({ folder })).rejects.toMatchObject({
      name: 'StartupError',
      code: 'DATA_DIR_IN_USE',
      message: expect.stringContaining(folder),
    });
  });

  it('opens the folder again once the first store is closed', async () => {
    await store.ensureUser('ada');
    await store.close();
    store = await createWorkerStore({ folder });
    expect(await store.findUser('ada')).toBeDefined();
  });

  it('refuses calls after close with a code', async () => {
    await store.close();
    await expect(store.check()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  });
});
