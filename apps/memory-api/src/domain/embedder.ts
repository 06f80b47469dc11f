/** Where an embedder stands. A loading or failed one is asked nothing; writes and searches go on without it. */
export type EmbedderState =
  | { status: 'loading' }
  | { status: 'ready' }
  | { status: 'failed'; code: string; reason: string };

/**
 * Turns texts into unit vectors.
 * `id` and `dims` are stored with each vector: vectors of two embedders are never compared.
 */
export interface Embedder {
  /** Names the model and its weights, for example `all-minilm-l6-v2-int8`. */
  readonly id: string;
  readonly dims: number;
  state(): EmbedderState;
  /** Resolves when the state is no longer `loading`; never rejects. */
  settled(): Promise<void>;
  /**
   * One unit vector a text, in order.
   * @throws An error with `code: 'EMBEDDER_UNAVAILABLE'` when the state is not `ready`; `signal.reason` when aborted.
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>;
  /** Ends the worker; pending calls reject. Idempotent. */
  close(): Promise<void>;
}
