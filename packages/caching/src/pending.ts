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
  readonly #byKey = new Map<string, Set<Pending>>();

  begin(key: string, stamp: number): Pending {
    const pending: Pending = { key, stamp, superseded: false };
    const others = this.#byKey.get(key);
    if (others === undefined) this.#byKey.set(key, new Set([pending]));
    else others.add(pending);
    return pending;
  }

  end(pending: Pending): void {
    const others = this.#byKey.get(pending.key);
    if (others?.delete(pending) && others.size === 0) this.#byKey.delete(pending.key);
  }

  supersede(key: string): void {
    for (const pending of this.#byKey.get(key) ?? []) pending.superseded = true;
  }

  supersedeAll(): void {
    for (const key of this.#byKey.keys()) this.supersede(key);
  }
}
