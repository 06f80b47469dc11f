import { STRUCK } from './gate.ts';
import { AGAIN, GO, type Run, type Step, WAIT } from './run.ts';
import type { Stage } from './stage.ts';

/** Where `detour` takes over: on the way in, after a stage answered `WAIT`, on the way out, after one answered there. */
export const INWARDS = 0;
export const ENTERED = 1;
export const OUTWARDS = 2;
export const LEFT_WAITING = 3;
export const LEFT_AGAIN = 4;

/** Takes a run through the rest of its program, with all the waits and turns that there may be. */
export const detour = async (run: Run, from: number, phase: number): Promise<unknown> => {
  const way = new Way(run, from, phase);
  const { length } = run.program.stages;
  for (;;) {
    if (!way.inwards) {
      if (way.at < 0) break;
      if (!way.leave()) continue;
      try {
        run.woken = await run.gate;
        run.wokenFailed = false;
      } catch (error) {
        run.woken = error;
        run.wokenFailed = true;
      }
      way.left();
    } else if (way.at < length) {
      if (!way.enter()) continue;
      run.woken = await run.gate;
      way.entered();
    } else {
      try {
        const answer = answerOf(run);
        run.failed = false;
        run.value = isPending(answer) ? await answer : answer;
      } catch (error) {
        run.failed = true;
        run.value = error;
      }
      way.called();
    }
  }
  run.unlisten();
  if (run.failed) throw run.value;
  return run.value;
};

/** Makes the call, and answers what came back at once or is to be waited for. */
const answerOf = (run: Run): unknown => {
  const { length } = run.program.stages;
  // Cut off before the call was made, or before the answer was there.
  if (run.struckOutside(length)) return STRUCK;
  const answer = run.call();
  if (!isPending(answer)) return run.struckOutside(length) ? STRUCK : answer;
  return run.gated ? run.race(answer) : answer;
};

const isPending = (answer: unknown): boolean =>
  (typeof answer === 'object' && answer !== null) || typeof answer === 'function';

/** Where a run is, and all that is done there without a wait. */
class Way {
  at: number;
  inwards: boolean;
  readonly #run: Run;
  readonly #stages: readonly Stage[];
  /** What the stage at this place has answered already. */
  #answered: Step;

  constructor(run: Run, from: number, phase: number) {
    this.#run = run;
    this.#stages = run.program.stages;
    this.at = from;
    this.inwards = phase === INWARDS || phase === ENTERED;
    this.#answered = phase === ENTERED || phase === LEFT_WAITING ? WAIT : phase === LEFT_AGAIN ? AGAIN : GO;
  }

  /** True when the stage has to be waited for; then comes `entered`. */
  enter(): boolean {
    try {
      if (this.#answered === GO) this.#answered = this.#stages[this.at]!.enter(this.#run, this.at);
      if (this.#answered === WAIT) {
        if (!this.#run.struckOutside(this.at)) return true;
        // Struck before it began to wait: nothing else would end the wait.
        this.#stages[this.at]!.rule.unpark?.(this.#run, this.at);
      }
      this.#goIn();
    } catch (error) {
      this.#refused(error);
    }
    return false;
  }

  entered(): void {
    const { at } = this;
    const run = this.#run;
    try {
      // A run that was given what it waited for and is cut off has to give it back: `drop` knows.
      if (!run.struckOutside(at)) {
        run.waited();
        this.#stages[at]!.rule.resume?.(run, at);
      }
      this.#goIn();
    } catch (error) {
      this.#refused(error);
    }
  }

  called(): void {
    this.at = this.#run.called();
    this.inwards = false;
  }

  /** True when the stage has to be waited for; then comes `left`. */
  leave(): boolean {
    const { at } = this;
    const run = this.#run;
    try {
      if (this.#answered === GO) this.#answered = this.#stages[at]!.leave(run, at);
      if (this.#answered === WAIT && !run.struckOutside(at)) return true;
    } catch (error) {
      this.#failed(error);
    }
    this.#goOut();
    return false;
  }

  left(): void {
    const { at } = this;
    const run = this.#run;
    try {
      if (!run.struckOutside(at)) {
        run.waited();
        this.#answered = this.#stages[at]!.rule.resume?.(run, at) ?? GO;
      }
    } catch (error) {
      this.#failed(error);
    }
    this.#goOut();
  }

  #goIn(): void {
    const { at } = this;
    if (this.#run.struckOutside(at)) {
      this.at = this.#run.strikeOut(at);
      this.inwards = false;
    } else this.at++;
    this.#answered = GO;
  }

  #goOut(): void {
    const { at } = this;
    const run = this.#run;
    if (this.#answered !== GO && run.struckOutside(at)) this.at = run.strikeOut(at);
    else if (this.#answered === AGAIN) {
      run.again(at);
      this.at++;
      this.inwards = true;
    } else {
      this.#stages[at]!.record(run, at);
      run.passed(at);
      this.at--;
    }
    this.#answered = GO;
  }

  #refused(error: unknown): void {
    this.at = this.#run.refused(this.at, error);
    this.inwards = false;
    this.#answered = GO;
  }

  #failed(error: unknown): void {
    this.#run.failed = true;
    this.#run.value = error;
    this.#answered = GO;
  }
}
