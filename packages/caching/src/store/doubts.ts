interface Doubt {
  stamp: number;
  lasting: boolean;
}

const maxDoubts = 10_000;

/**
 * Keys whose set or delete has not, or not surely, reached the store: what it holds from before that stamp is not
 * to be believed. A lasting doubt follows a failure, since a timed-out write may still land later.
 */
export class Doubts {
  readonly #byKey = new Map<string, Doubt>();
  #allBefore = 0;

  doubted(key: string, stamp: number): boolean {
    return stamp < this.#allBefore || stamp < (this.#byKey.get(key)?.stamp ?? 0);
  }

  raise(key: string, stamp: number): void {
    const lasting = this.#byKey.get(key)?.lasting ?? false;
    this.#byKey.delete(key);
    this.#byKey.set(key, { stamp, lasting });
    if (this.#byKey.size <= maxDoubts) return;
    this.#byKey.clear();
    this.#allBefore = stamp;
  }

  settle(key: string, stamp: number, reached: boolean, mistrust: boolean): void {
    const doubt = this.#byKey.get(key);
    if (doubt === undefined) return;
    if (!reached && mistrust) doubt.lasting = true;
    else if (reached && !doubt.lasting && doubt.stamp <= stamp) this.#byKey.delete(key);
  }
}
