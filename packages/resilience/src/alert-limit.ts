import { after, type Clock, type Timers } from './timers.ts';

/** So many notices in each interval, over all policies together. */
export interface AlertRateLimit {
  /** Notices of alerts that begin or turn; the end of an alert that was told is always told. Default 20. */
  max: number;
  /** Milliseconds. Default 60_000. */
  perMs: number;
}

/** Counts what it refuses, and calls back at the end of an interval in which it refused something. */
export class AlertLimit {
  readonly #limit: AlertRateLimit;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onEnd: () => void;
  #startedAt = Number.NEGATIVE_INFINITY;
  #taken = 0;
  #suppressed = 0;
  #stopTimer: (() => void) | undefined;

  constructor(limit: AlertRateLimit, time: { clock: Clock; timers: Timers }, onEnd: () => void) {
    this.#limit = limit;
    this.#clock = time.clock;
    this.#timers = time.timers;
    this.#onEnd = onEnd;
  }

  take(): boolean {
    const now = this.#clock();
    if (now - this.#startedAt >= this.#limit.perMs) {
      this.#startedAt = now;
      this.#taken = 0;
    }
    if (this.#taken < this.#limit.max) {
      this.#taken++;
      return true;
    }
    this.#suppressed++;
    this.#stopTimer ??= after(this.#timers, this.#startedAt + this.#limit.perMs - now, () => {
      this.#stopTimer = undefined;
      if (this.#suppressed > 0) this.#onEnd();
    });
    return false;
  }

  get suppressed(): number {
    return this.#suppressed;
  }

  /** How much was refused since it was last asked. */
  tell(): number {
    const count = this.#suppressed;
    this.#suppressed = 0;
    return count;
  }

  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
