import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Counts since the policy was made. `calls` = successes + failures + rejections + cancelled + those still running. */
export interface PolicyStats {
  calls: number;
  successes: number;
  /** Calls that ended in an error, time-outs included. */
  failures: number;
  /** Calls that were not made: a breaker, a bulkhead, a rate limit or the deadline was in the way. */
  rejections: number;
  /** Calls that their caller aborted. */
  cancelled: number;
  /** Second and later attempts. */
  retries: number;
  /** Retries that a retry budget did not allow. */
  suppressed: number;
  /** Calls that ran out of time. */
  timeouts: number;
  /**
   * Of successes and failures, in milliseconds; undefined until one was measured. The first 1,024 calls are all measured, later
   * ones one in 64, unless somebody listens to `success` or `failure`: `count` tells how many were.
   */
  latencyMs: { count: number; p50: number; p95: number; p99: number } | undefined;
}

/** The counts of two policies told as one. */
export const addStats = (a: PolicyStats, b: PolicyStats): PolicyStats => ({
  calls: a.calls + b.calls,
  successes: a.successes + b.successes,
  failures: a.failures + b.failures,
  rejections: a.rejections + b.rejections,
  cancelled: a.cancelled + b.cancelled,
  retries: a.retries + b.retries,
  suppressed: a.suppressed + b.suppressed,
  timeouts: a.timeouts + b.timeouts,
  latencyMs: slower(a.latencyMs, b.latencyMs),
});

type Latency = PolicyStats['latencyMs'];

/** Percentiles of two populations cannot be merged; the larger is the safe thing to show. */
const slower = (a: Latency, b: Latency): Latency =>
  a && b
    ? {
        count: a.count + b.count,
        p50: Math.max(a.p50, b.p50),
        p95: Math.max(a.p95, b.p95),
        p99: Math.max(a.p99, b.p99),
      }
    : (a ?? b);

/** The counters behind `stats()`. Recording is O(1); the histogram is made with the first sample. */
export class Recorder {
  calls = 0;
  successes = 0;
  failures = 0;
  rejections = 0;
  cancelled = 0;
  retries = 0;
  suppressed = 0;
  timeouts = 0;
  #asked = 0;
  #latency: RecordableHistogram | undefined;

  /**
   * Asked once by each call: whether it is one of those measured. Reading a clock twice costs more than all the rest of a counter.
   * Not by `calls`, which stands still while a whole queue begins.
   */
  samples(): boolean {
    this.#asked++;
    return this.#asked <= 1_024 || (this.#asked & 63) === 0;
  }

  get running(): number {
    return this.calls - this.successes - this.failures - this.rejections - this.cancelled;
  }

  /** Microseconds up to an hour, to two figures. */
  measure(durationMs: number): void {
    this.#latency ??= createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 2 });
    this.#latency.record(Math.min(3_600_000_000, Math.max(1, Math.round(durationMs * 1000))));
  }

  stats(): PolicyStats {
    const latency = this.#latency;
    return {
      calls: this.calls,
      successes: this.successes,
      failures: this.failures,
      rejections: this.rejections,
      cancelled: this.cancelled,
      retries: this.retries,
      suppressed: this.suppressed,
      timeouts: this.timeouts,
      latencyMs: latency && {
        count: latency.count,
        p50: latency.percentile(50) / 1000,
        p95: latency.percentile(95) / 1000,
        p99: latency.percentile(99) / 1000,
      },
    };
  }
}
