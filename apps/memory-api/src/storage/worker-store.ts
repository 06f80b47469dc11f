import { Worker } from 'node:worker_threads';
import { type MemoryStore, type StoreOperation, storeFrom } from '../domain/memory-store.ts';
import { type FromWorker, fromPlain, type ToWorker } from './worker-protocol.ts';

/** The thread ended with this call in it: whether a write was done is not known. */
class StoreCrashedError extends Error {
  static {
    Object.defineProperty(StoreCrashedError.prototype, 'name', { value: 'StoreCrashedError' });
  }
  readonly code = 'STORE_CRASHED';
  readonly retryable = true;
  readonly safety = 'idempotent-only';
  constructor(options?: ErrorOptions) {
    super('The store thread ended unexpectedly; it is started again with the next call', options);
  }
}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  call: (operation: ToWorker['operation'], args: readonly unknown[]) => Promise<unknown>;
  worker: Worker;
  ended: Promise<void>;
}

/** Node runs the source in development and tests, the compiled file in production. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './store-worker.ts' : './store-worker.js',
  import.meta.url,
);

const startThread = (
  folder: string,
  onThread: ((worker: Worker) => void) | undefined,
  onEnd: () => void,
): Promise<Thread> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: { folder } });
    onThread?.(worker);
    const pending = new Map<number, Pending>();
    let last = 0;
    let cause: unknown;

    const settle = (id: number, how: (call: Pending) => void): void => {
      const call = pending.get(id);
      pending.delete(id);
      if (call !== undefined) how(call);
    };
    const ended = new Promise<void>((done) => {
      worker.once('exit', () => {
        onEnd();
        const crash = new StoreCrashedError(cause === undefined ? undefined : { cause });
        for (const call of pending.values()) call.reject(crash);
        pending.clear();
        reject(crash);
        done();
      });
    });
    const thread: Thread = {
      worker,
      ended,
      call: (operation, args) =>
        new Promise((resolveCall, rejectCall) => {
          const id = ++last;
          pending.set(id, { resolve: resolveCall, reject: rejectCall });
          worker.postMessage({ id, operation, args } satisfies ToWorker);
        }),
    };
    worker.on('error', (error) => {
      cause = error;
    });
    // An answer that can not be read: nobody can tell whose it was.
    worker.on('messageerror', (error) => {
      cause = error;
      void worker.terminate();
    });
    worker.on('message', (message: FromWorker) => {
      switch (message.kind) {
        case 'open':
          return resolve(thread);
        case 'failed':
          return reject(fromPlain(message.error));
        case 'answer':
          return settle(message.id, (call) => call.resolve(message.value));
        case 'error':
          return settle(message.id, (call) => call.reject(fromPlain(message.error)));
      }
    });
  });

/**
 * The embedded store in a thread of its own, so that a long search or an fsync never holds up the event loop.
 * When the thread dies, calls in it reject with `STORE_CRASHED` and the next call starts a new one.
 * @throws StartupError's code and text when the folder can not be used.
 */
export const createWorkerStore = async (options: {
  folder: string;
  /** Told of each thread that is started: for tests, which end one. */
  onThread?: (worker: Worker) => void;
}): Promise<MemoryStore> => {
  let closed = false;
  let thread: Promise<Thread> | undefined;

  const running = (): Promise<Thread> => {
    if (closed)
      return Promise.reject(Object.assign(new Error('The store is closed'), { code: 'STORE_CLOSED' }));
    if (thread === undefined) {
      const started = startThread(options.folder, options.onThread, () => {
        if (thread === started) thread = undefined;
      });
      thread = started;
      started.catch(() => {
        if (thread === started) thread = undefined;
      });
    }
    return thread;
  };

  await running();
  return storeFrom(
    async (operation: StoreOperation, args) => (await running()).call(operation, args),
    async () => {
      const last = thread;
      closed = true;
      if (last === undefined) return;
      const { call, ended } = await last;
      await call('close', []);
      await ended;
    },
  );
};
