import { changeable } from './changeable.ts';
import { Emitter } from './events.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Layer } from './program.ts';
import { RateLine, type RateSettings } from './rate-line.ts';
import { Recorder } from './stats.ts';
import type { TimeSource } from './timers.ts';
import { duration, integer, nameOf, oneOf, onlyKnown, queueOptions, show, timeSource } from './validate.ts';

export { RateLimitedError } from './rate-limited-error.ts';

/** Options of {@link rateLimit}. */
export interface RateLimitOptions extends TimeSource {
  /** Calls per `perMs`. Of a token bucket also a fraction: 0.5 per second is one call in two seconds. */
  limit: number;
  perMs: number;
  /**
   * `token-bucket` (default): evenly `limit` per `perMs`, and up to `burst` at once after a pause.
   * `sliding-window`: never more than `limit` in any window of `perMs`; remembers `limit` times.
   */
  algorithm?: 'token-bucket' | 'sliding-window' | undefined;
  /** Of the token bucket, at least 1. Default `limit`, or 1 where that is less. */
  burst?: number | undefined;
  /** Callers that may wait for their turn, first come first served. Default 0; `Infinity` for no bound. */
  maxQueue?: number | undefined;
  /** A caller whose turn is further away is refused at once. Default `Infinity`. */
  queueTimeoutMs?: number | undefined;
  /** In events and errors. Default `rateLimit`. */
  name?: string | undefined;
}

const CHANGES = ['limit', 'perMs', 'burst', 'maxQueue', 'queueTimeoutMs'];
const OPTIONS = [...CHANGES, 'algorithm', 'name', 'clock', 'timers'];

/** What `configure` can change. */
export type RateLimitChanges = Partial<Omit<RateLimitOptions, 'algorithm' | 'name' | 'clock' | 'timers'>>;

export type RateLimitEvents = 'success' | 'failure' | 'reject';

/** A {@link Policy} that also shows how busy it is. */
export interface RateLimit extends Policy<never, RateLimitEvents> {
  /** `nextInMs`: how long a caller that comes now would wait for its turn. */
  snapshot(): {
    name: string;
    limit: number;
    perMs: number;
    queued: number;
    maxQueue: number;
    nextInMs: number;
  };
  /**
   * Changes settings. What was used up stays used up; callers in the queue keep their place, and their turns come by the new rate,
   * later than `queueTimeoutMs` if need be.
   * @throws As at construction; then nothing is changed.
   */
  configure(changes: RateLimitChanges): void;
}

/**
 * A policy that bounds how many calls start in a time. Callers beyond wait in a queue, if there is one, or are refused.
 * @throws RateLimitedError at once when the rate is used up and the queue is full, or the turn is later than `queueTimeoutMs`.
 * @throws DeadlineExceededError at once when the turn is later than the deadline in force.
 * @throws `signal.reason` at once for a caller that aborts while queued; its place is free at once too.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function rateLimit(options: RateLimitOptions): RateLimit {
  onlyKnown('rateLimit', options, OPTIONS);
  const { clock, timers } = timeSource(options);
  const name = nameOf(options.name, 'rateLimit');
  const emitter = new Emitter(name, ['success', 'failure', 'reject']);
  const line = new RateLine(emitter, clock, timers, settingsOf(options));

  const layer: Layer = async (task, scope, attempt) => {
    if (scope.aborted) throw scope.reason;
    const turn = line.enter(scope);
    if (turn !== undefined) await turn;
    if (scope.aborted) throw scope.reason;
    return task(scope, attempt);
  };
  const snapshot = (): ReturnType<RateLimit['snapshot']> => {
    const { limit, perMs, maxQueue } = line.settings;
    return { name, limit, perMs, queued: line.queued, maxQueue, nextInMs: line.nextInMs };
  };
  const prepare = changeable(options, CHANGES, settingsOf, (settings) => {
    line.settings = settings;
  });
  return definePolicy({ emitter, clock, recorder: new Recorder(), layer }, { snapshot }, prepare);
}

const settingsOf = (options: RateLimitOptions): RateSettings => {
  const perMs = duration('perMs', options.perMs, { zero: false, infinite: false });
  const algorithm = oneOf('algorithm', options.algorithm ?? 'token-bucket', [
    'token-bucket',
    'sliding-window',
  ]);
  return {
    algorithm,
    perMs,
    ...(algorithm === 'sliding-window' ? windowOf(options) : bucketOf(options, perMs)),
    ...queueOptions(options),
  };
};

type Bounds = Pick<RateSettings, 'limit' | 'burst'>;

const windowOf = ({ limit, burst }: RateLimitOptions): Bounds => {
  if (burst !== undefined)
    throw new TypeError(`burst is an option of the token bucket, got ${show(burst)} for a sliding window`);
  return { limit: integer('limit', limit, 1), burst: limit };
};

const bucketOf = ({ limit, burst }: RateLimitOptions, perMs: number): Bounds => {
  const finite = (value: number): boolean => typeof value === 'number' && value < Number.POSITIVE_INFINITY;
  if (!(finite(limit) && limit > 0)) throw new RangeError(`limit must be a number > 0, got ${show(limit)}`);
  if (!finite(perMs / limit))
    throw new RangeError(`limit must leave a finite time between two calls, got ${limit} per ${perMs} ms`);
  const most = burst ?? Math.max(1, limit);
  if (!(finite(most) && most >= 1)) throw new RangeError(`burst must be a number >= 1, got ${show(most)}`);
  return { limit, burst: most };
};
