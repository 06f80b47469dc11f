import { Worker } from 'node:worker_threads';
import type { Batch, Report, ThreadData } from './messages.ts';

/** What the thread is to its destination: a `Worker`, or a stand-in in tests. */
export interface Thread {
  postMessage(batch: Batch): void;
  on(event: 'message', listener: (report: Report) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

export type StartThread = (data: ThreadData) => Thread;

/** The same folder holds the thread's file, compiled or not. */
export const startThread: StartThread = (data) =>
  new Worker(new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url), {
    workerData: data,
    execArgv: [],
    name: 'agent4-logging',
  });
