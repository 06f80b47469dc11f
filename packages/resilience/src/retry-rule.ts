import { clearImmediate, setImmediate } from 'node:timers';
import { type FailedAttempt, rememberAttempts } from './attempts.ts';
import type { BackoffContext, Delays } from './backoff.ts';
import { spent, unfit } from './deadline-error.ts';
import { isRejection } from './errors.ts';
import type { Emitter } from './events.ts';
import { Opened, shown } from './opened.ts';
import type { QuickCall } from './quick-call.ts';
import type { RetrySettings } from './retry-settings.ts';
import { AGAIN, GO, type Run, type Step, WAIT } from './run.ts';
import type { Scope } from './scope.ts';
import type { Rule } from './stage.ts';
import { Recorder } from './stats.ts';
import { after, type Clock, type Timers } from './timers.ts';

const MOST_ATTEMPTS_KEPT = 100;
const REFUSED = -1;

/** What a retry knows of a run; made with the first failure, for most calls have none. */
class RetryState {
  readonly settings: RetrySettings;
  readonly startedAt: number;
  attempt = 1;
  delays: Delays | undefined = undefined;
  failures: FailedAttempt[] = [];
  suppressed = false;
  /** The budget knows of this call. */
  deposited = false;
  /** Instead of a wait that the deadline would cut off. */
  unfit: Error | undefined = undefined;
  stopTimer: (() => void) | undefined = undefined;

  constructor(settings: RetrySettings, startedAt: number) {
    this.settings = settings;
    this.startedAt = startedAt;
  }
}

export class RetryRule implements Rule {
  readonly emitter: Emitter;
  readonly recorder = new Recorder();
  readonly clock: Clock;
  readonly #timers: Timers;
  /** For calls from now on. */
  settings: RetrySettings;

  constructor(emitter: Emitter, clock: Clock, timers: Timers, settings: RetrySettings) {
    this.emitter = emitter;
    this.clock = clock;
    this.#timers = timers;
    this.settings = settings;
  }

  quick(): RetrySettings | undefined {
    const { settings } = this;
    return settings.maxElapsedMs === Number.POSITIVE_INFINITY ? settings : undefined;
  }

  quickLeave({ slots }: QuickCall, at: number): boolean {
    const settings = slots[at] as RetrySettings;
    if (settings.isBad !== undefined) return false;
    if (settings.budget !== undefined) this.#deposit(settings);
    return true;
  }

  enter(run: Run, at: number): Step {
    const { settings } = this;
    if (run.deadlineRest() === 0) throw spent(this.emitter.policy);
    const endless = settings.maxElapsedMs === Number.POSITIVE_INFINITY;
    run.keep(at, endless ? settings : new RetryState(settings, run.time(this.clock)));
    return GO;
  }

  attemptOf(run: Run, at: number): number {
    const slot = run.slots[at];
    return slot instanceof RetryState ? slot.attempt : 1;
  }

  leave(run: Run, at: number): Step {
    const { emitter } = this;
    const slot = run.slots[at];
    const settings = slot instanceof RetryState ? slot.settings : (slot as RetrySettings);
    const sent = !run.failed || !isRejection(run.value);
    if (sent) this.#deposit(slot);
    if (!run.failed && (settings.isBad === undefined || this.attemptOf(run, at) >= settings.maxAttempts))
      return GO;
    if (!run.failed && settings.isBad?.(run.value, emitter) !== true) return GO;
    const state = slot instanceof RetryState ? slot : new RetryState(settings, 0);
    state.deposited ||= sent;
    run.keep(at, state);
    const delayMs = this.#delay(run, at, state);
    const failure: FailedAttempt = { attempt: state.attempt };
    if (run.failed) failure.error = run.value;
    if (state.failures.push(failure) > MOST_ATTEMPTS_KEPT) state.failures.shift();
    if (delayMs === REFUSED) {
      if (state.unfit !== undefined) run.value = state.unfit;
      return this.#giveUp(run, state);
    }
    failure.delayMs = delayMs;
    this.recorder.retries++;
    if (emitter.wants('retry')) {
      const policy = emitter.policy;
      const { attempt } = state;
      emitter.emit('retry', {
        policy,
        attempt,
        delayMs,
        ...(run.failed ? { error: run.value } : {}),
      });
    }
    // An abort may have come with the attempt's result, or from a listener.
    if (run.struckOutside(at)) return WAIT;
    const opened = run.value instanceof Opened ? run.value : undefined;
    if (run.abandoned) {
      void opened?.discard();
      return run.awaitAbort(at);
    }
    if (opened !== undefined) {
      this.#closeFirst(opened, delayMs, state, run.park(at));
      return WAIT;
    }
    if (delayMs > 0) {
      state.stopTimer = after(this.#timers, delayMs, run.park(at));
      return WAIT;
    }
    if (state.attempt % 64 === 0) {
      // A call that fails at once for ever must not starve all others, nor the timer that would end it.
      const turn = setImmediate(run.park(at));
      state.stopTimer = () => clearImmediate(turn);
      return WAIT;
    }
    state.attempt++;
    return AGAIN;
  }

  /** What the stream of this attempt holds is to be free for the next one. */
  #closeFirst(opened: Opened, delayMs: number, state: RetryState, wake: () => void): void {
    const closed = opened.discard();
    if (delayMs === 0) closed.then(wake);
    else state.stopTimer = after(this.#timers, delayMs, () => void closed.then(wake));
  }

  resume(run: Run, at: number): Step {
    (run.slots[at] as RetryState).attempt++;
    return AGAIN;
  }

  unpark(run: Run, at: number): void {
    const { slots } = run;
    (slots[at] as RetryState).stopTimer?.();
  }

  drop(run: Run, at: number): void {
    if (run.hasCalled(at)) this.#deposit(run.slots[at]);
  }

  /** Once for each call that was made, whatever became of it. */
  #deposit(slot: unknown): void {
    const begun = slot instanceof RetryState;
    const { budget } = begun ? slot.settings : (slot as RetrySettings);
    if (budget === undefined || (begun && slot.deposited)) return;
    this.emitter.ask('budget', () => budget.deposit(), undefined);
  }

  /** The wait before the next attempt, or `REFUSED` when there is none. */
  #delay(run: Run, at: number, state: RetryState): number {
    const { emitter } = this;
    const { settings, attempt } = state;
    if (attempt >= settings.maxAttempts) return REFUSED;
    let afterMs = 0;
    if (run.failed) {
      const verdict = settings.judge(run.value, emitter);
      if (verdict === undefined) return REFUSED;
      afterMs = verdict;
    }
    const { canRetry, budget } = settings;
    if (canRetry !== undefined) {
      const input = { args: run.args, attempt, error: run.failed ? run.value : undefined };
      if (!emitter.ask('canRetry', () => canRetry(input), false)) return REFUSED;
    }
    const delayMs =
      settings.series === undefined ? afterMs : Math.max(afterMs, this.#computed(run, at, state));
    const late =
      settings.maxElapsedMs !== Number.POSITIVE_INFINITY &&
      run.time(this.clock) - state.startedAt + delayMs > settings.maxElapsedMs;
    if (late) return REFUSED;
    const restMs = run.deadlineRest();
    if (restMs !== undefined && delayMs >= restMs) {
      if (run.failed) state.unfit = unfit(emitter.policy, restMs, delayMs, attempt, run.value);
      return REFUSED;
    }
    // A call that was refused has put no load on the dependency, and is not its repetition.
    const refused = run.failed && isRejection(run.value);
    // Before the wait: retries that are all waiting must count already.
    if (budget === undefined || refused || emitter.ask('budget', () => budget.withdraw(), false))
      return delayMs;
    state.suppressed = true;
    this.recorder.suppressed++;
    if (emitter.wants('suppress')) {
      const error = run.failed ? { error: run.value } : {};
      emitter.emit('suppress', { policy: emitter.policy, attempt, reason: 'budget', ...error });
    }
    return REFUSED;
  }

  #computed(run: Run, at: number, state: RetryState): number {
    state.delays ??= state.settings.series?.();
    const { delays } = state;
    const result = run.failed ? { error: run.value } : { value: shown(run.value) };
    const context = backoffContext(run.scopeAt(at), state.attempt, result);
    return this.emitter.ask('backoff', () => delays?.(context) ?? 0, 0);
  }

  #giveUp(run: Run, state: RetryState): Step {
    if (run.failed && (state.attempt > 1 || state.suppressed))
      rememberAttempts(run.value, {
        attempts: state.failures,
        ...(state.suppressed ? { suppressed: 'budget' as const } : {}),
      });
    return GO;
  }
}

const backoffContext = (scope: Scope, attempt: number, result: BackoffContext['result']): BackoffContext => ({
  get signal() {
    return scope.signal;
  },
  attempt,
  result,
});
