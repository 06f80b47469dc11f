/** Slots by hash. Open addressing in a typed array: a Map would hash the hash once more, outside of compiled code. */
export class SlotTable {
  readonly #hashes: Int32Array;
  readonly #places: Int32Array;
  readonly #mask: number;

  /** `hashes` = the hash of each slot, kept by the owner. */
  constructor(hashes: Int32Array) {
    this.#hashes = hashes;
    this.#places = new Int32Array(2 ** Math.ceil(Math.log2(2 * hashes.length)));
    this.#mask = this.#places.length - 1;
  }

  /** The slot of this hash, -1 for none. */
  get(hash: number): number {
    const places = this.#places;
    for (let at = this.#home(hash); ; at = (at + 1) & this.#mask) {
      const slot = places[at]! - 1;
      if (slot < 0 || this.#hashes[slot] === hash) return slot;
    }
  }

  /** Takes in a slot whose hash is not there yet. */
  add(slot: number): void {
    let at = this.#home(this.#hashes[slot]!);
    while (this.#places[at] !== 0) at = (at + 1) & this.#mask;
    this.#places[at] = slot + 1;
  }

  delete(slot: number): void {
    const places = this.#places;
    const mask = this.#mask;
    let hole = this.#home(this.#hashes[slot]!);
    while (places[hole] !== slot + 1) hole = (hole + 1) & mask;
    // What stands behind moves up, if it may, so that no search ends too early.
    for (let at = (hole + 1) & mask; places[at] !== 0; at = (at + 1) & mask) {
      const home = this.#home(this.#hashes[places[at]! - 1]!);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      places[hole] = places[at]!;
      hole = at;
    }
    places[hole] = 0;
  }

  // The low bits are the same for all that is sampled: up to 16 of them, with as many entries as a Map can hold.
  #home(hash: number): number {
    return (hash >>> 16) & this.#mask;
  }
}
