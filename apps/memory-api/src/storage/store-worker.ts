// The thread that owns the database. One call at a time, in the order they were sent.
import { parentPort, workerData } from 'node:worker_threads';
import type { MemoryStore } from '../domain/memory-store.ts';
import { createSqliteStore } from './sqlite/store.ts';
import { type FromWorker, type ToWorker, toPlain } from './worker-protocol.ts';

const port = parentPort;
if (port === null) throw new Error('store-worker runs as a worker thread only');
const answer = (message: FromWorker): void => port.postMessage(message);

const serve = (store: MemoryStore): void => {
  port.on('message', async ({ id, operation, args }: ToWorker) => {
    try {
      const call = store[operation] as (...args: readonly unknown[]) => Promise<unknown>;
      answer({ kind: 'answer', id, value: await call(...args) });
    } catch (error) {
      answer({ kind: 'error', id, error: toPlain(error) });
    }
    if (operation === 'close') port.close();
  });
};

try {
  serve(createSqliteStore({ folder: (workerData as { folder: string }).folder }));
  answer({ kind: 'open' });
} catch (error) {
  answer({ kind: 'failed', error: toPlain(error) });
  port.close();
}
