/**
 * Counts by bucket, only of buckets that are not empty, so that a gap of any length costs nothing.
 * Bucket numbers are `floor(ms / bucketMs)` and never go back.
 */
export class Series {
  readonly #buckets: number[] = [];
  readonly #counts: number[] = [];

  /** Adds to a bucket, forgets those before `from`. */
  add(bucket: number, from: number): void {
    const last = this.#buckets.length - 1;
    if (this.#buckets[last] === bucket) {
      this.#counts[last]!++;
      return;
    }
    let old = 0;
    while (old <= last && this.#buckets[old]! < from) old++;
    if (old > 0) {
      this.#buckets.splice(0, old);
      this.#counts.splice(0, old);
    }
    this.#buckets.push(bucket);
    this.#counts.push(1);
  }

  /** The sum over buckets `from` to `to`, both included. */
  sum(from: number, to: number): number {
    let sum = 0;
    for (let at = this.#buckets.length - 1; at >= 0 && this.#buckets[at]! >= from; at--)
      if (this.#buckets[at]! <= to) sum += this.#counts[at]!;
    return sum;
  }

  /** The counts of the buckets `from` to `to` that are not empty, oldest first, as `[bucket, count]`. */
  entries(from: number, to: number): [bucket: number, count: number][] {
    return this.#buckets.flatMap((bucket, at): [number, number][] =>
      bucket >= from && bucket <= to ? [[bucket, this.#counts[at]!]] : [],
    );
  }

  /** Takes over the counts of another, from bucket `from` on. */
  merge(other: Series, from: number): void {
    const counts = new Map(this.entries(from, Number.POSITIVE_INFINITY));
    for (const [bucket, count] of other.entries(from, Number.POSITIVE_INFINITY))
      counts.set(bucket, (counts.get(bucket) ?? 0) + count);
    const sorted = [...counts].sort(([a], [b]) => a - b);
    this.#buckets.splice(0, this.#buckets.length, ...sorted.map(([bucket]) => bucket));
    this.#counts.splice(0, this.#counts.length, ...sorted.map(([, count]) => count));
  }
}
