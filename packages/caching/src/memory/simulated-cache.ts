import { protectedOf, type Stance, windowOf } from './stance.ts';

/** Where a slot is. Each list is a ring through its own sentinel. */
const absent = 0;
const inWindow = 1;
const inProbation = 2;
const inProtected = 3;

/** What the simulated caches of one vote share: how often the key in each slot was used of late. */
export interface Slots {
  readonly count: number;
  uses(slot: number): number;
  /** One cache fewer holds the slot. */
  left(slot: number): void;
}

/** What W-TinyLFU would hold in one stance: numbers in typed arrays, no keys and no values. */
export class SimulatedCache {
  readonly #stance: Stance;
  readonly #slots: Slots;
  readonly #where: Uint8Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #sizes = [0, 0, 0, 0];

  #capacity = 1;
  #windowMax = 1;
  #protectedMax = 0;

  constructor(stance: Stance, slots: Slots) {
    this.#stance = stance;
    this.#slots = slots;
    this.#where = new Uint8Array(slots.count);
    this.#next = new Int32Array(slots.count + 4);
    this.#previous = new Int32Array(slots.count + 4);
    for (let list = inWindow; list <= inProtected; list++) {
      const sentinel = slots.count + list;
      this.#next[sentinel] = sentinel;
      this.#previous[sentinel] = sentinel;
    }
  }

  get size(): number {
    return this.#sizes[inWindow]! + this.#sizes[inProbation]! + this.#sizes[inProtected]!;
  }

  /** From now on so many fit; those too many leave. */
  resize(capacity: number): void {
    this.#capacity = capacity;
    this.#windowMax = windowOf(this.#stance, capacity);
    this.#protectedMax = protectedOf(this.#stance, capacity);
    while (this.size > capacity) this.#evict();
  }

  /** A use of the slot; true for a hit, else it comes in. It is there afterwards, and of the others one leaves at most. */
  access(slot: number): boolean {
    const list = this.#where[slot]!;
    if (list === absent) {
      while (this.size >= this.#capacity) this.#evict();
      this.#push(slot, inWindow);
      while (this.#sizes[inWindow]! > this.#windowMax) this.#move(this.#tail(inWindow), inProbation);
      return false;
    }
    if (list !== inProbation) {
      this.#toFront(slot, list);
      return true;
    }
    this.#move(slot, inProtected);
    while (this.#sizes[inProtected]! > this.#protectedMax) this.#move(this.#tail(inProtected), inProbation);
    return true;
  }

  /** The slot leaves if it is there. */
  remove(slot: number): void {
    if (this.#where[slot] === absent) return;
    this.#unlink(slot);
    this.#slots.left(slot);
  }

  #evict(): void {
    const newest = this.#sizes[inWindow]! >= this.#windowMax ? this.#tail(inWindow) : -1;
    const main =
      this.#sizes[inProbation]! > 0
        ? this.#tail(inProbation)
        : this.#sizes[inProtected]! > 0
          ? this.#tail(inProtected)
          : -1;
    if (main === -1) this.remove(this.#tail(inWindow));
    else if (newest === -1) this.remove(main);
    else if (this.#slots.uses(newest) >= this.#slots.uses(main) + this.#stance.lead) {
      this.remove(main);
      this.#move(newest, inProbation);
    } else this.remove(newest);
  }

  #tail(list: number): number {
    return this.#previous[this.#slots.count + list]!;
  }

  #move(slot: number, list: number): void {
    this.#unlink(slot);
    this.#push(slot, list);
  }

  #toFront(slot: number, list: number): void {
    const next = this.#next;
    const previous = this.#previous;
    const sentinel = this.#where.length + list;
    const head = next[sentinel]!;
    if (head === slot) return;
    const after = next[slot]!;
    const before = previous[slot]!;
    next[before] = after;
    previous[after] = before;
    next[slot] = head;
    previous[slot] = sentinel;
    previous[head] = slot;
    next[sentinel] = slot;
  }

  #push(slot: number, list: number): void {
    const sentinel = this.#slots.count + list;
    const head = this.#next[sentinel]!;
    this.#next[slot] = head;
    this.#previous[slot] = sentinel;
    this.#previous[head] = slot;
    this.#next[sentinel] = slot;
    this.#where[slot] = list;
    this.#sizes[list]!++;
  }

  #unlink(slot: number): void {
    const next = this.#next[slot]!;
    const previous = this.#previous[slot]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#sizes[this.#where[slot]!]!--;
    this.#where[slot] = absent;
  }
}
