import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Durations of one operation in milliseconds; percentiles are right to one per cent. */
export interface OperationStats {
  readonly count: number;
  readonly errors: number;
  /** How many reached their threshold. */
  readonly slow: number;
  /** How many have no record of their own, by `sampleFast`. */
  readonly unlogged: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** One finished measurement. */
export interface Measured {
  readonly durationMs: number;
  readonly failed: boolean;
  readonly slow: boolean;
  readonly logged: boolean;
}

interface Operation {
  readonly histogram: RecordableHistogram;
  errors: number;
  slow: number;
  unlogged: number;
}

const maxOperations = 500;
const others = '(others)';
const hourInMicroseconds = 3_600_000_000;

const milliseconds = (microseconds: number): number => Math.round(microseconds) / 1_000;

/** A histogram for each operation; names past the 500th share one, so that names made of ids cannot fill the memory. */
export class Timings {
  readonly #operations = new Map<string, Operation>();

  record(name: string, { durationMs, failed, slow, logged }: Measured): void {
    const key = this.#operations.has(name) || this.#operations.size < maxOperations ? name : others;
    let operation = this.#operations.get(key);
    if (operation === undefined) {
      operation = {
        histogram: createHistogram({ lowest: 1, highest: hourInMicroseconds, figures: 2 }),
        errors: 0,
        slow: 0,
        unlogged: 0,
      };
      this.#operations.set(key, operation);
    }
    // The histogram takes integers from 1.
    operation.histogram.record(Math.min(hourInMicroseconds, Math.max(1, Math.round(durationMs * 1_000))));
    if (failed) operation.errors++;
    if (slow) operation.slow++;
    if (!logged) operation.unlogged++;
  }

  reset(): void {
    this.#operations.clear();
  }

  stats(): Record<string, OperationStats> {
    const all: Record<string, OperationStats> = Object.create(null);
    for (const [name, { histogram, ...counts }] of this.#operations)
      all[name] = {
        count: histogram.count,
        ...counts,
        minMs: milliseconds(histogram.min),
        maxMs: milliseconds(histogram.max),
        meanMs: milliseconds(histogram.mean),
        p50Ms: milliseconds(histogram.percentile(50)),
        p95Ms: milliseconds(histogram.percentile(95)),
        p99Ms: milliseconds(histogram.percentile(99)),
      };
    return all;
  }
}
