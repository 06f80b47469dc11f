import { AsyncLocalStorage } from 'node:async_hooks';
import { deadlineRest, withoutDeadline } from './deadline-context.ts';
import { struck } from './deadline-error.ts';
import type { Task } from './program.ts';
import { Scope } from './scope.ts';
import { after, type Timers } from './timers.ts';

const FREE = Scope.from(undefined);

// The innermost call that the work of this moment belongs to.
const around = new AsyncLocalStorage<Flight>();

/**
 * One call that several callers wait for. It has a cancellation of its own: it is aborted when the last of them has left.
 * It runs in the AsyncLocalStorage of the one who began it, but under nobody's deadline.
 */
export class Flight {
  waiting = 0;
  readonly #policy: string;
  readonly #timers: Timers;
  readonly #scope = Scope.within(FREE);
  readonly #ended: () => void;
  readonly #result: Promise<unknown>;
  #outer = around.getStore();
  #over = false;

  /** @param ended Called once, when the call has settled or everybody has left, before any of them goes on. */
  constructor(policy: string, timers: Timers, task: Task, attempt: number | undefined, ended: () => void) {
    this.#policy = policy;
    this.#timers = timers;
    this.#ended = ended;
    this.#result = new Promise((settle) =>
      settle(around.run(this, () => withoutDeadline(() => task(this.#scope, attempt)))),
    );
    const end = (): void => this.#end();
    this.#result.then(end, end);
  }

  /** Whether the work of this moment is part of this call: it would wait for itself. */
  get entered(): boolean {
    let flight = around.getStore();
    while (flight !== undefined && flight !== this) flight = flight.#outer;
    return flight === this;
  }

  /** Waits for the result; an abort or the caller's own deadline ends the wait of this one alone. */
  join(scope: Scope): Promise<unknown> {
    this.waiting++;
    return new Promise((resolve, reject) => {
      const restMs = deadlineRest() ?? Number.POSITIVE_INFINITY;
      let left = false;
      const leave = (): void => {
        if (left) return;
        left = true;
        this.waiting--;
        stopTimer();
        stopListening();
      };
      const quit = (reason: unknown): void => {
        leave();
        if (this.waiting === 0 && !this.#over) {
          this.#end();
          this.#scope.abort(reason);
        }
        reject(reason);
      };
      const stopListening = scope.onAbort(quit);
      const stopTimer = after(this.#timers, restMs, () => quit(struck(this.#policy, restMs, 1)));
      this.#result.then(
        (value) => {
          leave();
          resolve(value);
        },
        (error: unknown) => {
          leave();
          reject(error);
        },
      );
    });
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    // What goes on after the end must not keep all that was around it.
    this.#outer = undefined;
    this.#ended();
  }
}
