import type { Calls } from './calls.ts';
import { changeable } from './changeable.ts';
import { contextOf, type PolicyContext } from './context.ts';
import { deadlineRest, remainingMs, underDeadline } from './deadline-context.ts';
import { type DeadlineExceededError, spent, struck } from './deadline-error.ts';
import { Emitter } from './events.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Layer, Task } from './program.ts';
import { Scope } from './scope.ts';
import { Recorder } from './stats.ts';
import { after, type Clock, type Timers, type TimeSource } from './timers.ts';
import { duration, msOptions, nameOf, onlyKnown, show, timeSource } from './validate.ts';

/** Options of {@link deadline}. */
export interface DeadlineOptions extends TimeSource {
  /** The time budget of one call: more than 0, `Infinity` for none. */
  ms: number;
  /** In events and errors. Default `deadline`. */
  name?: string | undefined;
}

export type DeadlineEvents = 'success' | 'failure' | 'deadline';

/** A {@link Policy} that shows its budget, and whose budget can be changed. */
export interface Deadline extends Policy<never, DeadlineEvents> {
  /** `ms` is the policy's own budget, `remainingMs` what a call that begins here and now would have. */
  snapshot(): { name: string; ms: number; remainingMs: number };
  /**
   * Changes the budget of calls from now on.
   * @throws As at construction; then nothing is changed.
   */
  configure(changes: { ms?: number | undefined }): void;
}

/** What {@link withDeadline} takes besides. */
export interface WithDeadlineOptions extends TimeSource {
  /** In errors. Default `deadline`. */
  name?: string | undefined;
  /** The caller's cancellation. */
  signal?: AbortSignal | undefined;
}

interface Settings {
  name: string;
  clock: Clock;
  timers: Timers;
  exceeded: (limitMs: number, madeCall: boolean) => void;
}

/**
 * A policy that gives a call, and everything it calls in turn, one time budget.
 * It is carried in AsyncLocalStorage: each `timeout` inside, in whatever function, gets the smaller of its own limit and the
 * rest; a `retry` or a queue does not begin a wait that the rest cannot cover. A nested deadline can only shorten the outer one.
 * @param options The budget in milliseconds, or {@link DeadlineOptions}.
 * @throws DeadlineExceededError when the time is spent; the signal's `reason` is this same error.
 * @throws `signal.reason`, by identity and at once, when the caller aborts first.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function deadline(options: number | DeadlineOptions): Deadline {
  const given = msOptions('deadline', options);
  onlyKnown('deadline', given, ['ms', 'name', 'clock', 'timers']);
  const { clock, timers } = timeSource(given);
  let ms = budgetOf(given);
  const name = nameOf(given.name, 'deadline');
  const emitter = new Emitter(name, ['success', 'failure', 'deadline']);
  const recorder = new Recorder();
  const exceeded = (limitMs: number, madeCall: boolean): void => {
    recorder.timeouts++;
    if (emitter.wants('deadline')) emitter.emit('deadline', { policy: name, timeoutMs: limitMs, madeCall });
  };
  const settings = { name, clock, timers, exceeded };
  const layer: Layer = (task, scope, attempt, _origin, calls) =>
    spend(ms, settings, task, scope, attempt, calls);
  const snapshot = (): ReturnType<Deadline['snapshot']> => ({
    name,
    ms,
    remainingMs: Math.min(ms, remainingMs()),
  });
  const prepare = changeable(given, ['ms'], budgetOf, (changed) => {
    ms = changed;
  });
  return definePolicy({ emitter, clock, recorder, layer, counts: true }, { snapshot }, prepare);
}

const budgetOf = ({ ms }: DeadlineOptions): number => duration('ms', ms, { zero: false, infinite: true });

/**
 * Calls `fn` with a time budget of `ms`, as {@link deadline} does, for a budget that differs from call to call.
 * @param ms Milliseconds; 0 and less mean that the time is spent: `fn` is not called. `Infinity` for no limit.
 * @throws DeadlineExceededError, or `options.signal.reason`, as a rejection.
 * @throws RangeError or TypeError, as a rejection, for an argument that makes no sense.
 */
export async function withDeadline<T>(
  ms: number,
  fn: (context: PolicyContext) => PromiseLike<T> | T,
  options: WithDeadlineOptions = {},
): Promise<T> {
  onlyKnown('withDeadline', options, ['name', 'signal', 'clock', 'timers']);
  if (typeof ms !== 'number' || Number.isNaN(ms))
    throw new RangeError(`ms must be a number of milliseconds or Infinity, got ${show(ms)}`);
  if (typeof fn !== 'function') throw new TypeError(`withDeadline can only call a function, got ${show(fn)}`);
  const { signal } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw new TypeError(`signal must be an AbortSignal, got ${show(signal)}`);
  const name = nameOf(options.name, 'deadline');
  const settings = { name, ...timeSource(options), exceeded: () => {} };
  const caller = Scope.from(signal);
  const task: Task = (scope, attempt) => caller.calling(fn, contextOf(scope, attempt));
  return spend(ms, settings, task, caller, undefined, undefined) as Promise<T>;
}

const spend = async (
  ms: number,
  { name, clock, timers, exceeded }: Settings,
  task: Task,
  scope: Scope,
  attempt: number | undefined,
  calls: Calls | undefined,
): Promise<unknown> => {
  if (scope.aborted) throw scope.reason;
  const limitMs = Math.min(ms, deadlineRest() ?? Number.POSITIVE_INFINITY);
  if (limitMs <= 0) {
    exceeded(limitMs, false);
    throw spent(name);
  }
  const end = clock() + limitMs;
  const inner = Scope.within(scope);
  let error: DeadlineExceededError | undefined;
  return new Promise((resolve, reject) => {
    const stopTimer = after(timers, limitMs, () => {
      // Where nothing is counted, nothing stands between here and the one call.
      error = struck(name, limitMs, calls?.made ?? 1, calls?.failure);
      exceeded(limitMs, error.attempts > 0);
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
    // A timer may fire a trifle early by the clock; once it has, nothing is left.
    const rest = (): number => (error === undefined ? end - clock() : 0);
    // Adopting the call here turns its late failure, when nobody waits any more, into nothing.
    new Promise((settle) => settle(underDeadline(rest, () => task(inner, attempt)))).then(
      (value) => {
        finish();
        resolve(value);
      },
      (failure: unknown) => {
        finish();
        reject(failure);
      },
    );
  });
};
