import type { FileOptions } from '../file-destination.ts';

/** What the thread is to write to. */
export type Target = { readonly file: FileOptions } | { readonly module: string; readonly options: unknown };

export interface ThreadData {
  readonly target: Target;
  readonly shared: SharedArrayBuffer;
}

/** To the thread: whole lines, or, with an empty text, the wish to flush. */
export interface Batch {
  readonly seq: number;
  readonly text: string;
}

/** From the thread: how far it is, or what happened in it. */
export interface Report {
  readonly kind: 'done' | 'failure' | 'drop';
  readonly source?: string;
  readonly message?: string;
  readonly code?: string;
  readonly records?: number;
  readonly reason?: string;
}

/** Places in the shared memory: the last batch that is out, whether the thread has ended, and whether it must write no more. */
export const shared = { done: 0, ended: 1, abandoned: 2, length: 3 } as const;

/** True if `seq` is among the batches up to `done`; the numbers wrap around. */
export const isDone = (seq: number, done: number): boolean => ((done - seq) | 0) >= 0;
