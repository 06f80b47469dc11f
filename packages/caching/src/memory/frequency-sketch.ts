const rows = 4;
const [first, second, third, fourth] = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;

/** Counts end here. */
export const mostUses = 15;

/**
 * Remembers about how often hashes were used that are held no longer (count-min, four rows of small counters). Never too
 * low until it ages: after ten times its capacity of uses every count is halved, so old fame fades.
 */
export class FrequencySketch {
  readonly capacity: number;
  /** How often the counts were halved: a count taken at an earlier age is worth half for each step. */
  age: number;
  readonly #counters: Uint8Array;
  readonly #quads: Uint32Array;
  readonly #width: number;
  readonly #shift: number;
  readonly #sample: number;
  #uses = 0;

  constructor(capacity: number, age = 0) {
    this.capacity = capacity;
    this.age = age;
    const bits = Math.max(4, Math.ceil(Math.log2(2 * capacity)));
    this.#width = 2 ** bits;
    this.#shift = 32 - bits;
    this.#counters = new Uint8Array(this.#width * rows);
    this.#quads = new Uint32Array(this.#counters.buffer);
    this.#sample = 10 * Math.max(16, capacity);
  }

  /** A use of anything, which is how time passes here. */
  tick(): void {
    if (++this.#uses >= this.#sample) this.#halve();
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

  /** From now on the estimate of this hash is at least `uses`. */
  remember(hash: number, uses: number): void {
    const counters = this.#counters;
    const width = this.#width;
    const shift = this.#shift;
    const a = Math.imul(hash, first) >>> shift;
    const b = width + (Math.imul(hash, second) >>> shift);
    const c = 2 * width + (Math.imul(hash, third) >>> shift);
    const d = 3 * width + (Math.imul(hash, fourth) >>> shift);
    if (counters[a]! < uses) counters[a] = uses;
    if (counters[b]! < uses) counters[b] = uses;
    if (counters[c]! < uses) counters[c] = uses;
    if (counters[d]! < uses) counters[d] = uses;
  }

  // Halves four counters at once; none of them passes 15, so no bit crosses over after the mask.
  #halve(): void {
    const quads = this.#quads;
    for (let at = 0; at < quads.length; at++) quads[at] = (quads[at]! >>> 1) & 0x07070707;
    this.#uses >>= 1;
    this.age++;
  }
}
