import { channel } from 'node:diagnostics_channel';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Embedder, EmbedderState } from '../domain/embedder.ts';
import { requireWholeNumber } from '../domain/whole-number.ts';
import { EmbedderError } from './embedder-error.ts';
import { MINILM_DIMS, MINILM_ID } from './minilm-files.ts';
import type { MiniLmWorkerData } from './minilm-messages.ts';
import { type QueuedText, TextQueue } from './text-queue.ts';
import { WorkerSlot } from './worker-slot.ts';

export interface MiniLmOptions {
  /** Folder that holds `model/` and `vendor/onnxruntime-web/`. Default: the installed package. */
  modelFolder?: string | undefined;
  /** Threads, each with its own copy of the model. Default 1. */
  workerCount?: number | undefined;
  /** Texts handed to a thread at once, and so the longest wait before another call gets its turn. Default 4. */
  maxBatch?: number | undefined;
  /** Texts that may wait; a call that does not fit is refused with EMBEDDER_BUSY. Default 2_048. */
  maxQueuedTexts?: number | undefined;
  /** A thread that takes longer to load, or to answer a batch, is replaced. Default 30_000. */
  workerTimeoutMs?: number | undefined;
  /** Wait before a dead thread is replaced; doubles with each death in a row, up to 30 s. Default 250. */
  restartDelayMs?: number | undefined;
  /** Starts a thread; for tests that end one or put another in its place. */
  startWorker?: ((script: URL, data: MiniLmWorkerData) => Worker) | undefined;
}

/** Texts are cut to this length before they reach a thread; 256 tokens of prose are about 1,200 characters. */
const MAX_CHARACTERS = 8_192;
const STATE_CHANNEL = channel('agent4:memory-api:embedder-state');
const LONGEST_TIMER_MS = 2 ** 31 - 1;

// The worker is the sibling of this file, as TypeScript from src and as JavaScript from dist.
const WORKER_SCRIPT = new URL(
  `minilm-worker${path.extname(fileURLToPath(import.meta.url))}`,
  import.meta.url,
);

/**
 * The embedded embedder: all-MiniLM-L6-v2, int8, 384 dimensions, in a worker thread; no network, no native code.
 * It loads in the background and never throws for a model that is missing or damaged: its state becomes `failed`
 * with MODEL_MISSING, MODEL_DAMAGED or RUNTIME_FAILED. A text's first 256 tokens count, and of these no more than
 * its first 8,192 characters hold. It keeps the process alive only while a caller waits.
 * Each change of state is published on `node:diagnostics_channel` `agent4:memory-api:embedder-state`.
 * @throws RangeError when an option is out of range. `embed` rejects with an EmbedderError.
 */
export function createMiniLmEmbedder(options: MiniLmOptions = {}): Embedder {
  return new MiniLmEmbedder(options);
}

class MiniLmEmbedder implements Embedder {
  readonly id = MINILM_ID;
  readonly dims = MINILM_DIMS;
  readonly #queue: TextQueue;
  readonly #slots: WorkerSlot[];
  readonly #maxBatch: number;
  #state: EmbedderState = { status: 'loading' };
  #waiters: (() => void)[] = [];
  #alive: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: MiniLmOptions) {
    const { workerCount = 1, maxBatch = 4, maxQueuedTexts = 2_048 } = options;
    const { workerTimeoutMs = 30_000, restartDelayMs = 250, startWorker = startThread } = options;
    requireWholeNumber('workerCount', workerCount, 1);
    requireWholeNumber('maxBatch', maxBatch, 1);
    requireWholeNumber('maxQueuedTexts', maxQueuedTexts, 1);
    requireWholeNumber('workerTimeoutMs', workerTimeoutMs, 1);
    requireWholeNumber('restartDelayMs', restartDelayMs, 0);
    const data: MiniLmWorkerData = { modelFolder: options.modelFolder };
    this.#maxBatch = maxBatch;
    this.#queue = new TextQueue(maxQueuedTexts);
    this.#slots = [];
    for (let i = 0; i < workerCount; i++) {
      this.#slots.push(
        new WorkerSlot({
          start: () => startWorker(WORKER_SCRIPT, data),
          restartDelayMs,
          workerTimeoutMs,
          onChange: () => this.#changed(),
          onVectors: (batch, vectors) => this.#answered(batch, vectors),
          onLost: (batch) =>
            this.#queue.fail(batch, unavailable('The inference thread ended during the call', true)),
        }),
      );
    }
  }

  state(): EmbedderState {
    return this.#state;
  }

  settled(): Promise<void> {
    if (this.#state.status !== 'loading') return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#holdProcess();
    });
  }

  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state.status === 'loading') {
      return Promise.reject(unavailable('The embedding model is still loading', true));
    }
    if (this.#state.status === 'failed') return Promise.reject(unavailable(this.#state.reason, false));
    if (texts.length === 0) return Promise.resolve([]);
    const vectors = this.#queue.add(
      texts.map((text) => text.slice(0, MAX_CHARACTERS)),
      signal,
    );
    this.#pump();
    this.#holdProcess();
    const release = (): void => this.#holdProcess();
    vectors.then(release, release);
    return vectors;
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#enter({ status: 'failed', code: 'EMBEDDER_CLOSED', reason: 'The embedder is closed' });
      await Promise.all(this.#slots.map((slot) => slot.close()));
    })();
    return this.#closing;
  }

  #changed(): void {
    if (this.#closing !== undefined) return;
    this.#enter(combined(this.#slots));
    this.#pump();
  }

  #answered(batch: readonly QueuedText[], vectors: ArrayBuffer): void {
    const size = MINILM_DIMS * Float32Array.BYTES_PER_ELEMENT;
    for (const [i, queued] of batch.entries()) {
      this.#queue.answer(queued, new Float32Array(vectors.slice(i * size, (i + 1) * size)));
    }
  }

  #pump(): void {
    for (const slot of this.#slots) {
      if (slot.state.status !== 'idle') continue;
      const batch = this.#queue.take(this.#maxBatch);
      if (batch.length > 0) slot.run(batch);
    }
  }

  #enter(state: EmbedderState): void {
    if (state.status === this.#state.status) return;
    this.#state = state;
    if (state.status === 'loading')
      this.#queue.failAll(unavailable('The inference thread is restarting', true));
    if (state.status === 'failed') this.#queue.failAll(unavailable(state.reason, false));
    if (state.status !== 'loading') {
      for (const resolve of this.#waiters.splice(0)) resolve();
    }
    this.#holdProcess();
    if (STATE_CHANNEL.hasSubscribers) STATE_CHANNEL.publish({ embedder: this.id, ...state });
  }

  /** The threads are unref'd, so a timer that does nothing stands for the callers who wait. */
  #holdProcess(): void {
    const wanted = this.#queue.pending > 0 || this.#waiters.length > 0;
    if (wanted) this.#alive ??= setInterval(() => {}, LONGEST_TIMER_MS);
    else if (this.#alive !== undefined) {
      clearInterval(this.#alive);
      this.#alive = undefined;
    }
  }
}

function startThread(script: URL, data: MiniLmWorkerData): Worker {
  // Flags of the process, such as --input-type or an --import of instrumentation, are not meant for this thread.
  return new Worker(script, { name: 'embedder', workerData: data, execArgv: [] });
}

function unavailable(reason: string, retryable: boolean): EmbedderError {
  return new EmbedderError('EMBEDDER_UNAVAILABLE', reason, { retryable });
}

function combined(slots: readonly WorkerSlot[]): EmbedderState {
  const states = slots.map((slot) => slot.state);
  if (states.some(({ status }) => status === 'idle' || status === 'busy')) return { status: 'ready' };
  const failed = states.find((state) => state.status === 'failed');
  return states.some(({ status }) => status === 'loading') || failed === undefined
    ? { status: 'loading' }
    : failed;
}
