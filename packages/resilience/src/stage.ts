import { isCancellation, isRejection, isTimeout } from './errors.ts';
import type { Emitter } from './events.ts';
import { GO, type Run, type Step } from './run.ts';
import type { Recorder } from './stats.ts';
import type { Clock } from './timers.ts';

/**
 * What one policy does to a run that passes it. Nothing here waits: a stage answers `WAIT` after `run.park(at)`, and is
 * asked again by `resume` when the run was woken. `at` is the stage's place; what it remembers of a run is in `run.slots[at]`.
 * A run that entered leaves exactly once: by `leave` (again after each `AGAIN`), or by `drop`.
 */
export class Stage {
  readonly emitter: Emitter;
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** Whether it may cut a run off by `run.strike(at)`. */
  readonly limits: boolean = false;

  constructor(emitter: Emitter, recorder: Recorder, clock: Clock) {
    this.emitter = emitter;
    this.recorder = recorder;
    this.clock = clock;
  }

  /** On the way in: `GO` or `WAIT`. A throw is this policy's refusal. */
  enter(_run: Run, _at: number): Step {
    return GO;
  }

  /** On the way out, with the result in `run.failed` and `run.value`. */
  leave(_run: Run, _at: number): Step {
    return GO;
  }

  /** After a wait; `run.woken` tells by what. */
  resume(_run: Run, _at: number): Step {
    return GO;
  }

  /** The run's wait at this stage is over before its time. Called at once, in no caller's context: no user code here. */
  unpark(_run: Run, _at: number): void {}

  /** The run was cut off further out, for `reason`. */
  drop(_run: Run, _at: number, _reason: unknown): void {}

  /** The caller aborts; called at once, where `drop` follows later. */
  aborted(_run: Run, _at: number, _reason: unknown): void {}

  /** The stage's own limit was reached: the error to give. */
  expired(_run: Run, _at: number): unknown {
    return undefined;
  }

  /** Which attempt this is, for a stage that counts them. */
  attemptOf(_run: Run, _at: number): number | undefined {
    return undefined;
  }

  begin(run: Run, at: number): void {
    const { emitter, recorder } = this;
    recorder.calls++;
    const whole = at === 0 && run.outermost;
    if (whole ? emitter.hearsOutcome() || recorder.samples() : emitter.hearsOutcome())
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

  /** Counts a run that was cut off further out. */
  recordDrop(run: Run, at: number, reason: unknown): void {
    if (isTimeout(reason)) this.#failure(run, at, reason);
    else this.recorder.cancelled++;
  }

  #failure(run: Run, at: number, error: unknown): void {
    this.recorder.failures++;
    if (run.timed) this.#tell(run, at, true, error);
  }

  #tell(run: Run, at: number, failed: boolean, error: unknown): void {
    const start = run.startOf(at);
    if (start === undefined) return;
    const { emitter } = this;
    const durationMs = run.time(this.clock) - start;
    if (at === 0 && run.outermost) this.recorder.measure(durationMs);
    const policy = emitter.policy;
    if (failed) {
      if (emitter.wants('failure')) emitter.emit('failure', { policy, durationMs, error });
    } else if (emitter.wants('success')) emitter.emit('success', { policy, durationMs });
  }
}
