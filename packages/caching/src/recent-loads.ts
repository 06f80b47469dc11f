const keptMs = 10_000;
const maxKeys = 10_000;

/** Which loads had their results written to the stores of late, by key. Times are of the monotonic clock, in ms. */
export class RecentLoads {
  readonly #byKey = new Map<string, { stamp: number; until: number }>();

  note(key: string, stamp: number, now: number): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, { stamp, until: now + keptMs });
    for (const [oldest, { until }] of this.#byKey) {
      if (now < until && this.#byKey.size <= maxKeys) break;
      this.#byKey.delete(oldest);
    }
  }

  /** The stamp of a load that began before `stamp`, and is forgotten with this; undefined when there is none. */
  takeBefore(key: string, stamp: number, now: number): number | undefined {
    const load = this.#byKey.get(key);
    if (load === undefined || load.stamp >= stamp) return undefined;
    this.#byKey.delete(key);
    return now < load.until ? load.stamp : undefined;
  }
}
