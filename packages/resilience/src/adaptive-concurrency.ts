import { isCancellation, isRejection, isTimeout } from './errors.ts';
import { Emitter } from './events.ts';
import { Aimd, Gradient2, type LimitAlgorithm } from './limit-algorithms.ts';
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

const OPTIONS = [
  ...['min', 'max', 'initial', 'algorithm', 'latencyThresholdMs', 'backoffRatio', 'isDrop'],
  ...['maxQueue', 'queueTimeoutMs', 'priority', 'name', 'clock', 'timers'],
];

export type AdaptiveConcurrencyEvents = 'success' | 'failure' | 'reject' | 'limit';

/** A {@link Policy} that also shows the limit it has found. */
export interface AdaptiveConcurrency extends Policy<never, AdaptiveConcurrencyEvents> {
  snapshot(): { name: string; limit: number; running: number; queued: number; maxQueue: number };
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
  const algorithm = algorithmOf(options);
  const isDrop = optionalFunction('isDrop', options.isDrop) ?? overloaded;
  const maxQueue = integer('maxQueue', options.maxQueue ?? 0, 0, true);
  const emitter = new Emitter(name, ['success', 'failure', 'reject', 'limit']);
  const limit = (): number => Math.floor(algorithm.limit);
  const slots = new Slots({
    emitter,
    timers,
    limit,
    maxQueue,
    queueTimeoutMs: duration('queueTimeoutMs', options.queueTimeoutMs ?? Number.POSITIVE_INFINITY, {
      zero: false,
      infinite: true,
    }),
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
    if (isRejection(error) || (isCancellation(error) && options.isDrop === undefined)) return undefined;
    return emitter.ask('isDrop', () => isDrop(error), false) === true ? true : undefined;
  };

  const layer: Layer = async (task, scope, attempt) => {
    if (scope.aborted) throw scope.reason;
    scope.hold();
    const queued = slots.acquire(scope);
    if (queued !== undefined) await queued;
    try {
      if (scope.aborted) throw scope.reason;
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
    } finally {
      scope.whenSettled(() => slots.release());
    }
  };
  const snapshot = (): ReturnType<AdaptiveConcurrency['snapshot']> => ({
    name,
    limit: limit(),
    running: slots.running,
    queued: slots.queued,
    maxQueue,
  });
  return definePolicy({ emitter, clock, recorder: new Recorder(), layer }, { snapshot });
}

const overloaded = (error: unknown): boolean => isTimeout(error) || verdictOf(error).afterMs !== undefined;

const algorithmOf = (options: AdaptiveConcurrencyOptions): LimitAlgorithm => {
  const min = integer('min', options.min ?? 1, 1);
  const max = integer('max', options.max ?? Math.max(200, min), 1);
  if (max < min) throw new RangeError(`max must be at least min (${min}), got ${max}`);
  const initial = integer('initial', options.initial ?? Math.max(min, Math.min(max, 20)), 1);
  if (initial < min || initial > max)
    throw new RangeError(`initial must be from min (${min}) to max (${max}), got ${initial}`);
  const backoffRatio = options.backoffRatio ?? 0.9;
  if (!(typeof backoffRatio === 'number' && backoffRatio > 0 && backoffRatio < 1))
    throw new RangeError(`backoffRatio must be a number between 0 and 1, got ${show(backoffRatio)}`);
  const bounds = { min, max, initial };
  if (oneOf('algorithm', options.algorithm ?? 'aimd', ['aimd', 'gradient2']) === 'gradient2') {
    if (options.latencyThresholdMs !== undefined)
      throw new TypeError(
        `latencyThresholdMs is an option of aimd, got ${show(options.latencyThresholdMs)} for gradient2`,
      );
    return new Gradient2(bounds, backoffRatio);
  }
  const threshold = duration('latencyThresholdMs', options.latencyThresholdMs ?? 5_000, {
    zero: false,
    infinite: true,
  });
  return new Aimd(bounds, threshold, backoffRatio);
};
