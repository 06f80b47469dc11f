import { changeable } from './changeable.ts';
import { Emitter } from './events.ts';
import { type Policy, policyOf } from './policy.ts';
import { Stage } from './stage.ts';
import { TimeoutRule } from './timeout-rule.ts';
import type { TimeSource } from './timers.ts';
import { duration, msOptions, nameOf, onlyKnown, timeSource } from './validate.ts';

/** Options of {@link timeout}. */
export interface TimeoutOptions extends TimeSource {
  /** The limit of one call: more than 0, fractions and more than 2^31 ms allowed, `Infinity` for none. */
  ms: number;
  /** In events and errors. Default `timeout`. */
  name?: string | undefined;
}

export type TimeoutEvents = 'success' | 'failure' | 'timeout';

/** A {@link Policy} whose limit can be changed. */
export interface Timeout extends Policy<never, TimeoutEvents> {
  /**
   * Changes the limit of calls from now on.
   * @throws As at construction; then nothing is changed.
   */
  configure(changes: { ms?: number | undefined }): void;
}

/**
 * A policy that gives up on a call that takes too long, and aborts the signal that the call was given.
 * It does not wait for the call to notice. The signal is left alone when the call succeeds.
 * @param options The limit in milliseconds, or {@link TimeoutOptions}.
 * @throws PolicyTimeoutError when the limit is reached; the signal's `reason` is this same error. With `safety: 'not-sent'`, and so a
 * rejection, when the call was still waiting in a queue inside.
 * @throws DeadlineExceededError when the deadline in force comes first, or had passed before the call.
 * @throws `signal.reason`, by identity and at once, when the caller aborts first.
 * @throws RangeError here, at construction, for a limit that is not a number above 0.
 * @throws TypeError here, at construction, for an unknown option, a `name` that is no text, a `clock` or `timers` that cannot be used.
 */
export function timeout(options: number | TimeoutOptions): Timeout {
  const given = msOptions('timeout', options);
  onlyKnown('timeout', given, ['ms', 'name', 'clock', 'timers']);
  const { clock, timers } = timeSource(given);
  const ms = limitOf(given);
  const policy = nameOf(given.name, 'timeout');
  const emitter = new Emitter(policy, ['success', 'failure', 'timeout']);
  const rule = new TimeoutRule(emitter, clock, timers, ms);
  const prepare = changeable(given, ['ms'], limitOf, (changed) => {
    rule.ms = changed;
  });
  return policyOf([new Stage(rule)], {}, prepare);
}

const limitOf = ({ ms }: TimeoutOptions): number => duration('ms', ms, { zero: false, infinite: true });
