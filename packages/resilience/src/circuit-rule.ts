import type { Circuit, Permit } from './circuit.ts';
import { isCancellation, isRejection, isTimeout } from './errors.ts';
import type { Emitter } from './events.ts';
import { GO, Refusal, type Run, type Step } from './run.ts';
import type { Rule } from './stage.ts';
import { Recorder } from './stats.ts';
import type { Clock } from './timers.ts';

/** What of a call's end counts as a failure of the dependency. */
export interface CircuitJudge {
  error: (error: unknown, emitter: Emitter) => boolean;
  /** Undefined when results are not looked at. */
  result: ((value: unknown, emitter: Emitter) => boolean) | undefined;
}

export class CircuitRule implements Rule {
  readonly emitter: Emitter;
  readonly recorder = new Recorder();
  readonly clock: Clock;
  readonly #circuit: Circuit;
  judge: CircuitJudge;

  constructor(emitter: Emitter, clock: Clock, circuit: Circuit, judge: CircuitJudge) {
    this.emitter = emitter;
    this.clock = clock;
    this.#circuit = circuit;
    this.judge = judge;
  }

  quick(): Permit | Refusal {
    const permit = this.#circuit.admit();
    return permit instanceof Error ? new Refusal(permit) : permit;
  }

  quickLeave(kept: unknown): boolean {
    if (this.judge.result !== undefined) return false;
    this.#circuit.succeed(kept as Permit);
    return true;
  }

  enter(run: Run, at: number): Step {
    const permit = this.#circuit.admit();
    if (permit instanceof Error) throw permit;
    run.keep(at, permit);
    return GO;
  }

  leave(run: Run, at: number): Step {
    const circuit = this.#circuit;
    const permit = run.slots[at] as Permit;
    const { failed, value } = run;
    const { emitter } = this;
    if (!failed) {
      const bad = this.judge.result;
      if (bad?.(value, emitter) === true) circuit.fail(permit, undefined);
      else circuit.succeed(permit);
    } else if (isRejection(value) || isCancellation(value)) circuit.cancel(permit);
    else if (this.judge.error(value, emitter)) circuit.fail(permit, value);
    else circuit.succeed(permit);
    return GO;
  }

  // A call that ignores its signal must not keep a probe's place after its caller has gone.
  drop(run: Run, at: number, reason: unknown): void {
    const permit = run.slots[at] as Permit;
    if (isTimeout(reason)) this.#circuit.fail(permit, reason);
    else this.#circuit.cancel(permit);
  }
}
