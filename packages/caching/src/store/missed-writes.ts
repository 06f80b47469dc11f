import type { StoredRecord } from './envelope.ts';

/** A change that a store missed, under the name it has there. Times are of the monotonic clock, in ms. */
export type MissedWrite<V> = {
  readonly name: string;
  readonly stamp: number;
} & (
  | {
      readonly kind: 'set';
      readonly key: string;
      readonly record: StoredRecord<V>;
      readonly usefulUntil: number;
    }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'mark' }
);

/** What a store missed, one change a name: the last one wins. */
export class MissedWrites<V> {
  readonly #byName = new Map<string, MissedWrite<V>>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#byName.size;
  }

  /**
   * Takes a change, unless a later one of its name is there. A loaded value can be loaded again, so it is taken only
   * while half the room is free. The answer: what was lost for want of room.
   */
  add(missed: MissedWrite<V>, loaded: boolean): MissedWrite<V> | undefined {
    const there = this.#byName.get(missed.name);
    if (there !== undefined && there.stamp > missed.stamp) return undefined;
    if (there === undefined && loaded && this.#byName.size >= this.#max / 2) return missed;
    this.#byName.delete(missed.name);
    this.#byName.set(missed.name, missed);
    if (this.#byName.size <= this.#max) return undefined;
    const [oldest] = this.#byName.values();
    this.#byName.delete(oldest!.name);
    return oldest;
  }

  /** A later change of this name has reached the store. */
  settle(name: string, stamp: number): void {
    const there = this.#byName.get(name);
    if (there !== undefined && there.stamp <= stamp) this.#byName.delete(name);
  }

  /** Is this very change still to be sent? */
  has(missed: MissedWrite<V>): boolean {
    return this.#byName.get(missed.name) === missed;
  }

  /** Forgets this very change; false when another has taken its place. */
  remove(missed: MissedWrite<V>): boolean {
    return this.has(missed) && this.#byName.delete(missed.name);
  }

  first(count: number): MissedWrite<V>[] {
    const found: MissedWrite<V>[] = [];
    for (const missed of this.#byName.values()) {
      if (found.length === count) break;
      found.push(missed);
    }
    return found;
  }
}
