import { spent, struck } from './deadline-error.ts';
import { PolicyTimeoutError, stackless } from './errors.ts';
import type { Emitter } from './events.ts';
import type { QuickCall } from './quick-call.ts';
import { GO, type Run, type Step } from './run.ts';
import { type CancellationSource, Scope } from './scope.ts';
import type { Rule } from './stage.ts';
import { Recorder } from './stats.ts';
import { NOW, type Timed, TimerList } from './timer-list.ts';
import type { Clock, Timers } from './timers.ts';

/** The call that a limit is of: a run, or a call that has none so far. */
interface LimitOwner {
  readonly slots: readonly unknown[];
  readonly given: Scope | undefined;
  strike(at: number): void;
}

/** The time limit of one call, its own entry in the list of timers; the cancellation that the inside sees is made when looked at. */
class Limit implements Timed, CancellationSource {
  readonly list: TimerList;
  /** The rest of a deadline was shorter than the limit. */
  readonly byDeadline: boolean;
  readonly ms: number;
  readonly #owner: LimitOwner;
  readonly #at: number;
  #scope: Scope | undefined = undefined;
  #aborted = false;
  #reason: unknown = undefined;
  #givenUp: (() => void) | undefined = undefined;
  place = -1;
  stop: (() => void) | undefined = undefined;

  constructor(owner: LimitOwner, at: number, ms: number, list: TimerList, byDeadline: boolean) {
    this.#owner = owner;
    this.#at = at;
    this.ms = ms;
    this.list = list;
    this.byDeadline = byDeadline;
  }

  get scope(): Scope {
    if (this.#scope === undefined) {
      this.#scope = Scope.own(this.#owner.given);
      if (this.#aborted) this.#scope.abort(this.#reason);
    }
    return this.#scope;
  }

  get signal(): AbortSignal {
    return this.scope.signal;
  }

  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#scope?.abort(reason);
  }

  expire(): void {
    if (this.#givenUp !== undefined) this.#givenUp();
    // A timer of a user's may fire although it was cleared.
    else if (this.#owner.slots[this.#at] === this) this.#owner.strike(this.#at);
  }

  /** From now on it cuts nothing off: it ends the answer, which else follows `pending`. */
  bound(pending: Promise<unknown>): Promise<unknown> {
    return new Promise<void>((resolve) => {
      const settled = (): void => {
        this.list.remove(this);
        resolve();
      };
      this.#givenUp = resolve;
      pending.then(settled, settled);
    });
  }
}

export class TimeoutRule implements Rule {
  readonly emitter: Emitter;
  readonly recorder = new Recorder();
  readonly clock: Clock;
  readonly limits = true;
  readonly #timers: Timers;
  #ms: number;
  #list: TimerList;

  constructor(emitter: Emitter, clock: Clock, timers: Timers, ms: number) {
    this.emitter = emitter;
    this.clock = clock;
    this.#timers = timers;
    this.#ms = ms;
    this.#list = new TimerList(ms, timers);
  }

  get ms(): number {
    return this.#ms;
  }

  /** For calls from now on. */
  set ms(ms: number) {
    this.#ms = ms;
    this.#list = new TimerList(ms, this.#timers);
  }

  quick(call: QuickCall, at: number): Limit | true {
    if (this.#ms === Number.POSITIVE_INFINITY) return true;
    const limit = new Limit(call, at, this.#ms, this.#list, false);
    // Before it is set: a timer of a user's may fire at once.
    call.slots[at] = limit;
    limit.list.add(limit, NOW);
    return limit;
  }

  quickLeave({ slots }: QuickCall, at: number): boolean {
    const limit = slots[at];
    if (limit instanceof Limit) {
      limit.list.remove(limit);
      slots[at] = undefined;
    }
    return true;
  }

  enter(run: Run, at: number): Step {
    run.keep(at, undefined);
    const restMs = run.deadlineRest();
    if (restMs !== undefined && restMs <= 0) throw spent(this.emitter.policy);
    const shorter = restMs !== undefined && restMs < this.#ms;
    if (!shorter && this.#ms === Number.POSITIVE_INFINITY) return GO;
    const limit = shorter
      ? new Limit(run, at, restMs, new TimerList(restMs, this.#timers, true), true)
      : new Limit(run, at, this.#ms, this.#list, false);
    run.keep(at, limit);
    limit.list.add(limit, run);
    return GO;
  }

  leave(run: Run, at: number): Step {
    const limit = run.slots[at] as Limit | undefined;
    if (limit === undefined) return GO;
    limit.list.remove(limit);
    run.keep(at, undefined);
    return GO;
  }

  drop(run: Run, at: number, reason: unknown): void {
    const limit = run.slots[at] as Limit | undefined;
    if (limit === undefined) return;
    const { pending } = run;
    // A call that never settles must not keep a slot for ever: it is given up when it would have been.
    if (pending !== undefined && run.heldOutside(at)) run.pending = limit.bound(pending);
    else limit.list.remove(limit);
    limit.abort(reason);
  }

  aborted(run: Run, at: number, reason: unknown): void {
    (run.slots[at] as Limit | undefined)?.abort(reason);
  }

  expired(run: Run, at: number): unknown {
    const limit = run.slots[at] as Limit;
    const { emitter, recorder } = this;
    recorder.timeouts++;
    const called = run.hasCalled(at);
    const error = limit.byDeadline
      ? struck(emitter.policy, limit.ms, called ? 1 : 0)
      : stackless(() => new PolicyTimeoutError(emitter.policy, limit.ms, called));
    if (emitter.wants('timeout')) emitter.emit('timeout', { policy: emitter.policy, timeoutMs: limit.ms });
    limit.abort(error);
    return error;
  }
}
