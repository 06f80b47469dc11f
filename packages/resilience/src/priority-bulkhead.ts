import {
  BULKHEAD_CHANGES,
  type Bulkhead,
  type BulkheadChanges,
  type BulkheadOptions,
  bulkheadSettings,
} from './bulkhead.ts';
import { Emitter } from './events.ts';
import { definePolicy } from './policy.ts';
import type { Layer } from './program.ts';
import { type Priority, Slots } from './slots.ts';
import { Recorder } from './stats.ts';
import { changed, nameOf, onlyKnown, show, timeSource } from './validate.ts';

/** Options of {@link priorityBulkhead}. */
export interface PriorityBulkheadOptions extends BulkheadOptions {
  /** Who goes first in the queue. When it is full, a caller takes the place of the last of a lower priority. */
  priority: Priority;
}

/**
 * A bulkhead whose queue is served by priority, the higher first, equals in the order of their coming.
 * A low priority may wait for ever behind higher ones: give a `queueTimeoutMs`.
 * @throws BulkheadFullError as `bulkhead` does, and when a caller of a higher priority takes the place in a full queue.
 * @throws `signal.reason` at once for a caller that aborts while queued; its place is free at once too.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function priorityBulkhead(options: PriorityBulkheadOptions): Bulkhead {
  onlyKnown('priorityBulkhead', options, [...BULKHEAD_CHANGES, 'priority', 'name', 'clock', 'timers']);
  const { clock, timers } = timeSource(options);
  const name = nameOf(options.name, 'bulkhead');
  const { priority } = options;
  if (typeof priority !== 'function')
    throw new TypeError(`priority must be a function, got ${show(priority)}`);
  const emitter = new Emitter(name, ['success', 'failure', 'reject']);
  let current: BulkheadOptions = options;
  const settings = {
    emitter,
    timers,
    priority,
    ...bulkheadSettings(options),
    limit: () => settings.maxConcurrent,
  };
  const slots = new Slots(settings);

  const layer: Layer = (task, scope, attempt, origin) => slots.run(scope, origin, () => task(scope, attempt));
  const snapshot = (): ReturnType<Bulkhead['snapshot']> => {
    const { maxConcurrent, maxQueue } = settings;
    return { name, running: slots.running, queued: slots.queued, maxConcurrent, maxQueue };
  };
  const core = { emitter, clock, recorder: new Recorder(), layer };
  return definePolicy(core, { snapshot }, (changes: BulkheadChanges) => {
    onlyKnown('configure', changes, BULKHEAD_CHANGES);
    const next = changed(current, changes as Partial<BulkheadOptions>);
    const checked = bulkheadSettings(next);
    return () => {
      current = next;
      Object.assign(settings, checked);
      slots.fill();
    };
  });
}
