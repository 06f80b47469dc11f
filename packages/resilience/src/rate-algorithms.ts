/** Decides when calls may start. Times are those of one clock that never runs backwards. */
export interface RateAlgorithm {
  /** Milliseconds from `now` until a call may start that has `ahead` others before it; 0 when it may at once. */
  waitMs(now: number, ahead: number): number;
  /** A call starts. Only when `waitMs(now, 0)` is 0. */
  take(now: number): void;
  /** Goes by another rate from now on; what was used up stays used up, as far as it is remembered. */
  change(rate: Rate, now: number): void;
}

/** `limit` calls per `perMs`, and up to `burst` at once. */
export interface Rate {
  limit: number;
  perMs: number;
  burst: number;
}

// Times are sums of fractions of milliseconds: a nanosecond is no time, nor is what a large `now` cannot tell apart.
const positive = (ms: number, now: number): number =>
  ms > Math.max(1e-6, Math.abs(now) * 2 ** -50) ? ms : 0;

/**
 * A bucket that holds `burst` tokens and gains `limit` of them per `perMs`, evenly.
 * It is kept as a start and a count, so that rounding does not add up: the next token's time is one multiplication.
 */
export class TokenBucket implements RateAlgorithm {
  #intervalMs: number;
  #burst: number;
  #start = Number.NEGATIVE_INFINITY;
  #taken = 0;

  constructor({ limit, perMs, burst }: Rate) {
    this.#intervalMs = perMs / limit;
    this.#burst = burst;
  }

  waitMs(now: number, ahead: number): number {
    if (this.#full(now)) return positive((ahead + 1 - this.#burst) * this.#intervalMs, now);
    return positive(this.#start + (this.#taken + ahead + 1 - this.#burst) * this.#intervalMs - now, now);
  }

  take(now: number): void {
    if (this.#full(now)) {
      this.#start = now;
      this.#taken = 0;
    }
    this.#taken++;
  }

  change({ limit, perMs, burst }: Rate, now: number): void {
    const missing = this.#full(now) ? 0 : this.#taken - (now - this.#start) / this.#intervalMs;
    this.#start = now;
    this.#taken = Math.min(missing, burst);
    this.#intervalMs = perMs / limit;
    this.#burst = burst;
  }

  /** All that was taken has come back. */
  #full(now: number): boolean {
    return this.#start + this.#taken * this.#intervalMs <= now;
  }
}

/** At most `limit` starts in any window of `perMs`, whatever its beginning: it remembers the last `limit` starts. */
export class SlidingWindow implements RateAlgorithm {
  #limit: number;
  #perMs: number;
  // A ring; #next is the oldest start once the ring is full.
  #starts: number[] = [];
  #next = 0;

  constructor({ limit, perMs }: Rate) {
    this.#limit = limit;
    this.#perMs = perMs;
  }

  waitMs(now: number, ahead: number): number {
    const free = this.#limit - this.#starts.length;
    if (ahead < free) return 0;
    const place = ahead - free;
    const round = Math.floor(place / this.#limit);
    const at = place % this.#limit;
    // A start that is still to come stands for the one that it will have taken the place of.
    const before =
      at < this.#starts.length ? this.#starts[(this.#next + at) % this.#starts.length] : undefined;
    return positive(Math.max(0, (before ?? now) + this.#perMs - now) + round * this.#perMs, now);
  }

  take(now: number): void {
    if (this.#starts.length < this.#limit) this.#starts.push(now);
    else this.#starts[this.#next] = now;
    this.#next = (this.#next + 1) % this.#limit;
  }

  change({ limit, perMs }: Rate): void {
    const full = this.#starts.length === this.#limit;
    const oldest = full ? this.#next : 0;
    const inOrder = [...this.#starts.slice(oldest), ...this.#starts.slice(0, oldest)];
    this.#starts = inOrder.slice(-limit);
    this.#next = this.#starts.length % limit;
    this.#limit = limit;
    this.#perMs = perMs;
  }
}
