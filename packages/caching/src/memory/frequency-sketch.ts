const rows = 4;
const [first, second, third, fourth] = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;
const most = 15;

/**
 * Estimates how often a hash was seen lately (count-min, four rows of saturating counters). Never too low until it
 * ages: after ten times its capacity of additions every counter is halved, so old fame fades.
 */
export class FrequencySketch {
  readonly capacity: number;
  readonly #counters: Uint8Array;
  readonly #quads: Uint32Array;
  readonly #width: number;
  readonly #shift: number;
  readonly #sample: number;
  #additions = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    const bits = Math.max(4, Math.ceil(Math.log2(2 * capacity)));
    this.#width = 2 ** bits;
    this.#shift = 32 - bits;
    this.#counters = new Uint8Array(this.#width * rows);
    this.#quads = new Uint32Array(this.#counters.buffer);
    this.#sample = 10 * Math.max(16, capacity);
  }

  estimate(hash: number): number {
    const counters = this.#counters;
    const width = this.#width;
    const shift = this.#shift;
    return Math.min(
      counters[Math.imul(hash, first) >>> shift]!,
      counters[width + (Math.imul(hash, second) >>> shift)]!,
      counters[2 * width + (Math.imul(hash, third) >>> shift)]!,
      counters[3 * width + (Math.imul(hash, fourth) >>> shift)]!,
    );
  }

  increment(hash: number): void {
    if (++this.#additions >= this.#sample) this.#age();
    const counters = this.#counters;
    const width = this.#width;
    const shift = this.#shift;
    const a = Math.imul(hash, first) >>> shift;
    const b = width + (Math.imul(hash, second) >>> shift);
    const c = 2 * width + (Math.imul(hash, third) >>> shift);
    const d = 3 * width + (Math.imul(hash, fourth) >>> shift);
    const least = Math.min(counters[a]!, counters[b]!, counters[c]!, counters[d]!);
    if (least === most) return;
    // Only the lowest counters grow (conservative update): fewer strangers share a high count.
    if (counters[a] === least) counters[a] = least + 1;
    if (counters[b] === least) counters[b] = least + 1;
    if (counters[c] === least) counters[c] = least + 1;
    if (counters[d] === least) counters[d] = least + 1;
  }

  // Halves four counters at once; none of them passes 15, so no bit crosses over after the mask.
  #age(): void {
    const quads = this.#quads;
    for (let at = 0; at < quads.length; at++) quads[at] = (quads[at]! >>> 1) & 0x07070707;
    this.#additions >>= 1;
  }
}
