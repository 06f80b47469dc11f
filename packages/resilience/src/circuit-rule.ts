import type { Circuit } from './circuit.ts';
import type { Permit } from './circuit-state.ts';
import { isCancellation, isRejection, isTimeout } from './errors.ts';
import type { Emitter } from './events.ts';
import type { Holds } from './holds.ts';
import { holdsOf } from './opened.ts';
import { type QuickCall, Refusal } from './quick-call.ts';
import { GO, type Run, type Step } from './run.ts';
import type { Rule } from './stage.ts';
import { Recorder } from './stats.ts';
import type { Clock } from './timers.ts';

/** What of a call's end counts as a failure of the dependency. */
export interface CircuitJudge {
  /** How long the dependency asked to be left alone, 0 when it did not; undefined for what is no failure. */
  error: (error: unknown, emitter: Emitter) => number | undefined;
  /** Whether `error` is asked about cancellations too: a user's own rule goes before ours, that they count for nothing. */
  cancellations: boolean;
  /** Undefined when results are not looked at. */
  result: ((value: unknown, emitter: Emitter) => boolean) | undefined;
}

export class CircuitRule implements Rule {
  readonly emitter: Emitter;
  readonly recorder = new Recorder();
  readonly clock: Clock;
  readonly #circuit: Circuit;

  constructor(emitter: Emitter, clock: Clock, circuit: Circuit) {
    this.emitter = emitter;
    this.clock = clock;
    this.#circuit = circuit;
  }

  quick(call: QuickCall): Permit | undefined {
    const permit = this.#circuit.admit();
    if (!(permit instanceof Error)) return permit;
    call.stop = new Refusal(permit);
    return undefined;
  }

  quickLeave({ slots }: QuickCall, at: number): boolean {
    const permit = slots[at] as Permit;
    if (permit.settings.judge.result !== undefined) return false;
    this.#circuit.succeed(permit);
    return true;
  }

  enter(run: Run, at: number): Step {
    const permit = this.#circuit.admit();
    if (permit instanceof Error) throw permit;
    run.keep(at, permit);
    return GO;
  }

  leave(run: Run, at: number): Step {
    const permit = run.slots[at] as Permit;
    const { failed, value, holds } = run;
    const { judge } = permit.settings;
    if (failed) this.#failed(permit, value, run.given?.aborted === true);
    else if (judge.result?.(value, this.emitter) === true) this.#circuit.fail(permit, undefined);
    else if (holds === undefined) this.#circuit.succeed(permit);
    else this.#opened(permit, holdsOf(value, holds));
    return GO;
  }

  #opened(permit: Permit, holds: Holds): void {
    const circuit = this.#circuit;
    const { permit: rest, answered } = circuit.opened(permit);
    holds.judge(({ how, error }) => {
      if (how === 'failed') this.#failed(rest, error, false, answered);
      else if (how === 'succeeded' && !answered) circuit.succeed(rest);
      else circuit.cancel(rest);
    });
  }

  /** @param answered Its success has been counted already. */
  #failed(permit: Permit, error: unknown, aborted: boolean, answered = false): void {
    const circuit = this.#circuit;
    const { judge } = permit.settings;
    const cancelled = isCancellation(error);
    const silent = isRejection(error) || (cancelled && (aborted || !judge.cancellations));
    const afterMs = silent ? undefined : judge.error(error, this.emitter);
    if (afterMs !== undefined) circuit.fail(permit, error, afterMs);
    else if (silent || cancelled || answered) circuit.cancel(permit);
    else circuit.succeed(permit);
  }

  // A call that ignores its signal must not keep a probe's place after its caller has gone.
  drop(run: Run, at: number, reason: unknown): void {
    const permit = run.slots[at] as Permit;
    const { judge } = permit.settings;
    const afterMs = isTimeout(reason) && run.hasCalled(at) ? judge.error(reason, this.emitter) : undefined;
    if (afterMs === undefined) this.#circuit.cancel(permit);
    else this.#circuit.fail(permit, reason, afterMs);
  }
}
