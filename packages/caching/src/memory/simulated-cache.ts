import { protectedOf, type Stance, windowOf } from './stance.ts';

/** Where a slot is. Each list is a ring through its own sentinel. */
const absent = 0;
const inWindow = 1;
const inProbation = 2;
const inProtected = 3;
/** Added where the slot is protected and was used there. */
const used = 4;

/** The links of a slot stand side by side: to get at an array costs more than to read it. */
const next = 0;
const previous = 1;

/** What the simulated caches of one vote share. */
export interface Slots {
  readonly count: number;
  /** Where each slot is in each cache: that of slot s in cache c is at 4 s + c. */
  readonly where: Uint8Array;
  /** How often the key in the slot was used of late. */
  uses(slot: number): number;
  /** One cache fewer holds the slot. */
  left(slot: number): void;
}

/** Every cache, as a number of four bytes; see {@link Slots.where}. */
const each = 0x01010101;

/** Is a slot that is in these places held by all four? */
export const heldByAll = (where: number): boolean => ((where | (where >> 1)) & each) === each;
/** The same places, once the slot was used where it is protected. */
export const usedWhereProtected = (where: number): number => where | ((where & (where >> 1) & each) << 2);
/** Is one of these places one where a use moves the slot? */
export const isMoved = (where: number): boolean => ((where ^ (where >> 1)) & each) !== 0;

/** What W-TinyLFU would hold in one stance: numbers in typed arrays, no keys and no values. */
export class SimulatedCache {
  readonly #stance: Stance;
  readonly #slots: Slots;
  readonly #count: number;
  readonly #at: number;
  readonly #where: Uint8Array;
  readonly #links: Int32Array;
  readonly #sizes = [0, 0, 0, 0];

  #capacity = 1;
  #windowMax = 1;
  #protectedMax = 0;

  /** `at` = which of the four it is. */
  constructor(stance: Stance, slots: Slots, at: number) {
    this.#stance = stance;
    this.#slots = slots;
    this.#count = slots.count;
    this.#at = at;
    this.#where = slots.where;
    this.#links = new Int32Array(2 * (slots.count + 4));
    for (let list = inWindow; list <= inProtected; list++) {
      const sentinel = slots.count + list;
      this.#links[2 * sentinel + next] = sentinel;
      this.#links[2 * sentinel + previous] = sentinel;
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
    const where = this.#where[4 * slot + this.#at]!;
    if (where === absent) {
      this.#add(slot);
      return false;
    }
    if (where >= inProtected) this.#where[4 * slot + this.#at] = inProtected | used;
    else this.#touch(slot, where);
    return true;
  }

  /** As `access`, of a slot that is held, where a use only moves it. */
  move(slot: number): void {
    const where = this.#where[4 * slot + this.#at]!;
    if (where < inProtected) this.#touch(slot, where);
  }

  /** The slot leaves if it is there. */
  remove(slot: number): void {
    if (this.#where[4 * slot + this.#at] === absent) return;
    this.#unlink(slot);
    this.#slots.left(slot);
  }

  #add(slot: number): void {
    while (this.size >= this.#capacity) this.#evict();
    this.#push(slot, inWindow);
    while (this.#sizes[inWindow]! > this.#windowMax) this.#move(this.#tail(inWindow), inProbation);
  }

  #evict(): void {
    const main =
      this.#sizes[inProbation]! > 0
        ? this.#tail(inProbation)
        : this.#sizes[inProtected]! > 0
          ? this.#tail(inProtected)
          : -1;
    const newest = this.#sizes[inWindow]! >= this.#windowMax ? this.#tail(inWindow) : -1;
    if (main === -1) this.remove(this.#tail(inWindow));
    else if (newest === -1) this.remove(main);
    else if (this.#slots.uses(newest) >= this.#slots.uses(main) + this.#stance.lead) {
      this.remove(main);
      this.#move(newest, inProbation);
    } else this.remove(newest);
  }

  #touch(slot: number, where: number): void {
    if (where === inWindow) this.#toFront(slot);
    else {
      this.#move(slot, inProtected);
      this.#unprotect();
    }
  }

  #unprotect(): void {
    while (this.#sizes[inProtected]! > this.#protectedMax) {
      const oldest = this.#tail(inProtected);
      this.#move(oldest, this.#isUsed(oldest) ? inProtected : inProbation);
    }
  }

  #isUsed(slot: number): boolean {
    return this.#where[4 * slot + this.#at]! >= used;
  }

  #tail(list: number): number {
    return this.#links[2 * (this.#count + list) + previous]!;
  }

  #move(slot: number, list: number): void {
    this.#unlink(slot);
    this.#push(slot, list);
  }

  #toFront(slot: number): void {
    this.#skip(slot);
    this.#lead(slot, inWindow);
  }

  #push(slot: number, list: number): void {
    this.#lead(slot, list);
    this.#where[4 * slot + this.#at] = list;
    this.#sizes[list]!++;
  }

  #unlink(slot: number): void {
    this.#skip(slot);
    this.#sizes[this.#where[4 * slot + this.#at]! & ~used]!--;
    this.#where[4 * slot + this.#at] = absent;
  }

  #lead(slot: number, list: number): void {
    const links = this.#links;
    const sentinel = this.#count + list;
    const head = links[2 * sentinel + next]!;
    links[2 * slot + next] = head;
    links[2 * slot + previous] = sentinel;
    links[2 * head + previous] = slot;
    links[2 * sentinel + next] = slot;
  }

  #skip(slot: number): void {
    const links = this.#links;
    const before = links[2 * slot + previous]!;
    const after = links[2 * slot + next]!;
    links[2 * before + next] = after;
    links[2 * after + previous] = before;
  }
}
