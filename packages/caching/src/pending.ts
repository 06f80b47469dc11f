/**
 * A read or a load under way. A set, delete or clear of its key in the meantime supersedes it: what it brings is
 * older than that, and is not kept.
 */
export interface Pending {
  readonly key: string;
  stamp: number;
  superseded: boolean;
}

/** The reads and loads under way, by key. */
export class PendingReads {
  /**
   * Mostly there is one of a key, and a set for each would be for nothing. What stands under '', which is no key, keeps the
   * Map from getting empty: it shrinks its table whenever its last entry goes.
   */
  readonly #byKey = new Map<string, Pending | Set<Pending> | undefined>([['', undefined]]);

  begin(key: string, stamp: number): Pending {
    const pending: Pending = { key, stamp, superseded: false };
    const others = this.#byKey.get(key);
    if (others instanceof Set) others.add(pending);
    else this.#byKey.set(key, others === undefined ? pending : new Set([others, pending]));
    return pending;
  }

  end(pending: Pending): void {
    const others = this.#byKey.get(pending.key);
    if (others === pending || (others instanceof Set && others.delete(pending) && others.size === 0))
      this.#byKey.delete(pending.key);
  }

  supersede(key: string): void {
    const others = this.#byKey.get(key);
    if (others instanceof Set) for (const pending of others) pending.superseded = true;
    else if (others !== undefined) others.superseded = true;
  }

  supersedeAll(): void {
    for (const key of this.#byKey.keys()) this.supersede(key);
  }
}
