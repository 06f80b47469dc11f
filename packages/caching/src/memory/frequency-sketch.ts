const rows = 4;
const [first, second, third, fourth] = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;

// Without a branch: which of the counters is the least is anybody's guess, and a wrong guess costs more than all the rest.
const lesser = (a: number, b: number): number => a + ((b - a) & ((b - a) >> 31));
const greater = (a: number, b: number): number => a - ((a - b) & ((a - b) >> 31));

/** Counts end here. */
export const mostUses = 15;

/**
 * Remembers about how often hashes were used that are held no longer (count-min, four rows of small counters). Never too
 * low until it ages: its owner halves every count after so many uses, so old fame fades.
 */
export class FrequencySketch {
  readonly capacity: number;
  /** How often the counts were halved: a count taken at an earlier age is worth half for each step. */
  age: number;
  /** After so many uses of anything the counts are to be halved: ten times the capacity. After that, each time after half as many. */
  readonly period: number;
  readonly #counters: Uint8Array;
  readonly #quads: Int32Array;
  readonly #width: number;
  readonly #shift: number;

  constructor(capacity: number, age = 0) {
    this.capacity = capacity;
    this.age = age;
    const bits = Math.max(4, Math.ceil(Math.log2(2 * capacity)));
    this.#width = 2 ** bits;
    this.#shift = 32 - bits;
    this.#counters = new Uint8Array(this.#width * rows);
    this.#quads = new Int32Array(this.#counters.buffer);
    this.period = 10 * Math.max(16, capacity);
  }

  estimate(hash: number): number {
    const counters = this.#counters;
    const width = this.#width;
    const shift = this.#shift;
    return lesser(
      lesser(
        counters[Math.imul(hash, first) >>> shift]!,
        counters[width + (Math.imul(hash, second) >>> shift)]!,
      ),
      lesser(
        counters[2 * width + (Math.imul(hash, third) >>> shift)]!,
        counters[3 * width + (Math.imul(hash, fourth) >>> shift)]!,
      ),
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
    counters[a] = greater(counters[a]!, uses);
    counters[b] = greater(counters[b]!, uses);
    counters[c] = greater(counters[c]!, uses);
    counters[d] = greater(counters[d]!, uses);
  }

  // Four counters at once; none of them passes 15, so no bit crosses over after the mask.
  halve(): void {
    const quads = this.#quads;
    const { length } = quads;
    for (let at = 0; at < length; at++) quads[at] = (quads[at]! >> 1) & 0x07070707;
    this.age++;
  }
}
