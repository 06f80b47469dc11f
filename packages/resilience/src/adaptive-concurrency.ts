import { changeable } from './changeable.ts';
import { isCancellation, isRejection, isTimeout } from './errors.ts';
import { Emitter } from './events.ts';
import { Aimd, Gradient2, type LimitAlgorithm, type LimitSettings } from './limit-algorithms.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Layer } from './program.ts';
import type { Scope } from './scope.ts';
import { type Priority, Slots } from './slots.ts';
import { Recorder } from './stats.ts';
import type { TimeSource } from './timers.ts';
import {
  duration,
  integer,
  nameOf,
  oneOf,
  onlyKnown,
  optionalFunction,
  queueOptions,
  show,
  timeSource,
} from './validate.ts';
import { verdictOf } from './verdict.ts';

/** Options of {@link adaptiveConcurrency}. */
export interface AdaptiveConcurrencyOptions extends TimeSource {
  /** The limit never goes below. Default 1. */
  min?: number | undefined;
  /** Nor above. Default 200. */
  max?: number | undefined;
  /** Where it begins. Default 20, or the nearest bound. */
  initial?: number | undefined;
  /** `aimd` (default) goes by drops and a latency that you name; `gradient2` by latency against its long-term average. */
  algorithm?: 'aimd' | 'gradient2' | undefined;
  /** Of `aimd`: a call that takes longer is a sign of overload. Default 5_000; `Infinity` for none. */
  latencyThresholdMs?: number | undefined;
  /** The limit is multiplied by this after a sign of overload. Default 0.9. */
  backoffRatio?: number | undefined;
  /** Which errors are a sign of overload. Default: time-outs, and errors with `retryAfterMs`. Others say nothing. */
  isDrop?: ((error: unknown) => boolean) | undefined;
  /** Callers that may wait for a slot. Default 0; `Infinity` for no bound. */
  maxQueue?: number | undefined;
  /** The longest wait in the queue. Default `Infinity`. */
  queueTimeoutMs?: number | undefined;
  /** Who goes first in the queue. When it is full, a caller takes the place of the last of a lower priority. */
  priority?: Priority | undefined;
  /** In events and errors. Default `adaptiveConcurrency`. */
  name?: string | undefined;
}

const CHANGES = [
  ...['min', 'max', 'latencyThresholdMs', 'backoffRatio', 'isDrop', 'maxQueue', 'queueTimeoutMs'],
];
const OPTIONS = [...CHANGES, 'initial', 'algorithm', 'priority', 'name', 'clock', 'timers'];

/** What `configure` can change. */
export type AdaptiveConcurrencyChanges = Omit<
  AdaptiveConcurrencyOptions,
  'initial' | 'algorithm' | 'priority' | 'name' | 'clock' | 'timers'
>;

export type AdaptiveConcurrencyEvents = 'success' | 'failure' | 'reject' | 'limit';

/** A {@link Policy} that also shows the limit it has found. */
export interface AdaptiveConcurrency extends Policy<never, AdaptiveConcurrencyEvents> {
  snapshot(): { name: string; limit: number; running: number; queued: number; maxQueue: number };
  /**
   * Changes settings. The limit found so far is kept, within the new bounds; more slots go to those who wait at once, fewer take
   * none away. Callers in the queue keep their place and their time limit.
   * @throws As at construction; then nothing is changed.
   */
  configure(changes: AdaptiveConcurrencyChanges): void;
}

/**
 * A bulkhead that finds its own size: it grows while the dependency keeps up and shrinks when it does not.
 * The limit does not grow while less than half of it is in use. A slot is held until the call has truly settled, or
 * a time limit inside has given it up.
 * @throws BulkheadFullError at once when there is neither slot nor room in the queue, after `queueTimeoutMs` in the queue, or
 * when a caller of a higher priority takes the place.
 * @throws `signal.reason` at once for a caller that aborts while queued; its place is free at once too.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function adaptiveConcurrency(options: AdaptiveConcurrencyOptions = {}): AdaptiveConcurrency {
  onlyKnown('adaptiveConcurrency', options, OPTIONS);
  const { clock, timers } = timeSource(options);
  const name = nameOf(options.name, 'adaptiveConcurrency');
  let settings = settingsOf(options);
  const algorithm = algorithmOf(options, settings);
  const emitter = new Emitter(name, ['success', 'failure', 'reject', 'limit']);
  const limit = (): number => Math.floor(algorithm.limit);
  const slots = new Slots({
    emitter,
    timers,
    limit,
    get maxQueue() {
      return settings.maxQueue;
    },
    get queueTimeoutMs() {
      return settings.queueTimeoutMs;
    },
    priority: optionalFunction('priority', options.priority),
  });

  const learn = (startedAt: number, running: number, dropped: boolean): void => {
    const from = limit();
    const reason = algorithm.sample({ startedAt, endedAt: clock(), running, dropped });
    const to = limit();
    if (reason !== undefined && from !== to && emitter.wants('limit'))
      emitter.emit('limit', { policy: name, from, to, reason });
  };
  /** Undefined for an end that says nothing about the dependency's load. */
  const verdict = (error: unknown, scope: Scope): boolean | undefined => {
    if (scope.aborted) return isTimeout(scope.reason) ? true : undefined;
    const { isDrop } = settings;
    if (isRejection(error) || (isCancellation(error) && isDrop === undefined)) return undefined;
    return emitter.ask('isDrop', () => (isDrop ?? overloaded)(error), false) === true ? true : undefined;
  };

  const layer: Layer = (task, scope, attempt, origin) =>
    slots.run(scope, origin, async () => {
      const { running } = slots;
      const startedAt = clock();
      try {
        const value = await task(scope, attempt);
        const dropped = scope.aborted ? verdict(undefined, scope) : false;
        if (dropped !== undefined) learn(startedAt, running, dropped);
        return value;
      } catch (error) {
        const dropped = verdict(error, scope);
        if (dropped !== undefined) learn(startedAt, running, dropped);
        throw error;
      }
    });
  const snapshot = (): ReturnType<AdaptiveConcurrency['snapshot']> => ({
    name,
    limit: limit(),
    running: slots.running,
    queued: slots.queued,
    maxQueue: settings.maxQueue,
  });
  const prepare = changeable(options, CHANGES, settingsOf, (changed) => {
    settings = changed;
    algorithm.change(changed);
    slots.fill();
  });
  return definePolicy({ emitter, clock, recorder: new Recorder(), layer }, { snapshot }, prepare);
}

const overloaded = (error: unknown): boolean => isTimeout(error) || verdictOf(error).afterMs !== undefined;

interface Settings extends LimitSettings {
  isDrop: AdaptiveConcurrencyOptions['isDrop'];
  maxQueue: number;
  queueTimeoutMs: number;
}

const LIMIT = { zero: false, infinite: true };

const settingsOf = (options: AdaptiveConcurrencyOptions): Settings => {
  const min = integer('min', options.min ?? 1, 1);
  const max = integer('max', options.max ?? Math.max(200, min), 1);
  if (max < min) throw new RangeError(`max must be at least min (${min}), got ${max}`);
  const backoffRatio = options.backoffRatio ?? 0.9;
  if (!(typeof backoffRatio === 'number' && backoffRatio > 0 && backoffRatio < 1))
    throw new RangeError(`backoffRatio must be a number between 0 and 1, got ${show(backoffRatio)}`);
  const { algorithm, latencyThresholdMs } = options;
  if (algorithm === 'gradient2' && latencyThresholdMs !== undefined)
    throw new TypeError(
      `latencyThresholdMs is an option of aimd, got ${show(latencyThresholdMs)} for gradient2`,
    );
  return {
    min,
    max,
    backoffRatio,
    latencyThresholdMs: duration('latencyThresholdMs', latencyThresholdMs ?? 5_000, LIMIT),
    isDrop: optionalFunction('isDrop', options.isDrop),
    ...queueOptions(options),
  };
};

const algorithmOf = (options: AdaptiveConcurrencyOptions, settings: Settings): LimitAlgorithm => {
  const { min, max } = settings;
  const initial = integer('initial', options.initial ?? Math.max(min, Math.min(max, 20)), 1);
  if (initial < min || initial > max)
    throw new RangeError(`initial must be from min (${min}) to max (${max}), got ${initial}`);
  const word = oneOf('algorithm', options.algorithm ?? 'aimd', ['aimd', 'gradient2']);
  return word === 'gradient2' ? new Gradient2(initial, settings) : new Aimd(initial, settings);
};
