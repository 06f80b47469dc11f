import { counters } from './counters.ts';
import { publishDrop } from './events.ts';
import type { Rules } from './rules.ts';
import type { Scope } from './scope.ts';

/** One record that is kept back, already redacted and written as text: nothing of the caller's is held. */
export interface Kept {
  readonly scope: Scope;
  /** By which its line was written. */
  readonly rules: Rules;
  readonly index: number;
  readonly line: string;
  /** Whether transports with a level of their own have had it. */
  readonly fed: boolean;
  readonly bytes: number;
}

interface Caps {
  readonly maxBytes: number;
  readonly maxRecords: number;
}

/** The last records of one unit of work, or of the process. */
export class Ring {
  /** What it shares with the other rings of its recorder. */
  readonly budget: RingBudget | undefined;
  readonly #caps: Caps;
  readonly #hold: Hold | undefined;
  // Records before #from have been given up already.
  #kept: Kept[] = [];
  #from = 0;
  #bytes = 0;
  #dropped = 0;
  #last: Kept | undefined;

  constructor(caps: Caps, budget?: RingBudget) {
    this.budget = budget;
    this.#caps = caps;
    this.#hold = budget?.hold(this);
  }

  push(record: Kept): void {
    this.#last = record;
    this.#kept.push(record);
    let grown = record.bytes;
    this.#bytes += record.bytes;
    while (this.#bytes > this.#caps.maxBytes || this.#kept.length - this.#from > this.#caps.maxRecords) {
      const { bytes } = this.#kept[this.#from++] as Kept;
      this.#bytes -= bytes;
      grown -= bytes;
      this.#lose(1);
    }
    if (this.#from > 64 && this.#from * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#from);
      this.#from = 0;
    }
    this.#hold?.grow(grown);
  }

  #lose(records: number): void {
    this.#dropped += records;
    counters.recorderDrops += records;
  }

  /** Gives up everything; what is lost is told when the rest is. */
  evict(): void {
    const records = this.#kept.length - this.#from;
    if (records === 0) return;
    this.#clear();
    this.#lose(records);
    publishDrop({ destination: 'recorder', records, reason: 'full' });
  }

  #clear(): void {
    this.#kept = [];
    this.#from = 0;
    this.#bytes = 0;
  }

  /** Empties the ring. @returns what it held, and how many records it had to give up since the last time. */
  take(): { kept: readonly Kept[]; dropped: number; last: Kept | undefined } {
    const taken = { kept: this.#kept.slice(this.#from), dropped: this.#dropped, last: this.#last };
    this.#hold?.grow(-this.#bytes);
    this.#clear();
    this.#dropped = 0;
    this.#last = undefined;
    return taken;
  }
}

/** The part of the budget that one ring has. */
interface Hold {
  grow(bytes: number): void;
}

class Held implements Hold {
  readonly ring: WeakRef<Ring>;
  readonly #budget: RingBudget;
  bytes = 0;

  constructor(ring: Ring, budget: RingBudget) {
    this.ring = new WeakRef(ring);
    this.#budget = budget;
  }

  grow(bytes: number): void {
    this.#budget.grow(this, bytes);
  }
}

/** Bounds what all rings hold together: the longest-standing one gives up first. A ring goes with its context. */
export class RingBudget {
  readonly #max: number;
  readonly #held = new Set<Held>();
  readonly #gone = new FinalizationRegistry<Held>((held) => this.#release(held));
  total = 0;

  constructor(max: number) {
    this.#max = max;
  }

  hold(ring: Ring): Hold {
    const held = new Held(ring, this);
    this.#gone.register(ring, held);
    return held;
  }

  grow(held: Held, bytes: number): void {
    held.bytes += bytes;
    this.total += bytes;
    if (held.bytes === 0) this.#held.delete(held);
    else this.#held.add(held);
    if (this.total <= this.#max) return;
    for (const oldest of this.#held) {
      this.#release(oldest);
      oldest.ring.deref()?.evict();
      if (this.total <= this.#max) break;
    }
  }

  #release(held: Held): void {
    this.total -= held.bytes;
    held.bytes = 0;
    this.#held.delete(held);
  }
}
