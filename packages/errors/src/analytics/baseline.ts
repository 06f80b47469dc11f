/** What is usual for a group: middle and spread of its counts a bucket. Both are finite whatever the counts. */
export interface Baseline {
  median: number;
  /** Median absolute deviation, scaled to a standard deviation; never below the noise of counting, nor below 1. */
  deviation: number;
}

/** Median of `values` and `times` times `one` more, which are counted, not visited. */
const medianOf = (values: readonly number[], one: number, times: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const size = sorted.length + times;
  if (size === 0) return 0;
  const below = sorted.filter((value) => value < one).length;
  const at = (index: number): number =>
    index < below ? sorted[index]! : index < below + times ? one : sorted[index - times]!;
  return (at((size - 1) >> 1) + at(size >> 1)) / 2;
};

/**
 * @param counts Of the buckets that are not empty.
 * @param size All buckets, empty ones included; they are counted, not visited.
 */
export const baselineOf = (counts: readonly number[], size: number): Baseline => {
  const zeros = Math.max(0, size - counts.length);
  const median = medianOf(counts, 0, zeros);
  const deviations = counts.map((count) => Math.abs(count - median));
  // An empty bucket deviates by the median itself.
  const mad = medianOf(deviations, median, zeros);
  return { median, deviation: Math.max(1.4826 * mad, Math.sqrt(median), 1) };
};
