import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';

/** Stands for a worker thread that says at once that it is ready, and then answers nothing until it is ended. */
class SilentThread extends EventEmitter {
  constructor() {
    super();
    queueMicrotask(() => this.emit('message', { type: 'ready' }));
  }
  postMessage(): void {}
  unref(): void {}
  async terminate(): Promise<number> {
    this.emit('exit', 1);
    return 1;
  }
}

export const silentThread = (): Worker => new SilentThread() as unknown as Worker;
