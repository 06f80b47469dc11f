import type { MiniLmFailureCode } from './minilm-files.ts';

/** Handed to the worker when it is started. */
export interface MiniLmWorkerData {
  modelFolder: string | undefined;
}

/** Main thread to worker: one at a time, the next after the answer. */
export interface MiniLmRequest {
  texts: string[];
}

/** Worker to main thread. `vectors` holds the texts' vectors end to end. */
export type MiniLmReply =
  | { type: 'ready' }
  | { type: 'failed'; code: MiniLmFailureCode; reason: string }
  | { type: 'vectors'; vectors: ArrayBuffer };
