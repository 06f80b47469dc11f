import { contextOf, LightContext, type PolicyContext } from './context.ts';
import { outcomesAreHeard } from './events.ts';
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
const NO_SLOTS: never[] = [];

let resolveMade: Settle;
let rejectMade: Settle;
// One function for all promises: a closure a promise is what a call would pay most for.
const capture = (resolve: Settle, reject: Settle): void => {
  resolveMade = resolve;
  rejectMade = reject;
};

/** How a stream ended; a consumer that goes away is neither success nor failure. */
export interface StreamEnd {
  how: 'succeeded' | 'failed' | 'cancelled';
  error: unknown;
}

/**
 * One call on its way through the stages of a program: inwards from the first to the last, the call, and outwards again.
 * Whatever ends a wait (the call, a timer, a place in a queue, an abort) settles the one gate that the run stands at, so
 * everything that a user's code gets to see happens in the async context of its own caller.
 */
export class Run {
  readonly program: Program;
  /** Undefined until somebody looks, where nothing can abort the run. */
  scope: Scope | undefined;
  /** What each stage remembers of this run. */
  slots: unknown[] = NO_SLOTS;
  /** The result on its way outwards. */
  failed = false;
  value: unknown = undefined;
  /** What ended the last wait. */
  woken: unknown = undefined;
  wokenFailed = false;
  /** What user code is still at work on: a slot may have to be held until it has settled. */
  pending: Promise<unknown> | undefined = undefined;
  gate: Promise<unknown> | undefined = undefined;
  /** For the opening of a stream: what is to be let go when the stream ends. */
  holds: ((end: StreamEnd) => void)[] | undefined = undefined;
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
    scope: Scope | undefined,
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
  }

  /** Arguments of a wrapped function; none otherwise. */
  get args(): readonly unknown[] {
    return this.#args ?? [];
  }

  get outermost(): boolean {
    return this.#fn !== undefined;
  }

  /** Whether anybody in the process wants to know how policies end. */
  readonly heard = outcomesAreHeard();

  get gated(): boolean {
    return this.program.limits.length > 0 || this.scope?.canAbort === true;
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
    const { limits } = this.program;
    for (let each = 0; each < limits.length; each++) {
      const place = limits[each]!;
      const limit = place < at ? this.slots[place] : undefined;
      if (limit !== undefined) return limit as Scope;
    }
    this.scope ??= Scope.from(undefined);
    return this.scope;
  }

  get signal(): AbortSignal {
    return this.scopeAt(0).signal;
  }

  /** Remembers something of this run for the stage at this place. */
  keep(at: number, what: unknown): void {
    if (this.slots === NO_SLOTS) {
      if (what === undefined) return;
      this.slots = new Array(this.program.stages.length);
    }
    this.slots[at] = what;
  }

  /** Whether a time limit further in stands between this place and the call. */
  scopeInside(at: number): boolean {
    return this.scopeAt(this.program.stages.length) !== this.scopeAt(at + 1);
  }

  attemptAt(at: number): number | undefined {
    const { counters, stages } = this.program;
    for (let each = 0; each < counters.length; each++) {
      const place = counters[each]!;
      if (place < at) return stages[place]!.rule.attemptOf?.(this, place);
    }
    return this.#attempt;
  }

  /** Makes the call itself. */
  call(): unknown {
    const { inner, stages } = this.program;
    const fn = this.#fn;
    const attempt = this.attemptAt(stages.length);
    if (fn !== undefined && inner === undefined) {
      const args = this.#args;
      if (args !== undefined) return Reflect.apply(fn, this.#self, args);
      if (fn.length === 0) {
        const source = this.program.limits.length > 0 ? this.scopeAt(stages.length) : this;
        return fn(new LightContext(source, attempt ?? 1));
      }
    }
    const scope = this.scopeAt(stages.length);
    if (fn === undefined)
      return inner === undefined ? this.#task!(scope, attempt) : inner(this.#task!, scope, attempt);
    const args = this.#args;
    if (inner !== undefined && args !== undefined) {
      const self = this.#self;
      return inner(() => Reflect.apply(fn, self, args), scope, attempt);
    }
    if (inner !== undefined) return inner((s, a) => fn(contextOf(s, a)), scope, attempt);
    return fn(contextOf(scope, attempt));
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
    if (parkedAt > at) this.program.stages[parkedAt]!.rule.unpark?.(this, parkedAt);
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
    const error = at < 0 ? this.#reason : stages[at]!.rule.expired?.(this, at);
    for (let inside = deepest; inside > at; inside--) {
      stages[inside]!.rule.drop?.(this, inside, error);
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
    this.#stopListening = this.scope?.onAbort((reason) => {
      const { stages } = this.program;
      for (let at = 0; at < stages.length; at++) stages[at]!.rule.aborted?.(this, at, reason);
      this.strike(-1, reason);
    });
  }

  unlisten(): void {
    this.#stopListening?.();
  }

  /** The call is over, one way or the other: the place where the way outwards begins. */
  called(): number {
    const innermost = this.program.stages.length - 1;
    if ((this.failed || this.value === STRUCK) && this.#struck !== NOBODY) return this.strikeOut(innermost);
    this.waited();
    return innermost;
  }

  /** The stage at this place threw on the way in. */
  refused(at: number, error: unknown): number {
    this.failed = true;
    this.value = error;
    this.program.stages[at]!.record(this, at);
    return at - 1;
  }
}

/** Takes a run through its program. Most runs pass without a detour; `detour` takes over from wherever one does not. */
export const drive = async (run: Run): Promise<unknown> => {
  const { stages } = run.program;
  const { length } = stages;
  const { scope } = run;
  let at = 0;
  if (scope?.canAbort === true) {
    if (scope.aborted) {
      // Nothing is called.
      stages[0]?.skip(run, 0, scope.reason);
      throw scope.reason;
    }
    run.listen();
    return detour(run, 0, INWARDS);
  }
  try {
    for (; at < length; at++) {
      const stage = stages[at]!;
      if (stage.enter(run, at) !== GO) return detour(run, at, ENTERED);
    }
  } catch (error) {
    return detour(run, run.refused(at, error), OUTWARDS);
  }
  let value: unknown;
  try {
    value = run.call();
    if ((typeof value === 'object' && value !== null) || typeof value === 'function')
      value = await (run.program.limits.length > 0 ? run.race(value) : value);
  } catch (error) {
    run.failed = true;
    value = error;
  }
  run.value = value;
  if (run.failed || value === STRUCK) return detour(run, run.called(), OUTWARDS);
  run.waited();
  while (--at >= 0) {
    const stage = stages[at]!;
    const step = stage.leave(run, at);
    if (step !== GO) return detour(run, at, step === WAIT ? LEFT_WAITING : LEFT_AGAIN);
    stage.record(run, at);
    run.passed(at);
  }
  return run.value;
};

/** What `quick` answers when the policy does not make the call. */
export class Refusal {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** What `quick` answers when the call has to wait first. */
export class Waiting {
  readonly gate = new Promise<unknown>(capture);
  readonly wake = resolveMade;
  /** After the wait: what `quick` would have answered. */
  readonly answer: () => unknown;

  constructor(answer: () => unknown) {
    this.answer = answer;
  }
}

/** A call under one policy, which entered by `quick`. A run is made only for a call that does not succeed plainly. */
export const quickly = async (
  program: Program,
  kept: unknown,
  fn: Fn,
  self?: unknown,
  args?: readonly unknown[],
): Promise<unknown> => {
  const stage = program.stages[0]!;
  const { recorder } = stage;
  const start = recorder.samples() ? stage.clock() : undefined;
  let failed = false;
  let value: unknown;
  if (kept instanceof Waiting) {
    await kept.gate;
    kept = kept.answer();
  }
  if (kept instanceof Refusal) {
    recorder.rejections++;
    // A promise that rejects before anybody has seen it is tracked as unhandled, which costs more than the rejection.
    await undefined;
    throw kept.error;
  }
  try {
    if (args !== undefined) value = await Reflect.apply(fn, self, args);
    else if (fn.length === 0) value = await fn(new LightContext(undefined, 1));
    else {
      const attempt = stage.rule.attemptOf === undefined ? undefined : 1;
      value = await fn(contextOf(Scope.from(undefined), attempt));
    }
  } catch (error) {
    failed = true;
    value = error;
  }
  if (!failed && stage.rule.quickLeave?.(kept) === true) {
    recorder.successes++;
    if (start !== undefined) recorder.measure(stage.clock() - start);
    return value;
  }
  const run = new Run(program, fn, undefined, undefined, undefined, self, args);
  if (kept !== true) run.keep(0, kept);
  if (start !== undefined) run.startAt(0, start);
  run.failed = failed;
  run.value = value;
  return detour(run, 0, OUTWARDS);
};

const INWARDS = 0;
const ENTERED = 1;
const OUTWARDS = 2;
const LEFT_WAITING = 3;
const LEFT_AGAIN = 4;

const detour = async (run: Run, from: number, phase: number): Promise<unknown> => {
  const { stages } = run.program;
  const { length } = stages;
  let at = from;
  let inwards = phase === INWARDS || phase === ENTERED;
  // What the stage at this place has answered already.
  let answered: Step = phase === ENTERED || phase === LEFT_WAITING ? WAIT : phase === LEFT_AGAIN ? AGAIN : GO;
  for (;;) {
    if (inwards && at < length) {
      const stage = stages[at]!;
      try {
        if (answered === GO) {
          answered = stage.enter(run, at);
        }
        if (answered === WAIT) {
          run.woken = await run.gate;
          // A run that was given what it waited for and is cut off has to give it back: `drop` knows.
          if (!run.struckOutside(at)) {
            run.waited();
            stage.rule.resume?.(run, at);
          }
        }
        if (run.struckOutside(at)) {
          at = run.strikeOut(at);
          inwards = false;
        } else at++;
      } catch (error) {
        at = run.refused(at, error);
        inwards = false;
      }
      answered = GO;
    } else if (inwards) {
      inwards = false;
      try {
        const answer = run.call();
        const waits = (typeof answer === 'object' && answer !== null) || typeof answer === 'function';
        run.failed = false;
        run.value = !waits ? answer : run.gated ? await run.race(answer) : await answer;
        // Cut off before the answer was there.
        if (!waits && run.struckOutside(length)) run.value = STRUCK;
      } catch (error) {
        run.failed = true;
        run.value = error;
      }
      at = run.called();
    } else {
      if (at < 0) break;
      const stage = stages[at]!;
      try {
        if (answered === GO) answered = stage.leave(run, at);
        if (answered === WAIT && !run.struckOutside(at)) {
          try {
            run.woken = await run.gate;
            run.wokenFailed = false;
          } catch (error) {
            run.woken = error;
            run.wokenFailed = true;
          }
          if (!run.struckOutside(at)) {
            run.waited();
            answered = stage.rule.resume?.(run, at) ?? GO;
          }
        }
      } catch (error) {
        run.failed = true;
        run.value = error;
        answered = GO;
      }
      if (answered !== GO && run.struckOutside(at)) at = run.strikeOut(at);
      else if (answered === AGAIN) {
        at++;
        inwards = true;
      } else {
        stage.record(run, at);
        run.passed(at);
        at--;
      }
      answered = GO;
    }
  }
  run.unlisten();
  if (run.failed) throw run.value;
  return run.value;
};
