import { StoreError } from '../errors.ts';
import type { StoreKeys } from '../keys.ts';
import type { Invalidations, Stamps } from '../stamps.ts';
import { decodeMark, encodeMark } from './envelope.ts';
import type { Guarded } from './guard.ts';
import type { KeyvStore } from './keyv-store.ts';

interface MarksParts {
  store: KeyvStore;
  keys: StoreKeys;
  stamps: Stamps;
  invalidations: Invalidations;
  wall: () => number;
  /** Runs a call behind the guard, in the order of the writes of that name. */
  ordered: (names: string[], call: () => Promise<void>) => Promise<Guarded<void>>;
  onDamaged: (error: StoreError) => void;
}

/**
 * What a store says of a clear and of tag invalidations. A damaged mark voids everything written before it was first
 * seen, as nobody can tell what it meant, and is written anew.
 */
export class Marks {
  readonly #parts: MarksParts;
  /** When each damaged mark was first seen, by its name. */
  readonly #damaged = new Map<string, number>();

  constructor(parts: MarksParts) {
    this.#parts = parts;
  }

  /** Takes note of what the store holds under the name of the clear mark. */
  noteCleared(raw: unknown): void {
    const { keys, invalidations } = this.#parts;
    const stamp = this.#stampOf(keys.cleared, raw);
    if (stamp !== undefined) invalidations.clear(stamp);
  }

  /** Asks the store for the marks of these tags. To be called behind its guard. */
  async readTags(tags: ReadonlySet<string>): Promise<void> {
    if (tags.size === 0) return;
    const { store, keys, invalidations } = this.#parts;
    const all = [...tags];
    const names = all.map((tag) => keys.tag(tag));
    const raws = await store.getMany(names);
    all.forEach((tag, at) => {
      const stamp = this.#stampOf(names[at]!, raws[at]);
      if (stamp !== undefined) invalidations.tag(tag, stamp);
    });
  }

  #stampOf(name: string, raw: unknown): number | undefined {
    const { stamps, wall } = this.#parts;
    const mark = decodeMark(raw, wall());
    if (mark === 'damaged') return this.#mended(name);
    this.#damaged.delete(name);
    if (mark !== undefined) stamps.observe(mark);
    return mark;
  }

  #mended(name: string): number {
    const seen = this.#damaged.get(name);
    const stamp = seen ?? this.#parts.stamps.next();
    if (seen === undefined) {
      const text = `The store holds a mark under ${JSON.stringify(name)} that cannot be read; what is older than now is void`;
      this.#parts.onDamaged(new StoreError(text, 'CACHE_STORE_CORRUPT'));
    }
    this.#damaged.set(name, stamp);
    void this.#rewrite(name, stamp);
    return stamp;
  }

  // Another process may have written a sound one in the meantime.
  async #rewrite(name: string, stamp: number): Promise<void> {
    const { store, wall, ordered } = this.#parts;
    await ordered([name], async () => {
      const [raw] = await store.getMany([name]);
      if (decodeMark(raw, wall()) === 'damaged')
        await store.setMany([{ key: name, value: encodeMark(stamp), ttlMs: undefined }]);
    });
  }
}
