import { describe, expect, it } from '@jest/globals';
import { createEmbedding, type Embedding } from '../src/domain/embedding.ts';
import { createScriptedEmbedder, type ScriptedEmbedder } from './doubles/scripted-embedder.ts';

const direct = {
  execute: <T>(fn: (context: { signal: AbortSignal }) => Promise<T>): Promise<T> =>
    fn({ signal: new AbortController().signal }),
};

const scene = (): { embedder: ScriptedEmbedder; embedding: Embedding; endPatience: () => void } => {
  const embedder = createScriptedEmbedder({ state: { status: 'loading' } });
  const { promise: patience, resolve: endPatience } = Promise.withResolvers<void>();
  const embedding = createEmbedding({
    embedder,
    policy: direct,
    batchPolicy: direct,
    cache: { getOrSet: (_key, loader) => loader({ signal: new AbortController().signal }) },
    patience,
    onUnavailable: () => {},
  });
  return { embedder, embedding, endPatience };
};

describe('a model that is still loading', () => {
  it('is waited for in the first seconds, so that the first memory has its vector', async () => {
    const { embedder, embedding } = scene();
    const vector = embedding.vectorFor('the first memory');
    embedder.enter({ status: 'ready' });
    expect(await vector).toMatchObject({ embedder: 'scripted' });
  });

  it('is done without when it fails to load', async () => {
    const { embedder, embedding } = scene();
    const vector = embedding.vectorFor('a memory');
    embedder.enter({ status: 'failed', code: 'MODEL_MISSING', reason: 'not installed' });
    expect(await vector).toBeUndefined();
  });

  it('is done without after those seconds, at once', async () => {
    const { embedding, endPatience } = scene();
    endPatience();
    expect(await embedding.vectorFor('a memory')).toBeUndefined();
  });

  it('keeps nobody who left', async () => {
    const { embedder, embedding } = scene();
    const caller = new AbortController();
    const vector = embedding.vectorFor('a memory', caller.signal);
    caller.abort(new Error('left'));
    embedder.enter({ status: 'ready' });
    await expect(vector).rejects.toThrow('left');
    expect(embedder.calls).toEqual([]);
  });
});
