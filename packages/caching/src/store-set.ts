import type { StoreTier } from './store/store-tier.ts';

/** All stores of a cache, nearest first. */
export class StoreSet<V> {
  readonly all: readonly StoreTier<V>[];
  readonly #writes = new Set<Promise<unknown>>();

  constructor(all: readonly StoreTier<V>[]) {
    this.all = all;
  }

  /** Those that stand before the one the nodes share. */
  get nearer(): readonly StoreTier<V>[] {
    return this.all.slice(0, -1);
  }

  /** The one the nodes share. */
  get shared(): StoreTier<V> | undefined {
    return this.all.at(-1);
  }

  /** Changes every store; `drain` waits for it. */
  each<T>(call: (store: StoreTier<V>, at: number) => Promise<T>): Promise<T[]> {
    return this.track(Promise.all(this.all.map(call)));
  }

  /** Has `drain` wait for this write. */
  track<T>(write: Promise<T>): Promise<T> {
    this.#writes.add(write);
    void write.finally(() => this.#writes.delete(write));
    return write;
  }

  /** Waits for writes under way, which `written` follows, and sends a last time what stores missed; the store timeout bounds each. */
  async drain(written: () => void): Promise<void> {
    while (this.#writes.size > 0) await Promise.all(this.#writes);
    written();
    await Promise.all(this.all.map((store) => store.close()));
  }
}
