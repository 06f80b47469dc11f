import type { PolicyContext } from './context.ts';
import { elementsOf, type PolicyLike } from './policy.ts';
import { compile } from './program.ts';
import { streamOf } from './stream-run.ts';
import type { TimeSource } from './timers.ts';
import { duration, onlyKnown, show, timeSource } from './validate.ts';

/** Options of {@link stream}. */
export interface StreamOptions extends Pick<TimeSource, 'timers'> {
  /** The longest wait for an item after the first. Default `Infinity`. */
  gapMs?: number | undefined;
  /** The limit of the whole, opening included. Default `Infinity`. */
  totalMs?: number | undefined;
}

/**
 * Reads a stream under a policy. Up to the first item all holds as for a call: it is retried, and a time limit of the policy is
 * that of the first item. After it nothing is retried; a slot is held until the source has settled, or `gapMs` or `totalMs` has
 * struck. A circuit breaker counts how the stream ends, save that a probe has answered by its first item. The consumer's `return()`
 * (leaving a `for await`) aborts the source's signal and waits for its cleanup.
 * @param fn Opens the stream: an async generator function will do. Its `signal` holds for as long as the stream is read.
 * @param signal The caller's cancellation.
 * @throws What the policy throws while opening; what the stream, or its cleanup, throws; `signal.reason`; PolicyTimeoutError for `gapMs` and `totalMs`.
 * @throws RangeError or TypeError at once for an option that makes no sense.
 */
export function stream<T>(
  policy: PolicyLike,
  fn: (
    context: PolicyContext,
  ) => AsyncIterable<T> | Iterable<T> | PromiseLike<AsyncIterable<T> | Iterable<T>>,
  options: StreamOptions = {},
  signal?: AbortSignal,
): AsyncGenerator<T, unknown, undefined> {
  if (typeof policy?.execute !== 'function')
    throw new TypeError(`stream needs a policy (with execute), got ${show(policy)}`);
  if (typeof fn !== 'function') throw new TypeError(`stream needs a function, got ${show(fn)}`);
  onlyKnown('stream', options, ['gapMs', 'totalMs', 'timers']);
  const rule = { zero: false, infinite: true };
  const limits = {
    gapMs: duration('gapMs', options.gapMs ?? Number.POSITIVE_INFINITY, rule),
    totalMs: duration('totalMs', options.totalMs ?? Number.POSITIVE_INFINITY, rule),
    timers: timeSource(options).timers,
  };
  const { name } = policy as { name?: unknown };
  const label = typeof name === 'string' && name !== '' ? name : 'stream';
  return streamOf(label, compile(elementsOf(policy)), fn, limits, signal) as AsyncGenerator<
    T,
    unknown,
    undefined
  >;
}
