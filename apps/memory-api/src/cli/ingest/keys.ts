import { createHash } from 'node:crypto';

const digest = (parts: readonly unknown[]): Buffer =>
  createHash('sha256').update(JSON.stringify(parts)).digest();

/** Counts how often a hash was seen: 12 bytes a slot instead of a Map's hundred, and no limit of 2^24 entries. */
class Occurrences {
  #hashes = new Float64Array(1024);
  #counts = new Uint32Array(1024);
  #used = 0;

  /** 1 for the first time. `hash` is a whole number from 1 to 2^48. */
  next(hash: number): number {
    if (this.#used * 4 > this.#hashes.length * 3) this.#grow();
    const slot = this.#slotOf(hash);
    if (this.#counts[slot] === 0) {
      this.#hashes[slot] = hash;
      this.#used++;
    }
    return ++this.#counts[slot]!;
  }

  #slotOf(hash: number): number {
    const mask = this.#hashes.length - 1;
    let slot = (hash % 0x1_0000_0000) & mask;
    while (this.#counts[slot] !== 0 && this.#hashes[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const counts = this.#counts;
    this.#hashes = new Float64Array(hashes.length * 2);
    this.#counts = new Uint32Array(hashes.length * 2);
    for (const [at, count] of counts.entries()) {
      if (count === 0) continue;
      const slot = this.#slotOf(hashes[at]!);
      this.#hashes[slot] = hashes[at]!;
      this.#counts[slot] = count;
    }
  }
}

export interface Keyed {
  userId: string;
  app: string;
  text: string;
  metadata: Record<string, unknown>;
  id?: string | undefined;
}

/**
 * Gives each memory of one file the `Idempotency-Key` that it has in every run over that file, so nothing needs to be
 * remembered between runs. With an id the key is made of that; else of text and metadata and how often the
 * file has held the same before: a line that stands there twice is two memories, also in the next run.
 * Call it in the order of the file.
 */
export const keyMaker = (): ((memory: Keyed) => string) => {
  const seen = new Occurrences();
  return ({ userId, app, text, metadata, id }) => {
    if (id !== undefined) return `ingest-${digest(['id', userId, app, id]).toString('base64url')}`;
    const content = digest(['content', userId, app, text, metadata]);
    // Two contents with the same 48 bits only count each other; their keys still differ.
    const nth = seen.next(content.readUIntBE(0, 6) + 1);
    return `ingest-${digest([content.toString('base64url'), nth]).toString('base64url')}`;
  };
};
