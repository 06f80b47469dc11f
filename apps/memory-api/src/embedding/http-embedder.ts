import { toUSVString } from 'node:util';
import type { Embedder, EmbedderState } from '../domain/embedder.ts';
import { retryAfterMs } from '../domain/retry-after.ts';
import { requireWholeNumber } from '../domain/whole-number.ts';
import { EmbedderError } from './embedder-error.ts';
import { readVectors } from './http-answer.ts';

export interface HttpEmbedderOptions {
  /** What `/embeddings` is added to, for example `http://127.0.0.1:11434/v1`. */
  baseUrl: string;
  model: string;
  /** Sent as a bearer token; never part of an error. */
  apiKey?: string | undefined;
  /** The length of the model's vectors; an answer of another length is refused. */
  dims: number;
  /** Default: the platform's. */
  fetch?: typeof fetch | undefined;
  /** For one request, the body of the answer included. Default 10_000. */
  timeoutMs?: number | undefined;
  /** Texts in one request; a longer call makes several, one after the other. Default 32. */
  maxBatch?: number | undefined;
  /** Texts are cut to this length, as endpoints refuse what is too long for the model. Default 8_000. */
  maxCharacters?: number | undefined;
  /** Reads a `Retry-After` that is a date. Default Date.now. */
  clock?: (() => number) | undefined;
}

/**
 * An embedder behind any OpenAI-compatible `/v1/embeddings` endpoint.
 * It makes each request once: retries, breaker and caching belong to the caller's policies, which find
 * `retryable`, `safety` and `retryAfterMs` on the EmbedderError.
 * Always `ready` until closed; whether the endpoint answers is known by asking it.
 * @throws RangeError when an option is out of range, TypeError when `baseUrl`, `model` or `apiKey` cannot be used.
 */
export function createHttpEmbedder(options: HttpEmbedderOptions): Embedder {
  return new HttpEmbedder(options);
}

type StopReason = 'caller' | 'timeout' | 'closed';

class HttpEmbedder implements Embedder {
  readonly id: string;
  readonly dims: number;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #model: string;
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;
  readonly #maxBatch: number;
  readonly #maxCharacters: number;
  readonly #clock: () => number;
  readonly #inFlight = new Set<(reason: StopReason) => void>();
  #state: EmbedderState = { status: 'ready' };

  constructor(options: HttpEmbedderOptions) {
    const { model, apiKey, dims, timeoutMs = 10_000, maxBatch = 32, maxCharacters = 8_000 } = options;
    requireWholeNumber('dims', dims, 1);
    requireWholeNumber('timeoutMs', timeoutMs, 1);
    requireWholeNumber('maxBatch', maxBatch, 1);
    requireWholeNumber('maxCharacters', maxCharacters, 1);
    if (model.trim() === '') throw new TypeError('model must name a model, got an empty string');
    this.#url = endpoint(options.baseUrl);
    this.#headers = { 'content-type': 'application/json', accept: 'application/json' };
    if (apiKey !== undefined) {
      if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new TypeError('apiKey must be visible ASCII without spaces');
      this.#headers.authorization = `Bearer ${apiKey}`;
    }
    this.id = `openai-compatible:${model}:${dims}`;
    this.dims = dims;
    this.#model = model;
    this.#fetch = options.fetch ?? fetch;
    this.#timeoutMs = timeoutMs;
    this.#maxBatch = maxBatch;
    this.#maxCharacters = maxCharacters;
    this.#clock = options.clock ?? Date.now;
  }

  state(): EmbedderState {
    return this.#state;
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    signal?.throwIfAborted();
    for (let start = 0; start < texts.length; start += this.#maxBatch) {
      const batch = texts.slice(start, start + this.#maxBatch).map((text) => this.#sendable(text));
      vectors.push(...(await this.#request(batch, signal)));
    }
    return vectors;
  }

  async close(): Promise<void> {
    this.#state = { status: 'failed', code: 'EMBEDDER_CLOSED', reason: 'The embedder is closed' };
    for (const stop of this.#inFlight) stop('closed');
  }

  /** Endpoints refuse an empty text and trip over half a surrogate pair. */
  #sendable(text: string): string {
    return toUSVString(text.slice(0, this.#maxCharacters)) || ' ';
  }

  async #request(input: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    signal?.throwIfAborted();
    if (this.#state.status !== 'ready') throw closed();
    let stopped: StopReason | undefined;
    const controller = new AbortController();
    const stop = (reason: StopReason): void => {
      stopped ??= reason;
      controller.abort();
    };
    const onAbort = (): void => stop('caller');
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => stop('timeout'), this.#timeoutMs);
    this.#inFlight.add(stop);
    try {
      const response = await this.#fetch(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body: JSON.stringify({ model: this.#model, input, encoding_format: 'float' }),
        // A redirected POST would lose its body or carry the key elsewhere.
        redirect: 'manual',
        signal: controller.signal,
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw refusal(response, this.#clock());
      }
      return await readVectors(response, input.length, this.dims);
    } catch (error) {
      if (stopped === 'caller') throw signal?.reason;
      if (stopped === 'closed') throw closed();
      if (stopped === 'timeout') {
        throw new EmbedderError(
          'EMBEDDER_TIMEOUT',
          `The embedding endpoint did not answer in ${this.#timeoutMs} ms`,
          { retryable: true },
        );
      }
      if (error instanceof EmbedderError) throw error;
      throw new EmbedderError('EMBEDDER_UNAVAILABLE', 'The embedding endpoint cannot be reached', {
        retryable: true,
        cause: error,
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#inFlight.delete(stop);
      // Frees the connection where the answer was refused before its end.
      controller.abort();
    }
  }
}

function endpoint(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username || url.password) {
    throw new TypeError('baseUrl must be an http or https URL without user and password');
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/embeddings`;
  return url.href;
}

function closed(): EmbedderError {
  return new EmbedderError('EMBEDDER_UNAVAILABLE', 'The embedder is closed', { retryable: false });
}

/** The answer's body is left unread: endpoints repeat keys and texts in it. */
function refusal(response: Response, now: number): EmbedderError {
  const { status } = response;
  const passing = status === 408 || status === 425 || status === 429 || status >= 500;
  const code = status === 429 ? 'EMBEDDER_BUSY' : passing ? 'EMBEDDER_UNAVAILABLE' : 'EMBEDDER_REFUSED';
  return new EmbedderError(code, `The embedding endpoint answered ${status}`, {
    retryable: passing,
    retryAfterMs: passing ? retryAfterMs(response.headers.get('retry-after'), now) : undefined,
  });
}
