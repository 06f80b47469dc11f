import { BulkheadRule, type BulkheadSettings } from './bulkhead-rule.ts';
import { Emitter } from './events.ts';
import { type Policy, policyOf } from './policy.ts';
import { Stage } from './stage.ts';
import type { TimeSource } from './timers.ts';
import { changed, duration, integer, nameOf, onlyKnown, timeSource } from './validate.ts';

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

export const BULKHEAD_CHANGES = ['maxConcurrent', 'maxQueue', 'queueTimeoutMs'];

/** What `configure` can change. */
export type BulkheadChanges = {
  [K in 'maxConcurrent' | 'maxQueue' | 'queueTimeoutMs']?: BulkheadOptions[K] | undefined;
};

export type BulkheadEvents = 'success' | 'failure' | 'reject';

/** A {@link Policy} that also shows how full it is. */
export interface Bulkhead extends Policy<never, BulkheadEvents> {
  snapshot(): { name: string; running: number; queued: number; maxConcurrent: number; maxQueue: number };
  /**
   * Changes settings; what is undefined is left as it is. More slots go to those who wait at once; fewer take none away. Callers in the queue keep their place and
   * their time limit.
   * @throws As at construction; then nothing is changed.
   */
  configure(changes: BulkheadChanges): void;
}

/**
 * A policy that bounds how many calls run at once.
 * A slot is held until the call has truly settled, also when its caller has given up on it. Only a time limit inside gives it up:
 * a call that never settles does not take the slot for ever.
 * @throws BulkheadFullError at once when no slot is free and the queue is full; after `queueTimeoutMs` in the queue.
 * @throws DeadlineExceededError when the deadline in force passes before the call has its slot.
 * @throws `signal.reason` at once for a caller that aborts while queued; its place is free at once too.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function bulkhead(options: BulkheadOptions): Bulkhead {
  onlyKnown('bulkhead', options, [...BULKHEAD_CHANGES, 'name', 'clock', 'timers']);
  const { clock, timers } = timeSource(options);
  const name = nameOf(options.name, 'bulkhead');
  const settings = bulkheadSettings(options);
  const emitter = new Emitter(name, ['success', 'failure', 'reject']);
  const rule = new BulkheadRule(emitter, clock, timers, settings);
  let current = options;
  const snapshot = (): ReturnType<Bulkhead['snapshot']> => ({
    name,
    running: rule.running,
    queued: rule.queued,
    maxConcurrent: rule.settings.maxConcurrent,
    maxQueue: rule.settings.maxQueue,
  });
  return policyOf([new Stage(rule)], { snapshot }, (changes: BulkheadChanges) => {
    onlyKnown('configure', changes, BULKHEAD_CHANGES);
    const next = changed(current, changes as Partial<BulkheadOptions>);
    const checked = bulkheadSettings(next);
    return () => {
      current = next;
      rule.settings = checked;
    };
  });
}

/** The options of a queue, checked. */
export const bulkheadSettings = (options: BulkheadOptions): BulkheadSettings => ({
  maxConcurrent: integer('maxConcurrent', options.maxConcurrent, 1),
  maxQueue: integer('maxQueue', options.maxQueue ?? 0, 0, true),
  queueTimeoutMs: duration('queueTimeoutMs', options.queueTimeoutMs ?? Number.POSITIVE_INFINITY, {
    zero: false,
    infinite: true,
  }),
});
