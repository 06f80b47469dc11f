import { EmbedderError } from './embedder-error.ts';

interface Job {
  readonly texts: readonly string[];
  readonly vectors: Float32Array[];
  next: number;
  unanswered: number;
  /** Resolved, rejected or aborted: later answers for it are dropped. */
  over: boolean;
  settle(error: unknown, failed: boolean): void;
}

/** One text of one call, on its way through a worker. */
export interface QueuedText {
  readonly text: string;
  readonly job: Job;
  readonly index: number;
}

/**
 * The calls that wait for a worker, bounded by their number of texts.
 * Texts are taken in turn from all waiting calls, so that a search is not held up by a long re-embedding job.
 */
export class TextQueue {
  readonly #maxTexts: number;
  readonly #jobs = new Set<Job>();
  #waiting: Job[] = [];
  #texts = 0;

  constructor(maxTexts: number) {
    this.#maxTexts = maxTexts;
  }

  /** Calls that are not answered yet, in a worker or waiting for one. */
  get pending(): number {
    return this.#jobs.size;
  }

  add(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    if (this.#texts + texts.length > this.#maxTexts) {
      return Promise.reject(
        new EmbedderError(
          'EMBEDDER_BUSY',
          `${texts.length} texts do not fit the embedder's queue: ${this.#texts} of ${this.#maxTexts} are taken`,
          { retryable: texts.length <= this.#maxTexts },
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => job.settle(signal?.reason, true);
      const job: Job = {
        texts,
        vectors: new Array<Float32Array>(texts.length),
        next: 0,
        unanswered: texts.length,
        over: false,
        settle: (error, failed) => {
          job.over = true;
          signal?.removeEventListener('abort', onAbort);
          this.#forget(job);
          if (failed) reject(error);
          else resolve(job.vectors);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#jobs.add(job);
      this.#waiting.push(job);
      this.#texts += texts.length;
    });
  }

  /** Up to `max` texts, one from each waiting call in turn. */
  take(max: number): QueuedText[] {
    const taken: QueuedText[] = [];
    while (taken.length < max) {
      const job = this.#waiting.shift();
      if (job === undefined) break;
      const index = job.next++;
      taken.push({ text: job.texts[index]!, job, index });
      this.#texts--;
      if (job.next < job.texts.length) this.#waiting.push(job);
    }
    return taken;
  }

  answer({ job, index }: QueuedText, vector: Float32Array): void {
    if (job.over) return;
    job.vectors[index] = vector;
    if (--job.unanswered === 0) job.settle(undefined, false);
  }

  /** Rejects the calls these texts belong to. */
  fail(lost: readonly QueuedText[], error: EmbedderError): void {
    for (const { job } of lost) if (!job.over) job.settle(error, true);
  }

  failAll(error: EmbedderError): void {
    for (const job of [...this.#jobs]) job.settle(error, true);
  }

  #forget(job: Job): void {
    this.#jobs.delete(job);
    if (job.next >= job.texts.length) return;
    this.#texts -= job.texts.length - job.next;
    this.#waiting = this.#waiting.filter((waiting) => waiting !== job);
  }
}
