import { INNERMOST, type Settle, STRUCK } from './gate.ts';
import type { Program } from './program.ts';
import { type Fn, Run } from './run.ts';

/** What `quick` leaves when the policy does not make the call. */
export class Refusal {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** What `quick` leaves when the call has to wait first. */
export abstract class Waiting {
  abstract readonly gate: Promise<unknown> | undefined;
  /** After the wait: undefined when the call may be made. */
  abstract answer(): Refusal | undefined;
}

/** Arrays written out are made much faster than others; `quickly` writes out five places too. */
const roomFor = (stages: number): unknown[] =>
  stages === 1
    ? [undefined]
    : stages <= 5
      ? [undefined, undefined, undefined, undefined, undefined]
      : new Array(stages);

/** A call that goes well so far. Where it does not, it is handed over to a run: most calls need none, and it is dear. */
export class QuickCall {
  readonly program: Program;
  readonly fn: Fn;
  /** Of a wrapped function. */
  readonly self: unknown;
  readonly args: readonly unknown[] | undefined;
  /** What each stage remembers of the call, as in a run; `true` for nothing. */
  readonly slots: unknown[];
  /** When it began, for those calls that are measured. */
  start: number | undefined = undefined;
  /** What the function answered, and what ends the wait for it. */
  pending: Promise<unknown> | undefined = undefined;
  wake: Settle | undefined = undefined;
  /** The outermost place whose limit has struck. */
  struckAt = INNERMOST;
  /** What it was handed over to. */
  run: Run | undefined = undefined;
  /** What a stage has against the call. */
  stop: Refusal | Waiting | undefined = undefined;

  constructor(program: Program, fn: Fn, self: unknown, args: readonly unknown[] | undefined) {
    this.program = program;
    this.fn = fn;
    this.self = self;
    this.args = args;
    this.slots = roomFor(program.stages.length);
  }

  /** Whether there is one policy only. */
  get alone(): boolean {
    return this.program.stages.length === 1;
  }

  /** Remembers what the stage at this place answered; false when that was nothing. */
  keeps(at: number, kept: unknown): boolean {
    this.slots[at] = kept;
    return kept !== undefined;
  }

  /** No caller can abort it. */
  get given(): undefined {
    return undefined;
  }

  /** As {@link Run.strike}. Before the call is handed over, it is only noted: there may be rules that it has still to enter. */
  strike(at: number): void {
    if (this.run !== undefined) this.run.strike(at);
    else if (at < this.struckAt) {
      this.struckAt = at;
      this.wake?.(STRUCK);
    }
  }

  /** A run for the rest of the way. */
  handOver(): Run {
    const { slots, start } = this;
    const run = new Run(this.program, this.fn, undefined, undefined, undefined, this.self, this.args);
    for (let at = 0; at < slots.length; at++) if (slots[at] === true) slots[at] = undefined;
    run.slots = slots;
    if (start !== undefined) run.startAt(0, start);
    this.run = run;
    if (this.struckAt !== INNERMOST) {
      run.pending = this.pending;
      run.strike(this.struckAt);
    }
    return run;
  }

  /** As {@link handOver}, after the function was called. */
  handOverCalled(): Run {
    const run = this.handOver();
    run.hasBeenCalled();
    return run;
  }
}
