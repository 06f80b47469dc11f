const rows = 4;
const seeds = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;
const most = 15;

/**
 * Estimates how often a hash was seen lately (count-min, four rows of saturating counters). Never too low until it
 * ages: after ten times its capacity of additions every counter is halved, so old fame fades.
 */
export class FrequencySketch {
  readonly #counters: Uint8Array;
  readonly #mask: number;
  readonly #shift: number;
  readonly #sample: number;
  #additions = 0;

  constructor(capacity: number) {
    const bits = Math.max(4, Math.ceil(Math.log2(Math.max(2, capacity))));
    const width = 2 ** bits;
    this.#mask = width - 1;
    this.#shift = 32 - bits;
    this.#counters = new Uint8Array(width * rows);
    this.#sample = 10 * Math.max(16, capacity);
  }

  estimate(hash: number): number {
    let least = most;
    for (let row = 0; row < rows; row++) {
      const count = this.#counters[this.#slot(hash, row)]!;
      if (count < least) least = count;
    }
    return least;
  }

  increment(hash: number): void {
    const least = this.estimate(hash);
    if (least === most) return;
    // Only the lowest counters grow (conservative update): fewer strangers share a high count.
    for (let row = 0; row < rows; row++) {
      const slot = this.#slot(hash, row);
      if (this.#counters[slot] === least) this.#counters[slot] = least + 1;
    }
    if (++this.#additions >= this.#sample) this.#age();
  }

  #slot(hash: number, row: number): number {
    return row * (this.#mask + 1) + ((Math.imul(hash, seeds[row]!) >>> this.#shift) & this.#mask);
  }

  #age(): void {
    for (let slot = 0; slot < this.#counters.length; slot++) this.#counters[slot]! >>= 1;
    this.#additions >>= 1;
  }
}
