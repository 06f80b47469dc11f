import type { Change } from './message.ts';

/** Changes that could not be sent yet. Of a key or tag the last one counts; past the limit they become one: doubt everything. */
export class Outbox {
  readonly #keys = new Map<string, number>();
  readonly #tags = new Map<string, number>();
  readonly #max: number;
  #cleared = 0;
  #all = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#keys.size + this.#tags.size + (this.#cleared > 0 ? 1 : 0) + (this.#all > 0 ? 1 : 0);
  }

  add(change: Change): void {
    if (change.kind === 'keys') for (const key of change.keys) this.#keys.set(key, change.stamp);
    else if (change.kind === 'tags') for (const tag of change.tags) this.#tags.set(tag, change.stamp);
    else if (change.kind === 'clear') this.#cleared = change.stamp;
    else this.#all = change.stamp;
    // A tag or a clear says more than "doubt everything" to those who read a store; keys do not.
    if (this.#keys.size <= this.#max && this.#tags.size <= this.#max) return;
    this.#all = change.stamp;
    this.#keys.clear();
    if (this.#tags.size > this.#max) this.#tags.clear();
  }

  /** Empties it. */
  take(): Change[] {
    const changes: Change[] = [];
    if (this.#cleared > 0) changes.push({ kind: 'clear', stamp: this.#cleared });
    const byStamp = (names: Map<string, number>): [number, string[]][] => {
      const groups = new Map<number, string[]>();
      for (const [name, stamp] of names) groups.set(stamp, [...(groups.get(stamp) ?? []), name]);
      return [...groups];
    };
    for (const [stamp, tags] of byStamp(this.#tags)) changes.push({ kind: 'tags', tags, stamp });
    // What is heard of a key does not depend on the stamp, so all go together.
    if (this.#keys.size > 0)
      changes.push({ kind: 'keys', keys: [...this.#keys.keys()], stamp: Math.max(...this.#keys.values()) });
    if (this.#all > 0) changes.push({ kind: 'all', stamp: this.#all });
    this.#keys.clear();
    this.#tags.clear();
    this.#cleared = 0;
    this.#all = 0;
    return changes;
  }
}
