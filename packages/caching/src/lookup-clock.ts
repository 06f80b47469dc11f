/** So many lookups may share one reading. */
const lookupsAReading = 64;

/**
 * The monotonic clock of a cache. Reading it costs more than all the rest of a hit, so lookups may share a reading: for a millisecond,
 * or until the event loop gets to its timers, and for 64 lookups at most. It is never earlier than a write before it. Code that
 * keeps the event loop makes a reading old, so whatever has less than a second left goes by `now`.
 */
export class LookupClock {
  #time = 0;
  #left = 0;
  #waiting = false;

  /** Milliseconds, exact. */
  readonly now = (): number => {
    this.#time = performance.now();
    return this.#time;
  };

  /** Milliseconds; see above how old. */
  readonly recent = (): number => {
    if (this.#left > 0) {
      this.#left--;
      return this.#time;
    }
    this.#left = lookupsAReading - 1;
    if (!this.#waiting) {
      this.#waiting = true;
      setTimeout(this.#forget, 1).unref();
    }
    return this.now();
  };

  readonly #forget = (): void => {
    this.#left = 0;
    this.#waiting = false;
  };
}
