import { contextOf, type PolicyContext } from './context.ts';
import { deadlineRest } from './deadline-context.ts';
import { outcomesAreHeard } from './events.ts';
import { capture, INNERMOST, rejectMade, resolveMade, type Settle, STRUCK } from './gate.ts';
import type { Holds } from './holds.ts';
import type { Origin, Program, Task } from './program.ts';
import { type CancellationSource, Scope } from './scope.ts';
import { type Clock, systemClock } from './timers.ts';

/** What a stage answers: go on, go in once more, or wait until the run is woken. */
export const GO = 0;
export const AGAIN = 1;
export const WAIT = 2;
export type Step = typeof GO | typeof AGAIN | typeof WAIT;

export type Fn = (context: PolicyContext) => unknown;

const UNTIMED: readonly undefined[] = [];
const { then } = Promise.prototype;
const NO_SLOTS: never[] = [];

/**
 * One call on its way through the stages of a program: inwards from the first to the last, the call, and outwards again.
 * Whatever ends a wait (the call, a timer, a place in a queue, an abort) settles the one gate that the run stands at, so
 * everything that a user's code gets to see happens in the async context of its own caller.
 */
export class Run {
  readonly program: Program;
  /** Undefined until somebody looks, where nothing can abort the run. */
  given: Scope | undefined;
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
  /** Where the call comes from, when a stream or a layer further out runs this program. */
  handed: Origin | undefined = undefined;
  readonly #fn: Fn | undefined;
  readonly #task: Task | undefined;
  readonly #attempt: number | undefined;
  /** Of a wrapped function. */
  readonly #self: unknown;
  readonly #args: readonly unknown[] | undefined;
  #starts: (number | undefined)[] | readonly undefined[] = UNTIMED;
  #reason: unknown = undefined;
  /** The innermost place whose stage has seen a call since it entered last; -1 when there was none. */
  #calledWithin = -1;
  #parkedAt = -1;
  /** The outermost place that the run was cut off at and has not left yet; -1 is the caller. */
  #cutAt = INNERMOST;
  #wake: Settle | undefined = undefined;
  #now = -1;
  #underDeadline = true;
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
    this.given = scope;
    this.#attempt = attempt;
  }

  /** Arguments of a wrapped function, also where the stream that it opens is what runs; none otherwise. */
  get args(): readonly unknown[] {
    return this.handed?.wrapped?.args ?? this.#args ?? [];
  }

  /** For the opening of a stream: what is to be let go when the stream ends. */
  get holds(): Holds | undefined {
    return this.handed?.holds;
  }

  get origin(): Origin | undefined {
    if (this.handed !== undefined || this.#args === undefined) return this.handed;
    return { wrapped: { fn: this.#fn!, self: this.#self, args: this.#args }, holds: undefined };
  }

  get outermost(): boolean {
    return this.#fn !== undefined;
  }

  /** Whether anybody in the process wants to know how policies end. */
  readonly heard = outcomesAreHeard();

  get gated(): boolean {
    return this.program.limits.length > 0 || this.given?.canAbort === true;
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
    return this.#sourceAt(at).scope;
  }

  #sourceAt(at: number): CancellationSource {
    const { limits } = this.program;
    for (let each = 0; each < limits.length; each++) {
      const place = limits[each]!;
      const limit = place < at ? this.slots[place] : undefined;
      if (limit !== undefined) return limit as CancellationSource;
    }
    return this;
  }

  /** The caller's cancellation. */
  get scope(): Scope {
    this.given ??= Scope.from(undefined);
    return this.given;
  }

  get signal(): AbortSignal {
    return this.scope.signal;
  }

  /** Remembers something of this run for the stage at this place. */
  keep(at: number, what: unknown): void {
    if (this.slots === NO_SLOTS) {
      if (what === undefined) return;
      this.slots = new Array(this.program.stages.length);
    }
    this.slots[at] = what;
  }

  /** Whether somebody further out than this place keeps something until the call has truly settled. */
  heldOutside(at: number): boolean {
    if (this.given?.held === true) return true;
    const { stages } = this.program;
    for (let each = 0; each < at; each++) if (stages[each]!.rule.holds === true) return true;
    return false;
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
    if (inner === undefined || this.program.standsIn) this.#calledWithin = INNERMOST;
    if (fn !== undefined && inner === undefined) {
      const args = this.#args;
      if (args !== undefined) return Reflect.apply(fn, this.#self, args);
      const context = contextOf(this.#sourceAt(stages.length), attempt);
      return this.given === undefined ? fn(context) : this.given.calling(fn, context);
    }
    const scope = this.scopeAt(stages.length);
    if (inner === undefined) return this.#task!(scope, attempt);
    return inner(this.#innermost(), scope, attempt, this.origin);
  }

  /** What the layers inside are to call: they may queue a call, refuse it, or make it more than once. */
  #innermost(): Task {
    const fn = this.#fn;
    const task = this.#task;
    const args = this.#args;
    return (scope, attempt) => {
      this.#calledWithin = INNERMOST;
      if (fn === undefined) return task!(scope, attempt);
      if (args !== undefined) return Reflect.apply(fn, this.#self, args);
      const context = contextOf(scope, attempt);
      return this.given === undefined ? fn(context) : this.given.calling(fn, context);
    };
  }

  /** Whether a call was made since the stage at this place entered, or asked for one more. */
  hasCalled(at: number): boolean {
    return at <= this.#calledWithin;
  }

  /** The stage at this place goes in once more: what is inside of it has seen no call yet. */
  again(at: number): void {
    if (at < this.#calledWithin) this.#calledWithin = at;
  }

  /** Reads the clock once for all that is done without a wait in between. */
  time(clock: Clock): number {
    if (clock !== systemClock) return clock();
    if (this.#now < 0) this.#now = systemClock();
    return this.#now;
  }

  /** Milliseconds until the caller's deadline, 0 once it has passed; undefined without one, which is looked up once. */
  deadlineRest(): number | undefined {
    if (!this.#underDeadline) return undefined;
    const restMs = deadlineRest();
    if (restMs === undefined) this.#underDeadline = false;
    return restMs;
  }

  /** A promise for what user code answered, or for the strike that comes first. */
  race(answer: unknown): Promise<unknown> {
    const pending = Promise.resolve(answer);
    this.pending = pending;
    const gate = this.#open(-1);
    then.call(pending, resolveMade, rejectMade);
    if (this.#cutAt !== INNERMOST) this.wake(STRUCK);
    return gate;
  }

  /** Before a stage answers `WAIT`: the run stands still until the answer is called. A late call ends no other wait. */
  park(at: number): () => void {
    this.given?.waiting();
    this.gate = this.#open(at);
    return resolveMade as () => void;
  }

  /** As {@link park}, until `answer` has settled. */
  parkFor(at: number, answer: unknown): void {
    this.gate = this.race(this.given === undefined ? answer : this.given.answering(answer));
    this.#parkedAt = at;
  }

  wake(value?: unknown): void {
    this.#wake?.(value);
  }

  /** The call was made already, before there was a run. */
  hasBeenCalled(): void {
    this.#calledWithin = INNERMOST;
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

  /** Whether the caller has aborted, although the run may not be cut off yet: nothing more is to be begun for it. */
  get abandoned(): boolean {
    return this.given?.abandoned === true;
  }

  /** Stands still until an abandoned run is cut off. */
  awaitAbort(at: number): Step {
    this.park(at);
    return WAIT;
  }

  /** Whether the run was cut off outside of this place. */
  struckOutside(at: number): boolean {
    return this.#cutAt < at;
  }

  /** What was cut off at this place and has been left is over. */
  passed(at: number): void {
    if (this.#cutAt >= at) this.#cutAt = INNERMOST;
  }

  /** Cuts off all that is inside the stage at this place; -1 cuts off the whole. */
  strike(at: number, reason?: unknown): void {
    if (at >= this.#cutAt) return;
    this.#cutAt = at;
    this.#reason = reason;
    const parkedAt = this.#parkedAt;
    if (parkedAt > at) this.program.stages[parkedAt]!.rule.unpark?.(this, parkedAt);
    this.wake(STRUCK);
  }

  /** Lets go of all stages from `deepest` to where the run was cut off, and answers where it goes on outwards. */
  strikeOut(deepest: number): number {
    const { stages } = this.program;
    const at = this.#cutAt;
    const error = at < 0 ? this.#reason : stages[at]!.rule.expired?.(this, at);
    for (let inside = deepest; inside > at; inside--) {
      stages[inside]!.rule.drop?.(this, inside, error);
      stages[inside]!.recordDrop(this, inside, error);
    }
    if (at < 0 && this.pending !== undefined) this.given?.leaveBehind(this.pending);
    this.waited();
    this.#cutAt = INNERMOST;
    this.failed = true;
    this.value = error;
    return at;
  }

  listen(): void {
    this.#stopListening = this.given?.onAbort((reason) => {
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
    if ((this.failed || this.value === STRUCK) && this.#cutAt !== INNERMOST) return this.strikeOut(innermost);
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
