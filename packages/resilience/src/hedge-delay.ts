const SAMPLES = 128;
const ENOUGH = 20;
const REFRESH = 16;

/**
 * A percentile of the last 128 durations, brought up to date every 16 calls: a few comparisons per call, whatever the traffic.
 * A call that was hedged counts with all the time it took, so that hedging does not pull its own delay down.
 */
export class RecentPercentile {
  readonly #percentile: number;
  readonly #ring: number[];
  #seen: number;
  #value: number | undefined;

  constructor(percentile: number, ring: number[] = [], seen = 0) {
    this.#percentile = percentile;
    this.#ring = ring;
    this.#seen = seen;
    if (seen >= ENOUGH) this.#refresh();
  }

  /** Another percentile of the durations known so far; itself for the same. */
  at(percentile: number): RecentPercentile {
    if (percentile === this.#percentile) return this;
    return new RecentPercentile(percentile, [...this.#ring], this.#seen);
  }

  record(durationMs: number): void {
    this.#ring[this.#seen++ % SAMPLES] = durationMs;
    if (this.#seen < ENOUGH || (this.#seen - ENOUGH) % REFRESH !== 0) return;
    this.#refresh();
  }

  #refresh(): void {
    const sorted = Float64Array.from(this.#ring).sort();
    this.#value = sorted[Math.min(sorted.length - 1, Math.ceil(this.#percentile * sorted.length) - 1)];
  }

  /** Undefined until 20 durations are known. */
  get value(): number | undefined {
    return this.#value;
  }
}

/** Decides whether one more call may be made. Plain, so that one budget may be shared, with other policies as well. */
export interface HedgeBudget {
  /** A first call is made. */
  deposit(): void;
  /** One more is wanted; false holds it back. */
  withdraw(): boolean;
}

const RESERVE = 10;

/** Up to ten in a row after a quiet time, and `share` of the calls in the long run. */
export class ShareBudget implements HedgeBudget {
  readonly share: number;
  #tokens = RESERVE;

  constructor(share: number) {
    this.share = share;
  }

  deposit(): void {
    this.#tokens = Math.min(RESERVE, this.#tokens + this.share);
  }

  withdraw(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
