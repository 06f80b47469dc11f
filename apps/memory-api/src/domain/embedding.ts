import { createHash } from 'node:crypto';
import type { Embedder } from './embedder.ts';
import type { ReadCache } from './memory-service.ts';
import type { StoredVector } from './memory-store.ts';
import type { Policy } from './policy.ts';

export interface Embedding {
  readonly embedderId: string;
  /** False when the operator wants none; then text search is whole by itself. */
  readonly enabled: boolean;
  /**
   * The text's vector, or undefined when the embedder can not give it now.
   * Never rejects but with `signal.reason`: without a vector a memory is stored and a search answers by text.
   * For an embedder that is still loading it waits, within the first seconds of the process: what is written then has its vector too.
   */
  vectorFor(text: string, signal?: AbortSignal): Promise<StoredVector | undefined>;
  /** Vectors for texts that were stored without; rejects when the embedder can not give them. */
  vectorsFor(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>;
  available(): boolean;
}

export const createEmbedding = (options: {
  embedder: Embedder;
  /** For a text whose caller waits. */
  policy: Policy;
  /** For texts nobody waits for. */
  batchPolicy: Policy;
  cache: ReadCache<Float32Array>;
  /** Ends with the time in which writes and searches wait for the model rather than go on without it. */
  patience: Promise<void>;
  /** Told of each vector that could not be had, with the error. */
  onUnavailable: (error: unknown) => void;
}): Embedding => {
  const { embedder, policy, batchPolicy, cache, onUnavailable } = options;
  const firstSeconds = Promise.race([options.patience, embedder.settled()]);
  const keyOf = (text: string): string =>
    `${embedder.id}:${createHash('sha256').update(text).digest('base64url')}`;
  const run = (texts: readonly string[], through: Policy, signal?: AbortSignal): Promise<Float32Array[]> =>
    through.execute((context) => embedder.embed(texts, context.signal), signal);
  const available = (): boolean => embedder.state().status === 'ready';

  return {
    embedderId: embedder.id,
    enabled: true,
    available,
    vectorsFor: (texts, signal) => run(texts, batchPolicy, signal),
    async vectorFor(text, signal) {
      if (embedder.state().status === 'loading') await firstSeconds;
      signal?.throwIfAborted();
      if (!available()) return undefined;
      try {
        const load = async (context: { readonly signal: AbortSignal }): Promise<Float32Array> =>
          (await run([text], policy, context.signal))[0]!;
        const values = await cache.getOrSet(keyOf(text), load, { signal });
        return { embedder: embedder.id, values };
      } catch (error) {
        signal?.throwIfAborted();
        onUnavailable(error);
        return undefined;
      }
    },
  };
};

/** For an operator who wants text search alone. */
export const noEmbedding: Embedding = {
  embedderId: 'none',
  enabled: false,
  available: () => false,
  vectorFor: async () => undefined,
  vectorsFor: () =>
    Promise.reject(Object.assign(new Error('There is no embedder'), { code: 'EMBEDDER_UNAVAILABLE' })),
};
