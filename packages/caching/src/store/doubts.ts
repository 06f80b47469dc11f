interface Doubt {
  stamp: number;
  lasting: boolean;
}

const maxDoubts = 10_000;

/**
 * Keys of which a store may hold something outdated: a set or delete has not, or not surely, reached it, or another
 * process told of a change. What it holds from before that stamp is not to be believed. A lasting doubt follows a
 * failure, since a timed-out write may still land later.
 */
export class Doubts {
  readonly #byKey = new Map<string, Doubt>();
  /** For the keys that have no doubt of their own. */
  #allBefore = 0;

  doubted(key: string, stamp: number): boolean {
    return stamp < (this.#byKey.get(key)?.stamp ?? this.#allBefore);
  }

  raise(key: string, stamp: number): void {
    const earlier = this.#byKey.get(key);
    this.#byKey.delete(key);
    this.#keep(key, {
      stamp: Math.max(stamp, earlier?.stamp ?? this.#allBefore),
      lasting: earlier?.lasting ?? false,
    });
  }

  raiseAll(stamp: number): void {
    this.#byKey.clear();
    this.#allBefore = Math.max(stamp, this.#allBefore);
  }

  settle(key: string, stamp: number, reached: boolean, mistrust: boolean): void {
    const doubt = this.#byKey.get(key);
    if (doubt === undefined) return;
    if (!reached && mistrust) doubt.lasting = true;
    else if (reached && !doubt.lasting && doubt.stamp <= stamp) this.#byKey.delete(key);
  }

  /**
   * To be called before a record that a farther store has confirmed is written here, and its answer once it is: the
   * record is believed from then on, unless a new doubt was raised in between.
   */
  confirming(key: string, stamp: number): () => void {
    const before = this.#byKey.get(key);
    const allBefore = this.#allBefore;
    return () => {
      if (this.#byKey.get(key) !== before || this.#allBefore !== allBefore) return;
      if (before?.lasting !== true && this.doubted(key, stamp)) this.#keep(key, { stamp, lasting: false });
    };
  }

  #keep(key: string, doubt: Doubt): void {
    this.#byKey.set(key, doubt);
    if (this.#byKey.size <= maxDoubts) return;
    const all = Math.max(...[...this.#byKey.values()].map(({ stamp }) => stamp));
    this.raiseAll(all);
  }
}
