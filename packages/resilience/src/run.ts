import { contextOf, lightContext, type PolicyContext } from './context.ts';
import type { Program, Task } from './program.ts';
import { Scope } from './scope.ts';
import { type Clock, systemClock } from './timers.ts';

/** What a stage answers: go on, go in once more, or wait until the run is woken. */
export const GO = 0;
export const AGAIN = 1;
export const WAIT = 2;
export type Step = typeof GO | typeof AGAIN | typeof WAIT;

type Fn = (context: PolicyContext) => unknown;
type Settle = (value?: unknown) => void;

const STRUCK = Symbol('struck');
const NOBODY = 1_000_000;
const UNTIMED: readonly undefined[] = [];

let resolveMade: Settle;
let rejectMade: Settle;
// One function for all promises: a closure a promise is what a call would pay most for.
const capture = (resolve: Settle, reject: Settle): void => {
  resolveMade = resolve;
  rejectMade = reject;
};

/**
 * One call on its way through the stages of a program: inwards from the first to the last, the call, and outwards again.
 * Whatever ends a wait (the call, a timer, a place in a queue, an abort) settles the one gate that the run stands at, so
 * everything that a user's code gets to see happens in the async context of its own caller.
 */
export class Run {
  readonly program: Program;
  readonly scope: Scope;
  /** What each stage remembers of this run. */
  readonly slots: unknown[];
  /** The result on its way outwards. */
  failed = false;
  value: unknown = undefined;
  /** What ended the last wait. */
  woken: unknown = undefined;
  wokenFailed = false;
  /** What user code is still at work on: a slot may have to be held until it has settled. */
  pending: Promise<unknown> | undefined = undefined;
  gate: Promise<unknown> | undefined = undefined;
  readonly #fn: Fn | undefined;
  readonly #task: Task | undefined;
  readonly #attempt: number | undefined;
  /** Of a wrapped function. */
  readonly #self: unknown;
  readonly #args: readonly unknown[] | undefined;
  #starts: (number | undefined)[] | readonly undefined[] = UNTIMED;
  #now = -1;
  /** The outermost place that the run was cut off at and has not left yet; -1 is the caller. */
  #struck = NOBODY;
  #reason: unknown = undefined;
  #wake: Settle | undefined = undefined;
  #parkedAt = -1;
  #stopListening: (() => void) | undefined = undefined;

  /** Either `fn`, which a user asked to execute, or `task`, when a layer further out runs this program. */
  constructor(
    program: Program,
    fn: Fn | undefined,
    task: Task | undefined,
    scope: Scope,
    attempt: number | undefined,
    self?: unknown,
    args?: readonly unknown[],
  ) {
    this.#self = self;
    this.#args = args;
    this.program = program;
    this.#fn = fn;
    this.#task = task;
    this.scope = scope;
    this.#attempt = attempt;
    this.slots = new Array(program.stages.length);
  }

  /** Arguments of a wrapped function; none otherwise. */
  get args(): readonly unknown[] {
    return this.#args ?? [];
  }

  get outermost(): boolean {
    return this.#fn !== undefined;
  }

  get gated(): boolean {
    return this.program.limited || this.scope.canAbort;
  }

  /** Reads the clock once for all that is done without a wait in between. */
  time(clock: Clock): number {
    if (clock !== systemClock) return clock();
    if (this.#now < 0) this.#now = systemClock();
    return this.#now;
  }

  get timed(): boolean {
    return this.#starts !== UNTIMED;
  }

  startAt(at: number, now: number): void {
    if (this.#starts === UNTIMED) this.#starts = [];
    (this.#starts as (number | undefined)[])[at] = now;
  }

  startOf(at: number): number | undefined {
    return this.#starts[at];
  }

  /** The cancellation that the stage at this place sees. */
  scopeAt(at: number): Scope {
    if (this.program.limited)
      for (let outer = at - 1; outer >= 0; outer--) {
        const slot = this.slots[outer];
        if (slot instanceof Scope) return slot;
      }
    return this.scope;
  }

  /** Whether a time limit further in stands between this place and the call. */
  scopeInside(at: number): boolean {
    return this.scopeAt(this.slots.length) !== this.scopeAt(at + 1);
  }

  attemptAt(at: number): number | undefined {
    const { stages } = this.program;
    for (let outer = at - 1; outer >= 0; outer--) {
      const attempt = stages[outer]!.attemptOf(this, outer);
      if (attempt !== undefined) return attempt;
    }
    return this.#attempt;
  }

  /** Makes the call itself. */
  call(): unknown {
    const { inner, stages } = this.program;
    const scope = this.scopeAt(stages.length);
    const attempt = this.attemptAt(stages.length);
    const fn = this.#fn;
    if (fn === undefined)
      return inner === undefined ? this.#task!(scope, attempt) : inner(this.#task!, scope, attempt);
    const args = this.#args;
    if (args !== undefined) {
      const self = this.#self;
      if (inner === undefined) return Reflect.apply(fn, self, args);
      return inner(() => Reflect.apply(fn, self, args), scope, attempt);
    }
    if (inner !== undefined) return inner((s, a) => fn(contextOf(s, a)), scope, attempt);
    return fn(fn.length === 0 ? lightContext(scope, attempt) : contextOf(scope, attempt));
  }

  /** A promise for what user code answered, or for the strike that comes first. */
  race(answer: unknown): Promise<unknown> {
    const pending = Promise.resolve(answer);
    this.pending = pending;
    const gate = this.#open(-1);
    pending.then(resolveMade, rejectMade);
    if (this.#struck !== NOBODY) this.wake(STRUCK);
    return gate;
  }

  /** Before a stage answers `WAIT`: the run stands still until `wake` is called. */
  park(at: number): void {
    this.gate = this.#open(at);
  }

  /** As {@link park}, until `answer` has settled. */
  parkFor(at: number, answer: unknown): void {
    this.gate = this.race(answer);
    this.#parkedAt = at;
  }

  wake(value?: unknown): void {
    this.#wake?.(value);
  }

  #open(at: number): Promise<unknown> {
    const gate = new Promise(capture);
    this.#wake = resolveMade;
    this.#parkedAt = at;
    return gate;
  }

  /** After each wait. */
  waited(): void {
    this.#wake = undefined;
    this.#parkedAt = -1;
    this.pending = undefined;
    this.gate = undefined;
    this.#now = -1;
  }

  /** Cuts off all that is inside the stage at this place; -1 cuts off the whole. */
  strike(at: number, reason?: unknown): void {
    if (at >= this.#struck) return;
    this.#struck = at;
    this.#reason = reason;
    const parkedAt = this.#parkedAt;
    if (parkedAt > at) this.program.stages[parkedAt]!.unpark(this, parkedAt);
    this.wake(STRUCK);
  }

  /** Whether the run was cut off outside of this place. */
  struckOutside(at: number): boolean {
    return this.#struck < at;
  }

  /** Lets go of all stages from `deepest` to where the run was cut off, and answers where it goes on outwards. */
  strikeOut(deepest: number): number {
    const { stages } = this.program;
    const at = this.#struck;
    const error = at < 0 ? this.#reason : stages[at]!.expired(this, at);
    for (let inside = deepest; inside > at; inside--) {
      stages[inside]!.drop(this, inside, error);
      stages[inside]!.recordDrop(this, inside, error);
    }
    this.waited();
    this.#struck = NOBODY;
    this.failed = true;
    this.value = error;
    return at;
  }

  /** What was cut off at this place and has been left is over. */
  passed(at: number): void {
    if (this.#struck >= at) this.#struck = NOBODY;
  }

  listen(): void {
    this.#stopListening = this.scope.onAbort((reason) => {
      const { stages } = this.program;
      for (let at = 0; at < stages.length; at++) stages[at]!.aborted(this, at, reason);
      this.strike(-1, reason);
    });
  }

  unlisten(): void {
    this.#stopListening?.();
  }

  isStrike(value: unknown): boolean {
    return value === STRUCK;
  }
}

/** Takes a run through its program. */
export const drive = async (run: Run): Promise<unknown> => {
  const { stages } = run.program;
  const { length } = stages;
  const { scope } = run;
  if (scope.canAbort) {
    if (scope.aborted) {
      // Nothing is called.
      stages[0]?.begin(run, 0);
      stages[0]?.recordDrop(run, 0, scope.reason);
      throw scope.reason;
    }
    run.listen();
  }
  let at = 0;
  let inwards = true;
  for (;;) {
    if (inwards && at < length) {
      const stage = stages[at]!;
      stage.begin(run, at);
      try {
        if (stage.enter(run, at) === WAIT) {
          run.woken = await run.gate;
          // A run that was given what it waited for and is cut off has to give it back: `drop` knows.
          if (!run.struckOutside(at)) {
            run.waited();
            stage.resume(run, at);
          }
        }
        if (run.struckOutside(at)) {
          at = run.strikeOut(at);
          inwards = false;
        } else at++;
      } catch (error) {
        run.failed = true;
        run.value = error;
        stage.record(run, at);
        at--;
        inwards = false;
      }
    } else if (inwards) {
      inwards = false;
      at = length - 1;
      try {
        const answer = run.call();
        const waits = (typeof answer === 'object' && answer !== null) || typeof answer === 'function';
        const value = !waits ? answer : run.gated ? await run.race(answer) : await answer;
        run.failed = !waits && run.struckOutside(length);
        run.value = value;
        if (run.isStrike(value)) run.failed = true;
      } catch (error) {
        run.failed = true;
        run.value = error;
      }
      if (run.failed && run.struckOutside(length)) at = run.strikeOut(at);
      else run.waited();
    } else {
      if (at < 0) break;
      const stage = stages[at]!;
      let step: Step = GO;
      try {
        step = stage.leave(run, at);
        if (step === WAIT && !run.struckOutside(at)) {
          try {
            run.woken = await run.gate;
            run.wokenFailed = false;
          } catch (error) {
            run.woken = error;
            run.wokenFailed = true;
          }
          if (!run.struckOutside(at)) {
            run.waited();
            step = stage.resume(run, at);
          }
        }
      } catch (error) {
        run.failed = true;
        run.value = error;
        step = GO;
      }
      if (step !== GO && run.struckOutside(at)) at = run.strikeOut(at);
      else if (step === AGAIN) {
        at++;
        inwards = true;
      } else {
        stage.record(run, at);
        run.passed(at);
        at--;
      }
    }
  }
  run.unlisten();
  if (run.failed) throw run.value;
  return run.value;
};
