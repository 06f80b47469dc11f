/** What can go wrong when vectors are asked for. */
export type EmbedderErrorCode =
  /** Not ready, closed, unreachable, or gone in the middle of a call. */
  | 'EMBEDDER_UNAVAILABLE'
  /** No answer in time. */
  | 'EMBEDDER_TIMEOUT'
  /** The queue is full, or the endpoint answered 429. */
  | 'EMBEDDER_BUSY'
  /** The endpoint turned the request down: key, model or input. */
  | 'EMBEDDER_REFUSED'
  /** The endpoint answered something that is not the vectors asked for. */
  | 'EMBEDDER_BAD_RESPONSE';

/**
 * A failed `embed` call, in the plain shape that resilience and errors read.
 * Embedding changes nothing, so a retryable failure may always be tried again.
 */
export class EmbedderError extends Error {
  static {
    EmbedderError.prototype.name = 'EmbedderError';
  }
  readonly code: EmbedderErrorCode;
  readonly retryable: boolean;
  readonly safety: 'always' | 'never';
  /** How long the other side asked us to wait, where it said so. */
  declare readonly retryAfterMs?: number;

  constructor(
    code: EmbedderErrorCode,
    message: string,
    options: { retryable: boolean; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable;
    this.safety = options.retryable ? 'always' : 'never';
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}
