import { AsyncLocalStorage } from 'node:async_hooks';
import { after, type Clock, LONGEST, systemClock, systemTimers, type Timers } from './timers.ts';

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

const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
// A timer shared by many calls must not hold on to the AsyncLocalStorage of the one that happened to start it.
const outsideOfCalls = AsyncLocalStorage.snapshot();

/** So many calls within one tick make a list busy. */
const BUSY = 64;
/** The due time of a call that came after the last tick of a busy list. */
const NOT_YET = -1;

/**
 * Many equal time limits on one timer of the platform: who comes later is due later, so the list is in order by itself.
 * The timer keeps the process alive while something is in the list.
 *
 * Reading the clock is what a limit would cost most. So a busy list does not: its timer ticks (32 times in `ms`, or every
 * 50 ms), and calls get their due time at the tick after they came. Limits are never early, and late by a tick at most.
 */
export class TimerList {
  readonly #ms: number;
  readonly #tickMs: number;
  readonly #timers: Timers;
  #first: Timed | undefined;
  #last: Timed | undefined;
  /** The first of those without a due time; they are the last in the list. */
  #fresh: Timed | undefined;
  #handle: NodeJS.Timeout | undefined;
  #busy = false;
  /** The timer does not keep the process alive just now. */
  #unseen = false;
  #added = 0;
  #since = 0;

  constructor(ms: number, timers: Timers) {
    this.#ms = ms;
    this.#tickMs = Math.min(50, Math.max(1, ms / 32));
    this.#timers = timers;
  }

  add(entry: Timed, time: { time(clock: Clock): number }): void {
    // Timers that were handed in, or a test runner's: each limit sets its own, where it can be seen.
    if (this.#timers !== systemTimers || globalThis.setTimeout !== realSetTimeout) {
      entry.stop = after(this.#timers, this.#ms, () => {
        entry.stop = undefined;
        entry.expire();
      });
      return;
    }
    const before = this.#last;
    entry.previous = before;
    this.#last = entry;
    if (before === undefined) this.#first = entry;
    else before.next = entry;
    this.#added++;
    if (this.#busy) {
      entry.dueAt = NOT_YET;
      if (this.#fresh === undefined) this.#fresh = entry;
      if (this.#unseen) this.#show();
      return;
    }
    const now = time.time(systemClock);
    entry.dueAt = now + this.#ms;
    if (this.#added < BUSY) {
      if (this.#handle === undefined) this.#arm(this.#ms);
      else if (this.#unseen) this.#show();
      return;
    }
    this.#busy = now - this.#since < this.#tickMs;
    this.#added = 0;
    this.#since = now;
    if (this.#busy || this.#handle === undefined) this.#arm(this.#busy ? this.#tickMs : this.#ms);
    else if (this.#unseen) this.#show();
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
    if (this.#fresh === entry) this.#fresh = next;
    entry.previous = entry.next = undefined;
    // Left to run, unseen: the next call would only have to set it again. A busy list sees to it at its tick.
    if (this.#first === undefined && !this.#busy) this.#hide();
  }

  #show(): void {
    this.#unseen = false;
    this.#handle?.ref();
  }

  #hide(): void {
    this.#unseen = true;
    this.#handle?.unref();
  }

  #arm(ms: number): void {
    if (this.#handle !== undefined) realClearTimeout(this.#handle);
    this.#unseen = false;
    outsideOfCalls(() => {
      this.#handle = realSetTimeout(this.#tick, Math.min(LONGEST, Math.max(1, Math.ceil(ms))));
    });
  }

  readonly #tick = (): void => {
    this.#handle = undefined;
    const now = systemClock();
    for (let entry = this.#fresh; entry !== undefined; entry = entry.next) entry.dueAt = now + this.#ms;
    this.#fresh = undefined;
    if (this.#busy) {
      this.#busy = this.#added >= BUSY;
      this.#added = 0;
      this.#since = now;
    }
    for (let entry = this.#first; entry !== undefined && entry.dueAt <= now; entry = this.#first) {
      this.remove(entry);
      entry.expire();
    }
    if (this.#busy) {
      this.#arm(this.#tickMs);
      if (this.#first === undefined) this.#hide();
    } else if (this.#first !== undefined) this.#arm(this.#first.dueAt - now);
  };
}
