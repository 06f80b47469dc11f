const maxKeys = 10_000;

/** When records "from the future" were first seen here, by their keys, so that they age although our clock is behind. */
export class FirstSeen {
  readonly #byKey = new Map<string, { stamp: number; at: number }>();

  /** The age in ms of a record that, by the wall clock, has `ageMs`; `now` is of the monotonic clock. Never negative. */
  age(key: string, stamp: number, ageMs: number, now: number): number {
    const seen = this.#byKey.get(key);
    if (ageMs >= 0 && seen === undefined) return ageMs;
    if (seen?.stamp === stamp) return Math.max(ageMs, now - seen.at);
    this.#byKey.delete(key);
    if (ageMs >= 0) return ageMs;
    this.#byKey.set(key, { stamp, at: now });
    if (this.#byKey.size > maxKeys) {
      const [oldest] = this.#byKey.keys();
      this.#byKey.delete(oldest!);
    }
    return 0;
  }
}
