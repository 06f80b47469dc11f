import { BulkheadFullError, stackless } from './errors.ts';
import { Emitter } from './events.ts';
import { definePolicy, type Layer, type Policy } from './policy.ts';
import type { Scope } from './scope.ts';
import { Recorder } from './stats.ts';
import { after, type TimeSource } from './timers.ts';
import { duration, integer, nameOf, onlyKnown, timeSource } from './validate.ts';

/** Options of {@link bulkhead}. */
export interface BulkheadOptions extends TimeSource {
  /** Calls that run at the same time. */
  maxConcurrent: number;
  /** Callers that may wait for a slot, first come first served. Default 0; `Infinity` for no bound. */
  maxQueue?: number | undefined;
  /** The longest wait in the queue. Default `Infinity`. */
  queueTimeoutMs?: number | undefined;
  /** In events and errors. Default `bulkhead`. */
  name?: string | undefined;
}

export type BulkheadEvents = 'success' | 'failure' | 'reject';

/** A {@link Policy} that also shows how full it is. */
export interface Bulkhead extends Policy<never, BulkheadEvents> {
  snapshot(): { name: string; running: number; queued: number; maxConcurrent: number; maxQueue: number };
}

/**
 * A policy that bounds how many calls run at once.
 * A slot is held until the call has truly settled, also when its caller has given up on it.
 * @throws BulkheadFullError at once when no slot is free and the queue is full; after `queueTimeoutMs` in the queue.
 * @throws `signal.reason` at once for a caller that aborts while queued; its place is free at once too.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function bulkhead(options: BulkheadOptions): Bulkhead {
  onlyKnown('bulkhead', options, ['maxConcurrent', 'maxQueue', 'queueTimeoutMs', 'name', 'clock', 'timers']);
  const { clock, timers } = timeSource(options);
  const name = nameOf(options.name, 'bulkhead');
  const maxConcurrent = integer('maxConcurrent', options.maxConcurrent, 1);
  const maxQueue = integer('maxQueue', options.maxQueue ?? 0, 0, true);
  const queueTimeoutMs = duration('queueTimeoutMs', options.queueTimeoutMs ?? Number.POSITIVE_INFINITY, {
    zero: false,
    infinite: true,
  });
  const emitter = new Emitter(name, ['success', 'failure', 'reject']);
  // Each entry hands the slot to one waiting caller. A Set keeps order and lets a caller leave from the middle.
  const queue = new Set<() => void>();
  let running = 0;

  const refuse = (reason: 'full' | 'queue-timeout'): BulkheadFullError => {
    if (emitter.wants('reject')) emitter.emit('reject', { policy: name, reason });
    return stackless(() => new BulkheadFullError(name, maxConcurrent, maxQueue, reason, queueTimeoutMs));
  };
  const slot = (scope: Scope): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        queue.delete(take);
        stopTimer();
        stopListening();
      };
      const take = (): void => {
        leave();
        resolve();
      };
      queue.add(take);
      const stopListening = scope.onAbort((reason) => {
        leave();
        reject(reason);
      });
      const stopTimer = after(timers, queueTimeoutMs, () => {
        leave();
        reject(refuse('queue-timeout'));
      });
    });
  const release = (): void => {
    // The slot goes straight to the next in the queue; `running` does not drop in between, so no newcomer can overtake.
    const [next] = queue;
    if (next === undefined) running--;
    else next();
  };

  const layer: Layer = async (task, scope, attempt) => {
    if (running < maxConcurrent) running++;
    else if (queue.size < maxQueue) await slot(scope);
    else throw refuse('full');
    // From here on, awaiting in the caller's own async context keeps the caller's AsyncLocalStorage.
    try {
      if (scope.aborted) throw scope.reason;
      return await task(scope, attempt);
    } finally {
      release();
    }
  };
  const snapshot = (): ReturnType<Bulkhead['snapshot']> => ({
    name,
    running,
    queued: queue.size,
    maxConcurrent,
    maxQueue,
  });
  return definePolicy({ emitter, clock, recorder: new Recorder(), layer }, { snapshot });
}
