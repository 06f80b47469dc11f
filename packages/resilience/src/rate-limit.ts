import { deadlineRest } from './deadline-context.ts';
import { unfit } from './deadline-error.ts';
import { stackless } from './errors.ts';
import { Emitter } from './events.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Layer } from './program.ts';
import { SlidingWindow, TokenBucket } from './rate-algorithms.ts';
import { REJECTION } from './rejection.ts';
import { Recorder } from './stats.ts';
import { after, type TimeSource } from './timers.ts';
import { duration, integer, nameOf, oneOf, onlyKnown, show, timeSource } from './validate.ts';
import { WaitingLine } from './waiting-line.ts';

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

const OPTIONS = [
  ...['limit', 'perMs', 'algorithm', 'burst', 'maxQueue', 'queueTimeoutMs', 'name', 'clock', 'timers'],
];

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
}

/**
 * The rate is used up, and the queue is full or the caller's turn too far away; the call was not made.
 * It carries no stack frames.
 */
export class RateLimitedError extends Error {
  static {
    Object.defineProperty(RateLimitedError.prototype, 'name', { value: 'RateLimitedError', writable: true });
    Object.defineProperty(RateLimitedError.prototype, REJECTION, { value: true });
  }
  readonly code = 'RATE_LIMITED';
  readonly retryable = true;
  readonly safety = 'not-sent';
  /** The limit's name. */
  readonly policy: string;
  readonly reason: 'rate' | 'queue-timeout';
  /** Milliseconds until a call that comes now would have its turn. */
  readonly retryAfterMs: number;

  constructor(policy: string, reason: 'rate' | 'queue-timeout', retryAfterMs: number) {
    super(`Rate limit "${policy}" is reached; next turn in ${Math.ceil(retryAfterMs)} ms`);
    this.policy = policy;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
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
  const perMs = duration('perMs', options.perMs, { zero: false, infinite: false });
  const algorithm = algorithmOf(options, perMs);
  const { limit } = options;
  const maxQueue = integer('maxQueue', options.maxQueue ?? 0, 0, true);
  const queueTimeoutMs = duration('queueTimeoutMs', options.queueTimeoutMs ?? Number.POSITIVE_INFINITY, {
    zero: false,
    infinite: true,
  });
  const emitter = new Emitter(name, ['success', 'failure', 'reject']);
  const line = new WaitingLine(name, timers);
  // One timer for the first of the line; the line goes on also when that one has left.
  let stopTimer: (() => void) | undefined;

  const refuse = (reason: 'rate' | 'queue-timeout', retryAfterMs: number): RateLimitedError => {
    if (emitter.wants('reject')) emitter.emit('reject', { policy: name, reason, retryAfterMs });
    return stackless(() => new RateLimitedError(name, reason, retryAfterMs));
  };
  const serve = (): void => {
    stopTimer = undefined;
    const now = clock();
    while (line.size > 0 && algorithm.waitMs(now, 0) === 0) {
      algorithm.take(now);
      line.admit();
    }
    plan(now);
  };
  const plan = (now: number): void => {
    if (line.size > 0) stopTimer ??= after(timers, algorithm.waitMs(now, 0), serve);
  };
  const turn = async (scope: Parameters<Layer>[1], now: number): Promise<void> => {
    const waitMs = algorithm.waitMs(now, line.size);
    if (line.size >= maxQueue) throw refuse('rate', waitMs);
    if (waitMs > queueTimeoutMs) throw refuse('queue-timeout', waitMs);
    const restMs = deadlineRest() ?? Number.POSITIVE_INFINITY;
    if (waitMs >= restMs) {
      if (emitter.wants('reject'))
        emitter.emit('reject', { policy: name, reason: 'deadline', retryAfterMs: waitMs });
      throw unfit(name, restMs, waitMs, 0);
    }
    // The wait is known and fits, and it can only become shorter: so no timer for each caller.
    const admitted = line.wait(scope, {
      priority: 0,
      timeoutMs: Number.POSITIVE_INFINITY,
      expired: () => {},
    });
    plan(now);
    try {
      await admitted;
    } catch (error) {
      if (line.size === 0) {
        stopTimer?.();
        stopTimer = undefined;
      }
      throw error;
    }
  };

  const layer: Layer = async (task, scope, attempt) => {
    if (scope.aborted) throw scope.reason;
    const now = clock();
    if (line.size === 0 && algorithm.waitMs(now, 0) === 0) algorithm.take(now);
    else await turn(scope, now);
    if (scope.aborted) throw scope.reason;
    return task(scope, attempt);
  };
  const snapshot = (): ReturnType<RateLimit['snapshot']> => ({
    name,
    limit,
    perMs,
    queued: line.size,
    maxQueue,
    nextInMs: algorithm.waitMs(clock(), line.size),
  });
  return definePolicy({ emitter, clock, recorder: new Recorder(), layer }, { snapshot });
}

const algorithmOf = (
  { limit, burst, algorithm = 'token-bucket' }: RateLimitOptions,
  perMs: number,
): TokenBucket | SlidingWindow => {
  oneOf('algorithm', algorithm, ['token-bucket', 'sliding-window']);
  if (algorithm === 'sliding-window') {
    if (burst !== undefined)
      throw new TypeError(`burst is an option of the token bucket, got ${show(burst)} for a sliding window`);
    return new SlidingWindow(integer('limit', limit, 1), perMs);
  }
  const finite = (value: number): boolean => typeof value === 'number' && value < Number.POSITIVE_INFINITY;
  if (!(finite(limit) && limit > 0 && finite(perMs / limit)))
    throw new RangeError(`limit must be a number > 0, got ${show(limit)}`);
  const most = burst ?? Math.max(1, limit);
  if (!(finite(most) && most >= 1)) throw new RangeError(`burst must be a number >= 1, got ${show(most)}`);
  return new TokenBucket(limit, perMs, most);
};
