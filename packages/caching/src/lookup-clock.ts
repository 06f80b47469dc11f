/** So many lookups may share one reading. */
const lookupsAReading = 64;

/**
 * The monotonic clock of a cache. Reading it costs more than all the rest of a hit, so lookups share a reading: for a millisecond,
 * and for 64 lookups at most, since a chain of promises keeps timers waiting. A lookup is never earlier than a write before it.
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

  /** Milliseconds, up to one old. */
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
