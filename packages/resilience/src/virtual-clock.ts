// Not the global one, which a test runner may fake or lack.
import { setImmediate } from 'node:timers';
import { type Clock, LONGEST, type Timers } from './timers.ts';
import { duration, integer, onlyKnown } from './validate.ts';

interface Entry {
  at: number;
  callback: () => void;
  ref(): Entry;
  unref(): Entry;
}

/** Lets all promise callbacks that are due run, and those that they make due. Not what waits for real input or output. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Time that passes only when told to. Hand `...clock.time` to a policy; it takes the clock and the timers. */
export class VirtualClock {
  /** Milliseconds since the clock was made. May be set, to pass time without any timer firing. */
  now = 0;
  readonly #entries = new Set<Entry>();
  #advancing = false;

  readonly clock: Clock = () => this.now;

  readonly timers: Timers = {
    setTimeout: (callback, ms) => {
      // NaN is 0 as well.
      const delay = ms > LONGEST ? 1 : Math.max(0, ms || 0);
      const entry: Entry = { at: this.now + delay, callback, ref: () => entry, unref: () => entry };
      this.#entries.add(entry);
      return entry;
    },
    clearTimeout: (handle) => {
      this.#entries.delete(handle as Entry);
    },
  };

  /** What policies take their time from. */
  get time(): { clock: Clock; timers: Timers } {
    return { clock: this.clock, timers: this.timers };
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#entries.size;
  }

  /**
   * Passes `ms`, firing timers in the order of their time, then of their setting, and lets promises settle before, between and after.
   * @throws RangeError for a time that is not a finite number >= 0; Error while another advance is under way; what a timer's callback throws.
   */
  async advance(ms: number): Promise<void> {
    const end = this.now + duration('ms', ms, { zero: true, infinite: false });
    await this.#alone(async () => {
      await settle();
      for (let next = this.#next(end); next !== undefined; next = this.#next(end)) await this.#fire(next);
      this.now = Math.max(this.now, end);
      await settle();
    });
  }

  /**
   * Passes time until no timer is set.
   * @param options.maxTimers So many may fire; default 10_000.
   * @throws Error when more would: something sets a timer for ever.
   */
  async runAll(options: { maxTimers?: number } = {}): Promise<void> {
    onlyKnown('runAll', options, ['maxTimers']);
    const maxTimers = integer('maxTimers', options.maxTimers ?? 10_000, 1);
    await this.#alone(async () => {
      await settle();
      let fired = 0;
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        if (++fired > maxTimers)
          throw new Error(`more than ${maxTimers} timers fired and ${this.pending} are set`);
        await this.#fire(next);
      }
    });
  }

  #next(end = Number.POSITIVE_INFINITY): Entry | undefined {
    let next: Entry | undefined;
    // In the order of setting, so of two at the same time the one set first stays.
    for (const entry of this.#entries) {
      if (entry.at <= end && (next === undefined || entry.at < next.at)) next = entry;
    }
    return next;
  }

  async #fire(entry: Entry): Promise<void> {
    this.#entries.delete(entry);
    this.now = Math.max(this.now, entry.at);
    entry.callback();
    await settle();
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    if (this.#advancing) throw new Error('the clock is advancing already; await that first');
    this.#advancing = true;
    try {
      await work();
    } finally {
      this.#advancing = false;
    }
  }
}
