// The entry of the thread: writes the batches one after the other, and says in shared memory how far it is.
import { subscribe } from 'node:diagnostics_channel';
import { setTimeout as wait } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Destination } from '../destination.ts';
import type { DropEvent, FailureEvent } from '../events.ts';
import { fileDestination } from '../file-destination.ts';
import { peek } from '../peek.ts';
import { type Batch, type Report, shared, type Target, type ThreadData } from './messages.ts';

const { target, shared: memory } = workerData as ThreadData;
const state = new Int32Array(memory);
const port = parentPort!;
const report = (text: Report): void => port.postMessage(text);

// The main thread may be waiting for it, and then hears no event.
process.once('exit', () => {
  Atomics.store(state, shared.ended, 1);
  Atomics.notify(state, shared.done);
});

const failureReport = (error: unknown, source?: string): Report => {
  const of = (key: string): string => {
    const value = typeof error === 'object' && error !== null ? peek(error, key) : undefined;
    return typeof value === 'string' ? value : '';
  };
  return {
    kind: 'failure',
    message: of('message'),
    code: of('code'),
    ...(source === undefined ? {} : { source }),
  };
};

// Channels are each thread's own.
subscribe('agent4:logging:drop', (event) => {
  const { records, reason } = event as DropEvent;
  report({ kind: 'drop', records, reason });
});
subscribe('agent4:logging:failure', (event) => report(failureReport((event as FailureEvent).error)));

const open = async (to: Target): Promise<Destination> => {
  if ('file' in to) return fileDestination(to.file);
  const { default: make } = (await import(to.module)) as { default?: unknown };
  if (typeof make !== 'function')
    throw new TypeError(`${to.module} must have a function as its default export`);
  return (await make(to.options)) as Destination;
};

const maxAttempts = 4;

/** A destination that refuses is tried again, 100, 200 and 400 ms later; what it then still refuses is given up, and told. */
const write = async (destination: Destination, text: string): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      await destination.write(text);
      return;
    } catch (error) {
      report(failureReport(error));
      if (attempt === maxAttempts) {
        report({ kind: 'drop', records: text.split('\n').length - 1, reason: 'refused' });
        return;
      }
      await wait(50 * 2 ** attempt);
    }
  }
};

const destination = await open(target);
const isFile = 'file' in target;

const handle = async ({ seq, text }: Batch): Promise<void> => {
  if (Atomics.load(state, shared.abandoned) === 1) return;
  if (isFile) {
    const file = destination as ReturnType<typeof fileDestination> & { congested: boolean };
    if (text !== '') file.write(text);
    file.flushSync();
    // Refused by the system for now: it is not out before the file takes it, or the time for that is over.
    if (file.congested) await file.flush();
  } else if (text === '') await destination.flush?.();
  else await write(destination, text);
  Atomics.store(state, shared.done, seq);
  Atomics.notify(state, shared.done);
  report({ kind: 'done' });
};

let queue: Promise<void> | undefined;
port.on('message', (batch: Batch) => {
  queue = (queue ?? Promise.resolve())
    .then(() => handle(batch))
    .catch((error: unknown) => report(failureReport(error)));
});
