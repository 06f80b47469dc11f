import type { AsyncResource } from 'node:async_hooks';
import { deadlineRest } from './deadline-context.ts';
import { type Clock, systemClock } from './timers.ts';

type Settle = (value?: unknown) => void;

/** What a gate answers when the run was cut off. */
export const STRUCK = Symbol('struck');
/** Further in than any stage is. */
export const INNERMOST = 1_000_000;
const RESOLVED = Promise.resolve();

/** Settle the promise that {@link capture} made last. */
export let resolveMade: Settle;
export let rejectMade: Settle;
/** One function for all promises: a closure a promise is what a call would pay most for. */
export const capture = (resolve: Settle, reject: Settle): void => {
  resolveMade = resolve;
  rejectMade = reject;
};

/**
 * Where a run stands still, and what it knows of the time while it does not. Whatever ends a wait (the call, a timer, a place in
 * a queue, an abort) settles the one gate that the run stands at.
 */
export class Gate {
  /** What ended the last wait. */
  woken: unknown = undefined;
  wokenFailed = false;
  /** What user code is still at work on: a slot may have to be held until it has settled. */
  pending: Promise<unknown> | undefined = undefined;
  gate: Promise<unknown> | undefined = undefined;
  protected parkedAt = -1;
  /** The outermost place that the run was cut off at and has not left yet; -1 is the caller. */
  protected cutAt = INNERMOST;
  #wake: Settle | undefined = undefined;
  /** Where a run without gates stands while the call is under way. */
  #caller: AsyncResource | undefined = undefined;
  #cutOff: (() => void) | undefined = undefined;
  #now = -1;
  #underDeadline = true;

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
    pending.then(resolveMade, rejectMade);
    if (this.cutAt !== INNERMOST) this.wake(STRUCK);
    return gate;
  }

  /** Before a stage answers `WAIT`: the run stands still until the answer is called. A late call ends no other wait. */
  park(at: number): () => void {
    this.gate = this.#open(at);
    return resolveMade as () => void;
  }

  /** As {@link park}, until `answer` has settled. */
  parkFor(at: number, answer: unknown): void {
    this.gate = this.race(answer);
    this.parkedAt = at;
  }

  wake(value?: unknown): void {
    if (this.#caller === undefined) this.#wake?.(value);
    else {
      const cutOff = this.#cutOff!;
      this.#caller.runInAsyncScope(() => RESOLVED.then(cutOff));
      this.#caller = undefined;
    }
  }

  /** Until the call has answered, a strike makes `cutOff` be called, in the next microtask of this caller's. */
  until(answer: Promise<unknown>, caller: AsyncResource, cutOff: () => void): void {
    this.pending = answer;
    this.#caller = caller;
    this.#cutOff = cutOff;
    if (this.cutAt !== INNERMOST) this.wake();
  }

  /** Ends {@link until}; false when a strike has ended it before. */
  answered(): boolean {
    const first = this.#caller !== undefined;
    this.#caller = undefined;
    return first;
  }

  #open(at: number): Promise<unknown> {
    const gate = new Promise(capture);
    this.#wake = resolveMade;
    this.parkedAt = at;
    return gate;
  }

  /** After each wait. */
  waited(): void {
    this.#wake = undefined;
    this.parkedAt = -1;
    this.pending = undefined;
    this.gate = undefined;
    this.#now = -1;
  }

  /** Whether the run was cut off outside of this place. */
  struckOutside(at: number): boolean {
    return this.cutAt < at;
  }

  /** What was cut off at this place and has been left is over. */
  passed(at: number): void {
    if (this.cutAt >= at) this.cutAt = INNERMOST;
  }
}
