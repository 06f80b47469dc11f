import type { Worker } from 'node:worker_threads';
import type { MiniLmReply, MiniLmRequest } from './minilm-messages.ts';
import type { QueuedText } from './text-queue.ts';

const MAX_RESTART_DELAY_MS = 30_000;
const MAX_STARTS_WITHOUT_READY = 5;

export type SlotState =
  | { status: 'loading' }
  | { status: 'idle' }
  | { status: 'busy'; batch: readonly QueuedText[] }
  | { status: 'failed'; code: string; reason: string };

export interface SlotOptions {
  start(): Worker;
  restartDelayMs: number;
  workerTimeoutMs: number;
  /** The state changed; the slot may take a batch, or none any more. */
  onChange(): void;
  onVectors(batch: readonly QueuedText[], vectors: ArrayBuffer): void;
  /** The worker died, or was ended as stuck, with this batch unanswered. */
  onLost(batch: readonly QueuedText[]): void;
}

/**
 * One worker thread that is replaced when it dies.
 * Restarts wait longer each time until a batch is answered; a worker that dies again and again before it is
 * ready is given up.
 */
export class WorkerSlot {
  readonly #options: SlotOptions;
  #state: SlotState = { status: 'loading' };
  #worker: Worker | undefined;
  #deaths = 0;
  #startsWithoutReady = 0;
  #lastError = 'no error given';
  #restart: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#start();
  }

  get state(): SlotState {
    return this.#state;
  }

  /** Only while idle. */
  run(batch: readonly QueuedText[]): void {
    this.#state = { status: 'busy', batch };
    const request: MiniLmRequest = { texts: batch.map(({ text }) => text) };
    this.#worker?.postMessage(request);
    this.#watch(this.#worker);
  }

  async close(): Promise<void> {
    clearTimeout(this.#restart);
    clearTimeout(this.#watchdog);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): void {
    this.#startsWithoutReady++;
    let worker: Worker;
    try {
      worker = this.#options.start();
    } catch (error) {
      this.#lastError = nameOf(error);
      this.#died(undefined);
      return;
    }
    this.#worker = worker;
    worker.on('message', (reply: MiniLmReply) => {
      if (worker === this.#worker) this.#received(reply);
    });
    // Without a listener an error in the thread would be thrown here; `exit` follows and is acted on.
    worker.on('error', (error) => {
      this.#lastError = nameOf(error);
    });
    worker.on('exit', () => this.#died(worker));
    // After the listeners, which would take it back. The embedder holds the process while a caller waits.
    worker.unref();
    this.#watch(worker);
  }

  #watch(worker: Worker | undefined): void {
    this.#watchdog = setTimeout(() => void worker?.terminate(), this.#options.workerTimeoutMs).unref();
  }

  #received(reply: MiniLmReply): void {
    clearTimeout(this.#watchdog);
    if (reply.type === 'vectors') {
      this.#deaths = 0;
      const batch = this.#state.status === 'busy' ? this.#state.batch : [];
      this.#state = { status: 'idle' };
      this.#options.onVectors(batch, reply.vectors);
    } else if (reply.type === 'ready') {
      this.#startsWithoutReady = 0;
      this.#state = { status: 'idle' };
    } else {
      this.#state = { status: 'failed', code: reply.code, reason: reply.reason };
      void this.close();
    }
    this.#options.onChange();
  }

  #died(worker: Worker | undefined): void {
    if (worker !== this.#worker) return;
    clearTimeout(this.#watchdog);
    this.#worker = undefined;
    const lost = this.#state.status === 'busy' ? this.#state.batch : [];
    if (this.#startsWithoutReady >= MAX_STARTS_WITHOUT_READY) {
      this.#state = {
        status: 'failed',
        code: 'RUNTIME_FAILED',
        reason: `The inference thread ended ${MAX_STARTS_WITHOUT_READY} times before it was ready (${this.#lastError})`,
      };
    } else {
      this.#state = { status: 'loading' };
      const delayMs = Math.min(this.#options.restartDelayMs * 2 ** this.#deaths, MAX_RESTART_DELAY_MS);
      this.#deaths++;
      this.#restart = setTimeout(() => this.#start(), delayMs).unref();
    }
    this.#options.onLost(lost);
    this.#options.onChange();
  }
}

/** Its code or name alone: a message may hold paths of this machine. */
function nameOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return String(code ?? name ?? error);
}
