// The whole surface of @agent4/logging/worker.
export { type WorkerDestination, workerDestination } from './worker/destination.ts';
export type { WorkerOptions } from './worker/options.ts';
