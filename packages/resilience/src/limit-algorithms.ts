/** One finished call, as an algorithm sees it. */
export interface Sample {
  startedAt: number;
  endedAt: number;
  /** Calls that ran when it began, itself included. */
  running: number;
  /** It ended in a sign of overload. */
  dropped: boolean;
}

export type LimitReason = 'growth' | 'slow' | 'drop' | 'gradient';

/** Finds out how many calls a dependency can take at once. */
export interface LimitAlgorithm {
  /** Fractions are kept; so many as the whole part may run. */
  readonly limit: number;
  /** Answers what moved the limit, if anything did. */
  sample(sample: Sample): LimitReason | undefined;
  /** Goes by other settings from now on; the limit found so far is kept, within the new bounds. */
  change(settings: LimitSettings): void;
}

export interface LimitSettings {
  min: number;
  max: number;
  backoffRatio: number;
  /** Of AIMD alone. */
  latencyThresholdMs: number;
}

const within = (limit: number, { min, max }: LimitSettings): number => Math.max(min, Math.min(max, limit));

/**
 * Additive increase, multiplicative decrease: one more after as many good calls as the limit is, less by a factor after a drop
 * or a slow call. Calls that had begun before a decrease cannot bring about another: a jam is punished once.
 */
export class Aimd implements LimitAlgorithm {
  limit: number;
  #settings: LimitSettings;
  #lastCut = Number.NEGATIVE_INFINITY;

  constructor(initial: number, settings: LimitSettings) {
    this.limit = initial;
    this.#settings = settings;
  }

  change(settings: LimitSettings): void {
    this.#settings = settings;
    this.limit = within(this.limit, settings);
  }

  sample({ startedAt, endedAt, running, dropped }: Sample): LimitReason | undefined {
    const { min, max, backoffRatio, latencyThresholdMs } = this.#settings;
    const slow = endedAt - startedAt > latencyThresholdMs;
    if (dropped || slow) {
      if (startedAt < this.#lastCut) return undefined;
      this.#lastCut = endedAt;
      this.limit = Math.max(min, this.limit * backoffRatio);
      return dropped ? 'drop' : 'slow';
    }
    // A limit that is not made use of says nothing about what lies above it.
    if (running * 2 < this.limit) return undefined;
    this.limit = Math.min(max, this.limit + 1 / this.limit);
    return 'growth';
  }
}

const WINDOW_MS = 1_000;
const WINDOW_SAMPLES = 10;
const LONG = 600;
const SMOOTHING = 0.2;
const TOLERANCE = 1.5;
const HEADROOM = 4;

/**
 * Netflix's Gradient2: compares the latency of the last window (a second and ten calls at least) with the long-term average.
 * Latency up to 1.5 times the average leaves room for four more calls; beyond that the limit shrinks in proportion, by half at most.
 * Changes are smoothed, but for a window with a drop, which shrinks it at once.
 */
export class Gradient2 implements LimitAlgorithm {
  limit: number;
  #settings: LimitSettings;
  #longMs = 0;
  #windows = 0;
  #windowStart: number | undefined;
  #count = 0;
  #sumMs = 0;
  #mostRunning = 0;
  #dropped = false;

  constructor(initial: number, settings: LimitSettings) {
    this.limit = initial;
    this.#settings = settings;
  }

  change(settings: LimitSettings): void {
    this.#settings = settings;
    this.limit = within(this.limit, settings);
  }

  sample({ startedAt, endedAt, running, dropped }: Sample): LimitReason | undefined {
    this.#windowStart ??= startedAt;
    this.#count++;
    this.#sumMs += endedAt - startedAt;
    this.#mostRunning = Math.max(this.#mostRunning, running);
    this.#dropped ||= dropped;
    if (this.#count < WINDOW_SAMPLES || endedAt - this.#windowStart < WINDOW_MS) return undefined;
    const shortMs = this.#sumMs / this.#count;
    const idle = this.#mostRunning * 2 < this.limit;
    const hadDrop = this.#dropped;
    this.#windowStart = endedAt;
    this.#count = this.#sumMs = this.#mostRunning = 0;
    this.#dropped = false;
    this.#learn(shortMs);
    const ratio = shortMs > 0 ? (TOLERANCE * this.#longMs) / shortMs : 1;
    if (hadDrop) {
      const { min, backoffRatio } = this.#settings;
      this.limit = Math.max(min, this.limit * Math.max(0.5, Math.min(backoffRatio, ratio)));
      return 'drop';
    }
    if (idle) return undefined;
    const wanted = this.limit * Math.max(0.5, Math.min(1, ratio)) + HEADROOM;
    const smoothed = this.limit * (1 - SMOOTHING) + wanted * SMOOTHING;
    this.limit = within(smoothed, this.#settings);
    return 'gradient';
  }

  #learn(shortMs: number): void {
    this.#windows++;
    // A plain average of the first ten windows, then an exponential one over the last 600.
    const weight = this.#windows <= 10 ? 1 / this.#windows : 2 / (LONG + 1);
    this.#longMs += (shortMs - this.#longMs) * weight;
    // After a long jam the average would take for ever to come down.
    if (this.#longMs > shortMs * 2) this.#longMs *= 0.95;
  }
}
