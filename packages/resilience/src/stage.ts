import { isCancellation, isRejection, isTimeout } from './errors.ts';
import type { Emitter } from './events.ts';
import type { QuickCall } from './quick-call.ts';
import { GO, type Run, type Step } from './run.ts';
import type { Recorder } from './stats.ts';
import type { Clock } from './timers.ts';

/**
 * What one policy does to a run that passes it. Nothing here waits: a rule answers `WAIT` after `run.park(at)`, and is
 * asked again by `resume` when the run was woken. `at` is the stage's place; what it remembers of a run is in `run.slots[at]`.
 * A run that entered leaves exactly once: by `leave` (again after each `AGAIN`), or by `drop`.
 */
export interface Rule {
  readonly emitter: Emitter;
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** Whether it may cut a run off by `run.strike(at)`. */
  readonly limits?: boolean;
  /** Whether it keeps something until the call has truly settled, also after it was cut off. */
  readonly holds?: boolean;
  /** On the way in: `GO` or `WAIT`. A throw is this policy's refusal. */
  enter?(run: Run, at: number): Step;
  /** On the way out, with the result in `run.failed` and `run.value`. */
  leave?(run: Run, at: number): Step;
  /** After a wait; `run.woken` tells by what. */
  resume?(run: Run, at: number): Step;
  /** The run's wait at this stage is over before its time. Called at once, in no caller's context: no user code here. */
  unpark?(run: Run, at: number): void;
  /** The run was cut off further out, for `reason`. */
  drop?(run: Run, at: number, reason: unknown): void;
  /** The caller aborts; called at once, where `drop` follows later. */
  aborted?(run: Run, at: number, reason: unknown): void;
  /** The policy's own limit was reached: the error to give. */
  expired?(run: Run, at: number): unknown;
  /**
   * Enters without a run, where no deadline is in force and nobody can abort. Answers what it would have kept of the run, `true` for
   * nothing. Undefined when it takes a run after all, having done nothing yet; or when it left a `Refusal` in `call.stop`, or (a
   * policy on its own) a `Waiting`.
   */
  quick?(call: QuickCall, at: number): unknown;
  /** Leaves without a run after a success; false when it takes one. */
  quickLeave?(call: QuickCall, at: number): boolean;
  /** Which attempt this is, for a policy that counts them. */
  attemptOf?(run: Run, at: number): number;
}

/** A rule for calls that go well. */
export type QuickRule = Rule & Required<Pick<Rule, 'quick' | 'quickLeave'>>;

/** The rule of a policy that is made of others: it only counts. */
export class Whole implements QuickRule {
  readonly emitter: Emitter;
  readonly recorder: Recorder;
  readonly clock: Clock;

  constructor(emitter: Emitter, recorder: Recorder, clock: Clock) {
    this.emitter = emitter;
    this.recorder = recorder;
    this.clock = clock;
  }

  quick(): true {
    return true;
  }

  quickLeave(): true {
    return true;
  }
}

/**
 * A rule in its place, with the counting that all have in common. One class for all: were there one for each rule, every look
 * at a stage would be a search through their shapes, which costs more than what the rules do.
 */
export class Stage {
  readonly emitter: Emitter;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly rule: Rule;
  readonly #enter: Rule['enter'];
  readonly #leave: Rule['leave'];

  constructor(rule: Rule) {
    this.emitter = rule.emitter;
    this.recorder = rule.recorder;
    this.clock = rule.clock;
    this.rule = rule;
    this.#enter = rule.enter;
    this.#leave = rule.leave;
  }

  /** The time; none where the clock throws, which is not to take the call with it. */
  now(): number {
    return this.emitter.ask('clock', this.clock, Number.NaN);
  }

  enter(run: Run, at: number): Step {
    this.#begin(run, at);
    return this.#enter === undefined ? GO : this.#enter.call(this.rule, run, at);
  }

  leave(run: Run, at: number): Step {
    return this.#leave === undefined ? GO : this.#leave.call(this.rule, run, at);
  }

  #begin(run: Run, at: number): void {
    const { recorder } = this;
    recorder.calls++;
    if (this.emitter.hearsOutcome || run.heard || (at === 0 && run.outermost && recorder.samples()))
      run.startAt(at, run.time(this.clock));
  }

  /** Counts the result with which the run leaves. */
  record(run: Run, at: number): void {
    const { recorder } = this;
    if (!run.failed) {
      recorder.successes++;
      if (run.timed) this.#tell(run, at, false, undefined);
    } else if (isRejection(run.value)) recorder.rejections++;
    else if (isCancellation(run.value)) recorder.cancelled++;
    else this.#failure(run, at, run.value);
  }

  /** Counts a run that was not even begun, because its caller had aborted before. */
  skip(run: Run, at: number, reason: unknown): void {
    this.#begin(run, at);
    this.recordDrop(run, at, reason);
  }

  /** Counts a run that was cut off further out. */
  recordDrop(run: Run, at: number, reason: unknown): void {
    if (!isTimeout(reason)) this.recorder.cancelled++;
    else if (run.hasCalled(at)) this.#failure(run, at, reason);
    else this.recorder.rejections++;
  }

  #failure(run: Run, at: number, error: unknown): void {
    this.recorder.failures++;
    if (run.timed) this.#tell(run, at, true, error);
  }

  #tell(run: Run, at: number, failed: boolean, error: unknown): void {
    const start = run.startOf(at);
    if (start === undefined) return;
    const durationMs = this.emitter.ask('clock', () => run.time(this.clock), start) - start;
    this.#report(durationMs, at === 0 && run.outermost, failed, error);
  }

  /** A call that began at `start` and took no run was a success. */
  tellSuccess(start: number): void {
    this.#report(this.emitter.ask('clock', this.clock, start) - start, true, false, undefined);
  }

  #report(tookMs: number, isWhole: boolean, failed: boolean, error: unknown): void {
    const { emitter } = this;
    // A clock that tells no time stands still.
    const durationMs = Number.isNaN(tookMs) ? 0 : tookMs;
    if (isWhole) this.recorder.measure(durationMs);
    const policy = emitter.policy;
    if (failed) {
      if (emitter.wants('failure')) emitter.emit('failure', { policy, durationMs, error });
    } else if (emitter.wants('success')) emitter.emit('success', { policy, durationMs });
  }
}
