import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MemoryStore } from '../src/domain/memory-store.ts';
import { createWorkerStore } from '../src/storage/worker-store.ts';

describe('the store in a thread', () => {
  let folder: string;
  let store: MemoryStore;
  let thread: Worker;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'memory-api-'));
    store = await createWorkerStore({ folder, onThread: (started) => (thread = started) });
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

  it('rejects what was under way when its thread dies, keeps what was acknowledged, and goes on with a new one', async () => {
    const { user } = await store.ensureUser('ada');
    const add = (content: string) =>
      store.addMemory({ userId: user.id, appName: 'a', content, metadata: {}, categories: [] });
    await add('acknowledged');
    // A row of this size keeps the thread busy for longer than it takes to end it.
    const underWay = Promise.allSettled([add('x'.repeat(50_000_000)), store.check()]);
    void thread.terminate();
    const outcomes = await underWay;
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({
          code: 'STORE_CRASHED',
          retryable: true,
          safety: 'idempotent-only',
        });
    expect(outcomes.some((outcome) => outcome.status === 'rejected')).toBe(true);
    const { memories, indexed } = await store.check();
    expect(indexed).toBe(memories);
    expect(memories).toBeGreaterThanOrEqual(1);
  });

  it('refuses calls after close with a code', async () => {
    await store.close();
    await expect(store.check()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  });
});
