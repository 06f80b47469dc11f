import { AsyncLocalStorage } from 'node:async_hooks';
import { after, type Clock, LONGEST, systemClock, systemTimers, type Timers } from './timers.ts';

/** Something with a time limit; it knows its place in the list, so that a call costs no further object. */
export interface Timed {
  place: number;
  /** Set while a timer of its own runs, for timers that are not the platform's. */
  stop: (() => void) | undefined;
  /** Called once, outside of any caller's async context; must not throw. */
  expire(): void;
}

const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
// A timer shared by many calls must not hold on to the AsyncLocalStorage of the one that happened to start it.
const outsideOfCalls = AsyncLocalStorage.snapshot();

/** For whom has no run, which would read the clock once for all that is done at the same time. */
export const NOW = { time: (clock: Clock): number => clock() };

/** So many calls within one tick make a list busy. */
const BUSY = 64;
/** An empty list does not hold on to more than this. */
const MUCH_ROOM = 4_096;

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
  readonly #forOne: boolean;
  /**
   * A ring of the limits in the order of their coming, holes where one has left, and when each is due. An array, for a linked list
   * writes more pointers from old objects to new ones, which is what the garbage collector charges for.
   */
  #entries!: (Timed | undefined)[];
  #dueAt!: number[];
  /** Places count up; where in the ring one is, its low bits say. Those from the first on are taken, or holes. */
  #first = 0;
  #end = 0;
  #size = 0;
  /** From here on nobody has a due time yet. */
  #fresh = 0;
  #handle: NodeJS.Timeout | undefined;
  #busy = false;
  /** The timer does not keep the process alive just now. */
  #unseen = false;
  #added = 0;
  #since = 0;

  /** @param forOne Whether it is of one limit: then its timer does not outlast it. */
  constructor(ms: number, timers: Timers, forOne = false) {
    this.#ms = ms;
    this.#forOne = forOne;
    this.#tickMs = Math.min(50, Math.max(1, ms / 32));
    this.#timers = timers;
    this.#clearRoom();
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
    if (this.#end - this.#first === this.#entries.length) this.#makeRoom();
    const place = this.#end++;
    const at = place & (this.#entries.length - 1);
    this.#entries[at] = entry;
    entry.place = place;
    this.#size++;
    this.#added++;
    if (this.#busy) {
      if (this.#unseen) this.#show();
      return;
    }
    const now = time.time(systemClock);
    this.#dueAt[at] = now + this.#ms;
    this.#fresh = this.#end;
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
    if (entry.stop !== undefined) {
      entry.stop();
      entry.stop = undefined;
      return;
    }
    const at = entry.place & (this.#entries.length - 1);
    if (this.#entries[at] !== entry) return;
    this.#entries[at] = undefined;
    if (--this.#size > 0) return;
    this.#first = this.#end = this.#fresh = 0;
    if (this.#forOne) {
      realClearTimeout(this.#handle);
      this.#handle = undefined;
      return;
    }
    if (this.#entries.length > MUCH_ROOM) this.#clearRoom();
    // Left to run, unseen: the next call would only have to set it again. A busy list sees to it at its tick.
    if (!this.#busy) this.#hide();
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
    const mask = this.#entries.length - 1;
    for (let place = this.#fresh; place < this.#end; place++) this.#dueAt[place & mask] = now + this.#ms;
    this.#fresh = this.#end;
    if (this.#busy) {
      this.#busy = this.#added >= BUSY;
      this.#added = 0;
      this.#since = now;
    }
    for (
      let first = this.#earliest();
      first !== undefined && this.#firstDueAt <= now;
      first = this.#earliest()
    ) {
      this.remove(first);
      first.expire();
    }
    if (this.#busy) {
      this.#arm(this.#tickMs);
      if (this.#size === 0) this.#hide();
    } else if (this.#size > 0) this.#arm(this.#firstDueAt - now);
  };

  get #firstDueAt(): number {
    return this.#dueAt[this.#first & (this.#entries.length - 1)]!;
  }

  /** The first limit in the list; lets go of the holes before it. */
  #earliest(): Timed | undefined {
    if (this.#size === 0) return undefined;
    const mask = this.#entries.length - 1;
    while (this.#entries[this.#first & mask] === undefined) this.#first++;
    return this.#entries[this.#first & mask];
  }

  /** Lets go of the holes: those before the first limit, else all; a ring that is more than half full gets twice the room. */
  #makeRoom(): void {
    if (this.#size > this.#entries.length / 2) this.#grow();
    const mask = this.#entries.length - 1;
    this.#earliest();
    if (this.#end - this.#first < this.#entries.length) return;
    let place = this.#first;
    for (let old = place; old < this.#end; old++) {
      if (old === this.#fresh) this.#fresh = place;
      const entry = this.#entries[old & mask];
      if (entry === undefined) continue;
      this.#entries[old & mask] = undefined;
      this.#entries[place & mask] = entry;
      this.#dueAt[place & mask] = this.#dueAt[old & mask]!;
      entry.place = place++;
    }
    this.#fresh = Math.min(this.#fresh, place);
    this.#end = place;
  }

  #clearRoom(): void {
    // A call under a deadline makes a list of its own, and a `Float64Array` is half a microsecond dearer than an array written out:
    // eight places, a power of two; fractions, for the engine makes an array of another kind for whole numbers.
    this.#entries = [undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined];
    this.#dueAt = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
  }

  /** Only of a ring that is full: each limit has two places then, of which the wrong one is made a hole. */
  #grow(): void {
    const { length } = this.#entries;
    this.#entries = this.#entries.concat(this.#entries);
    this.#dueAt = this.#dueAt.concat(this.#dueAt);
    for (let place = this.#first; place < this.#end; place++)
      this.#entries[(place + length) & (2 * length - 1)] = undefined;
  }
}
