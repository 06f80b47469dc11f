import { setImmediate } from 'node:timers';
import { isCancellation } from './errors.ts';

type Listener = (reason: unknown) => void;

/** Where a cancellation comes from; looking at it makes it. */
export interface CancellationSource {
  readonly scope: Scope;
  readonly signal: AbortSignal;
}

/**
 * The cancellation of one call, as the layers of a pipeline hand it inwards.
 * An `AbortSignal` is made only when the called function reads one: it is the dearest part of a call.
 */
export class Scope {
  /** False when nothing can ever abort this scope, so that a layer need not listen. */
  readonly canAbort: boolean;
  readonly #given: AbortSignal | undefined;
  #controller: AbortController | undefined = undefined;
  #aborted = false;
  #reason: unknown = undefined;
  #listeners: Set<Listener> | undefined = undefined;
  #detach: (() => void) | undefined = undefined;
  #parent: Scope | undefined = undefined;
  /** Calls of user code that have not answered yet. */
  #underWay = 0;
  /** The last call has answered: its outcome is on its way outwards. */
  #answered = false;
  /** Whether somebody outside keeps something until the call has truly settled. */
  #held = false;
  #leftBehind: Promise<unknown>[] = [];

  private constructor(given: AbortSignal | undefined, canAbort: boolean) {
    this.#given = given;
    this.canAbort = canAbort;
  }

  /** The scope of a call as its caller made it: aborts when the given signal does, never without one. */
  static from(signal: AbortSignal | undefined): Scope {
    return new Scope(signal, signal !== undefined);
  }

  /** A scope that is aborted by hand alone; what is held further out is held for it too. */
  static own(parent: Scope | undefined): Scope {
    const scope = new Scope(undefined, true);
    scope.#parent = parent;
    return scope;
  }

  /** A scope that aborts with its parent and can be aborted on its own; `close()` it when the call has settled. */
  static within(parent: Scope): Scope {
    const scope = new Scope(undefined, true);
    scope.#parent = parent;
    if (parent.aborted) scope.abort(parent.reason);
    else if (parent.canAbort) scope.#detach = parent.onAbort((reason) => scope.abort(reason));
    return scope;
  }

  get aborted(): boolean {
    return this.#given === undefined ? this.#aborted : this.#given.aborted;
  }

  /** Whether the caller has aborted, although the news may not have come here yet. */
  get abandoned(): boolean {
    return this.aborted || this.#parent?.abandoned === true;
  }

  get reason(): unknown {
    return this.#given === undefined ? this.#reason : this.#given.reason;
  }

  get signal(): AbortSignal {
    if (this.#given !== undefined) return this.#given;
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Calls back once, synchronously, on abort; the answer unsubscribes. The scope must not be aborted yet. */
  onAbort(listener: Listener): () => void {
    if (!this.canAbort) return nothing;
    this.#listeners ??= new Set();
    if (this.#listeners.size === 0) this.#given?.addEventListener('abort', this, { once: true });
    this.#listeners.add(listener);
    return () => {
      if (this.#listeners?.delete(listener) === true && this.#listeners.size === 0) {
        this.#given?.removeEventListener('abort', this);
      }
    };
  }

  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.close();
    this.#fire(reason);
    this.#controller?.abort(reason);
  }

  /** Stops listening to the parent. */
  close(): void {
    this.#detach?.();
    this.#detach = undefined;
  }

  /** Calls user code, and takes note of what it answers: see {@link answering}. */
  calling<A>(fn: (argument: A) => unknown, argument: A): unknown {
    if (this.#given === undefined) return fn(argument);
    try {
      return this.answering(fn(argument));
    } catch (error) {
      this.#answered = this.#underWay === 0 && this.#isOwn(error);
      throw error;
    }
  }

  /**
   * Takes note of what user code answered, and passes it on. An outcome that is there when the caller aborts is not thrown away, be it
   * a result or a failure: the abort waits for a microtask while a call is under way, and until the outcome had the time to get out
   * once it has answered.
   */
  answering(answer: unknown): unknown {
    if (this.#given === undefined) return answer;
    const waits = (typeof answer === 'object' && answer !== null) || typeof answer === 'function';
    this.#answered = !waits;
    if (!waits) return answer;
    this.#underWay++;
    const pending = Promise.resolve(answer);
    pending.then(
      () => {
        this.#underWay--;
        this.#answered = true;
      },
      (error: unknown) => {
        this.#underWay--;
        this.#answered = this.#underWay === 0 && this.#isOwn(error);
      },
    );
    return pending;
  }

  /** What has answered is not the outcome: something is waited for, and an abort ends the wait at once. */
  waiting(): void {
    this.#answered = false;
    this.#parent?.waiting();
  }

  /** Whether a failure is the call's own, and no echo of the abort. */
  #isOwn(error: unknown): boolean {
    return !isCancellation(error) && !(this.aborted && error === this.reason);
  }

  /** The given signal aborts: a scope is its own listener, which spares a function a call. */
  handleEvent(): void {
    const fire = (): void => this.#fire(this.#given?.reason);
    if (this.#answered) setImmediate(fire);
    else if (this.#underWay === 0) fire();
    else Promise.resolve().then(() => (this.#answered ? setImmediate(fire) : fire()));
  }

  get held(): boolean {
    return this.#held || this.#parent?.held === true;
  }

  /** Announces that {@link whenSettled} will be asked. */
  hold(): void {
    this.#held = true;
  }

  /** An abort has cut off a call that still runs. */
  leaveBehind(pending: Promise<unknown>): void {
    this.#leftBehind.push(pending);
    this.#parent?.leaveBehind(pending);
  }

  /** Calls back when nothing that an abort left behind runs any more: at once, most of the time. */
  whenSettled(callback: () => void): void {
    if (this.#leftBehind.length === 0) callback();
    else Promise.allSettled(this.#leftBehind).then(callback);
  }

  #fire(reason: unknown): void {
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener(reason);
  }
}

const nothing = (): void => {};
