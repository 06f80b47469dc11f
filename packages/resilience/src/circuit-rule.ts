import type { Circuit, Permit } from './circuit.ts';
import { isCancellation, isRejection, isTimeout } from './errors.ts';
import type { Emitter } from './events.ts';
import { Refusal } from './quickly.ts';
import { GO, type Run, type Step } from './run.ts';
import type { Rule } from './stage.ts';
import { Recorder } from './stats.ts';
import type { Clock } from './timers.ts';

/** What of a call's end counts as a failure of the dependency. */
export interface CircuitJudge {
  /** How long the dependency asked to be left alone, 0 when it did not; undefined for what is no failure. */
  error: (error: unknown, emitter: Emitter) => number | undefined;
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

  quick(): Permit | Refusal {
    const permit = this.#circuit.admit();
    return permit instanceof Error ? new Refusal(permit) : permit;
  }

  quickLeave(kept: unknown): boolean {
    const permit = kept as Permit;
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
    if (failed) this.#failed(permit, value);
    else if (judge.result?.(value, this.emitter) === true) this.#circuit.fail(permit, undefined);
    else if (holds === undefined) this.#circuit.succeed(permit);
    else
      holds.push(({ how, error }) => {
        if (how === 'succeeded') this.#circuit.succeed(permit);
        else if (how === 'failed') this.#failed(permit, error);
        else this.#circuit.cancel(permit);
      });
    return GO;
  }

  #failed(permit: Permit, error: unknown): void {
    const circuit = this.#circuit;
    if (isRejection(error) || isCancellation(error)) circuit.cancel(permit);
    else {
      const afterMs = permit.settings.judge.error(error, this.emitter);
      if (afterMs === undefined) circuit.succeed(permit);
      else circuit.fail(permit, error, afterMs);
    }
  }

  // A call that ignores its signal must not keep a probe's place after its caller has gone.
  drop(run: Run, at: number, reason: unknown): void {
    const permit = run.slots[at] as Permit;
    if (isTimeout(reason) && run.hasCalled(at)) this.#circuit.fail(permit, reason);
    else this.#circuit.cancel(permit);
  }
}
