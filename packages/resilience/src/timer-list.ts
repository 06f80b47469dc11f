import { AsyncLocalStorage } from 'node:async_hooks';
import { after, systemClock, systemTimers, type Timers } from './timers.ts';

/** Something with a time limit; it is its own entry in the list, so that a call costs no further object. */
export interface Timed {
  previous: Timed | undefined;
  next: Timed | undefined;
  dueAt: number;
  /** Set while a timer of its own runs, for timers that are not the platform's. */
  stop: (() => void) | undefined;
  /** Called once, outside of any caller's async context; must not throw. */
  expire(): void;
}

const realSetTimeout = globalThis.setTimeout;
// A timer shared by many calls must not hold on to the AsyncLocalStorage of the one that happened to start it.
const outsideOfCalls = AsyncLocalStorage.snapshot();
const LONGEST = 2_147_483_647;

/**
 * Many equal time limits on one timer of the platform: who comes later is due later, so the list is in order by itself.
 * The timer keeps the process alive while something is in the list.
 */
export class TimerList {
  readonly #ms: number;
  readonly #timers: Timers;
  #first: Timed | undefined;
  #last: Timed | undefined;
  #handle: NodeJS.Timeout | undefined;

  constructor(ms: number, timers: Timers) {
    this.#ms = ms;
    this.#timers = timers;
  }

  /** @param now What `systemClock` says. */
  add(entry: Timed, now: number): void {
    // Timers that were handed in, or a test runner's: each limit sets its own, where it can be seen.
    if (this.#timers !== systemTimers || globalThis.setTimeout !== realSetTimeout) {
      entry.stop = after(this.#timers, this.#ms, () => {
        entry.stop = undefined;
        entry.expire();
      });
      return;
    }
    entry.dueAt = now + this.#ms;
    entry.previous = this.#last;
    if (this.#last === undefined) {
      this.#first = entry;
      if (this.#handle === undefined) this.#arm(this.#ms);
      else this.#handle.ref();
    } else this.#last.next = entry;
    this.#last = entry;
  }

  /** Does nothing for an entry that is not in the list. */
  remove(entry: Timed): void {
    const { previous, next } = entry;
    if (entry.stop !== undefined) {
      entry.stop();
      entry.stop = undefined;
      return;
    }
    if (previous === undefined) {
      if (this.#first !== entry) return;
      this.#first = next;
    } else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    entry.previous = entry.next = undefined;
    // Left to run, unseen: the next call would only have to set it again.
    if (this.#first === undefined) this.#handle?.unref();
  }

  #arm(ms: number): void {
    outsideOfCalls(() => {
      this.#handle = realSetTimeout(this.#tick, Math.min(LONGEST, Math.max(1, Math.ceil(ms))));
    });
  }

  readonly #tick = (): void => {
    this.#handle = undefined;
    const now = systemClock();
    for (let entry = this.#first; entry !== undefined && entry.dueAt <= now; entry = this.#first) {
      this.remove(entry);
      entry.expire();
    }
    if (this.#first !== undefined) this.#arm(this.#first.dueAt - now);
  };
}

