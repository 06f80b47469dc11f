import { createHash } from 'node:crypto';
import type { Embedder } from './embedder.ts';
import type { StoredVector } from './memory-store.ts';
import type { Policy } from './policy.ts';

/** The part of a cache that embedding needs; a cache of @agent4/caching satisfies it. */
export interface VectorCache {
  getOrSet(key: string, loader: () => Promise<Float32Array>): Promise<Float32Array>;
}

export interface Embedding {
  readonly embedderId: string;
  /**
   * The text's vector, or undefined when the embedder can not give it now.
   * Never rejects but with `signal.reason`: without a vector a memory is stored and a search answers by text.
   */
  vectorFor(text: string, signal?: AbortSignal): Promise<StoredVector | undefined>;
  /** Vectors for texts that were stored without; rejects when the embedder can not give them. */
  vectorsFor(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>;
  available(): boolean;
}

export const createEmbedding = (options: {
  embedder: Embedder;
  policy: Policy;
  cache: VectorCache;
  /** Told of each vector that could not be had, with the error. */
  onUnavailable: (error: unknown) => void;
}): Embedding => {
  const { embedder, policy, cache, onUnavailable } = options;
  const keyOf = (text: string): string =>
    `${embedder.id}:${createHash('sha256').update(text).digest('base64url')}`;
  const vectorsFor = (texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> =>
    policy.execute((context) => embedder.embed(texts, context.signal), signal);
  const available = (): boolean => embedder.state().status === 'ready';

  return {
    embedderId: embedder.id,
    available,
    vectorsFor,
    async vectorFor(text, signal) {
      if (!available()) return undefined;
      try {
        const values = await cache.getOrSet(keyOf(text), async () => (await vectorsFor([text]))[0]!);
        signal?.throwIfAborted();
        return { embedder: embedder.id, values };
      } catch (error) {
        signal?.throwIfAborted();
        onUnavailable(error);
        return undefined;
      }
    },
  };
};
