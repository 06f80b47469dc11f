import { deadlineRest } from './deadline-context.ts';
import { spent, struck } from './deadline-error.ts';
import { PolicyTimeoutError, stackless } from './errors.ts';
import { Emitter } from './events.ts';
import { definePolicy, type Layer, type Policy } from './policy.ts';
import { Scope } from './scope.ts';
import { Recorder } from './stats.ts';
import { after, type TimeSource } from './timers.ts';
import { duration, nameOf, onlyKnown, timeSource } from './validate.ts';

/** Options of {@link timeout}. */
export interface TimeoutOptions extends TimeSource {
  /** The limit of one call: more than 0, fractions and more than 2^31 ms allowed, `Infinity` for none. */
  ms: number;
  /** In events and errors. Default `timeout`. */
  name?: string | undefined;
}

export type TimeoutEvents = 'success' | 'failure' | 'timeout';

/**
 * A policy that gives up on a call that takes too long, and aborts the signal that the call was given.
 * It does not wait for the call to notice. The signal is left alone when the call succeeds.
 * @param options The limit in milliseconds, or {@link TimeoutOptions}.
 * @throws PolicyTimeoutError when the limit is reached; the signal's `reason` is this same error.
 * @throws DeadlineExceededError when the deadline in force comes first, or had passed before the call.
 * @throws `signal.reason`, by identity and at once, when the caller aborts first.
 * @throws RangeError here, at construction, for a limit that is not a number above 0.
 * @throws TypeError here, at construction, for an unknown option, a `name` that is no text, a `clock` or `timers` that cannot be used.
 */
export function timeout(options: number | TimeoutOptions): Policy<never, TimeoutEvents> {
  const given = typeof options === 'number' ? { ms: options } : options;
  onlyKnown('timeout', given, ['ms', 'name', 'clock', 'timers']);
  const { clock, timers } = timeSource(given);
  const ms = duration('ms', given.ms, { zero: false, infinite: true });
  const policy = nameOf(given.name, 'timeout');
  const emitter = new Emitter(policy, ['success', 'failure', 'timeout']);
  const recorder = new Recorder();

  const layer: Layer = async (task, scope, attempt) => {
    const restMs = deadlineRest() ?? Number.POSITIVE_INFINITY;
    const limitMs = Math.min(ms, restMs);
    if (limitMs === Number.POSITIVE_INFINITY) return task(scope, attempt);
    if (limitMs <= 0 && !scope.aborted) throw spent(policy);
    const inner = Scope.within(scope);
    if (inner.aborted) throw inner.reason;
    return new Promise((resolve, reject) => {
      const stopTimer = after(timers, limitMs, () => {
        recorder.timeouts++;
        const own = restMs >= ms;
        const error = own ? stackless(() => new PolicyTimeoutError(policy, ms)) : struck(policy, limitMs);
        if (emitter.wants('timeout')) emitter.emit('timeout', { policy, timeoutMs: limitMs });
        inner.abort(error);
      });
      inner.onAbort((reason) => {
        stopTimer();
        reject(reason);
      });
      const finish = (): void => {
        stopTimer();
        inner.close();
      };
      // Adopting a foreign thenable here also turns a late failure, when nobody waits any more, into nothing.
      new Promise((settle) => settle(task(inner, attempt))).then(
        (value) => {
          finish();
          resolve(value);
        },
        (error: unknown) => {
          finish();
          reject(error);
        },
      );
    });
  };
  return definePolicy({ emitter, clock, recorder, layer });
}
