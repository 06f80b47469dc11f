import { type Entry, EntryList, type EvictionPolicy } from './entry.ts';
import { FrequencySketch, mostUses } from './frequency-sketch.ts';
import { hashOf } from './hash.ts';
import { firstStance, protectedOf, type Stance, stances, windowOf } from './stance.ts';
import { StanceVote } from './stance-vote.ts';

/** Far off, and still a small integer. */
const never = 2 ** 30;
/** An unlucky newcomer this warm is let in now and then, so that keys chosen to collide cannot lock others out. */
const warm = 6;
/** At most this many entries are moved for one reason at once, such as a new stance, so that no call pays for all of them. */
const movesAtOnce = 32;

/**
 * W-TinyLFU: newcomers enter a window (recency); who leaves it must have been used more often than the entry that
 * would have to go from the main space (frequency). The main space is segmented: who is used in probation becomes
 * protected, and who is used there is spared once when its turn to go has come, so that such a hit moves nothing. How
 * large the window is and how hard it is to get past it is a stance, chosen by a vote of small simulations.
 */
export class WTinyLfuPolicy<V> implements EvictionPolicy<V> {
  readonly #random: () => number;
  readonly #seed: number;
  /** Sketch and vote start with the first need to choose: a cache that never fills pays nothing for them. */
  #sketch: FrequencySketch | undefined;
  #vote: StanceVote | undefined;
  #window = new EntryList<V>();
  #probation = new EntryList<V>();
  #protected = new EntryList<V>();
  #stance: Stance = stances[firstStance]!;
  #chosen = firstStance;
  /** How many entries fit, as seen when room was needed last. */
  #capacity: number;
  #windowMax = 1;
  #protectedMax = 0;
  // What a hit needs of the sketch and the vote is kept here: going there costs as much as the rest of a hit.
  #age = 0;
  /** Uses left until counts are halved. */
  #usesLeft = never;
  /** A hash without any of these bits is one the vote samples. */
  #unsampled = -1;

  constructor(maxEntries: number, random: () => number) {
    this.#capacity = maxEntries;
    this.#random = random;
    this.#seed = Math.floor(random() * 2 ** 32);
    this.#divide();
  }

  hash(key: string): number {
    return hashOf(key, this.#seed);
  }

  add(entry: Entry<V>): void {
    this.#window.push(entry);
    entry.used = 0;
    entry.uses = this.#sketch?.estimate(entry.hash) ?? 0;
    entry.usesAge = this.#age;
    if ((entry.hash & this.#unsampled) === 0) this.#vote?.holds(1);
    this.#count(entry);
    for (let moved = 0; moved < movesAtOnce && this.#window.size > this.#windowMax; moved++)
      this.#move(this.#window.tail!, this.#window, this.#probation);
  }

  touch(entry: Entry<V>): void {
    const { list } = entry;
    if (list === this.#protected) entry.used = 1;
    else if (list === this.#probation) this.#protect(entry);
    // Who is within the first eighth stays where it is: favourites write nothing. Unsigned, as the moves may have come round.
    else if ((list!.moves - entry.movedAt) >>> 0 > list!.size >>> 3) list!.touch(entry);
    if (entry.usesAge !== this.#age) this.#refresh(entry);
    this.#count(entry);
  }

  remove(entry: Entry<V>, ended: boolean): void {
    entry.list?.remove(entry);
    this.#sketch?.remember(entry.hash, this.#uses(entry));
    if ((entry.hash & this.#unsampled) !== 0 || this.#vote === undefined) return;
    this.#vote.holds(-1);
    if (ended) this.#vote.forget(entry.hash);
  }

  victim(full: number): Entry<V> | undefined {
    this.#resize(full);
    const main = this.#probation.tail ?? this.#leastProtected();
    if (main === undefined) return this.#window.tail;
    const candidate = this.#window.size >= this.#windowMax ? this.#window.tail : undefined;
    if (candidate === undefined) return main;
    if (!this.#admits(candidate, main)) return candidate;
    this.#move(candidate, this.#window, this.#probation);
    return main;
  }

  // By their counts: a hit moves nothing where it need not, so the lists do not tell who was used most.
  *hottest(): Iterable<Entry<V>> {
    const byUses: Entry<V>[][] = Array.from({ length: mostUses + 1 }, () => []);
    for (const list of this.#lists) for (const entry of list) byUses[this.#uses(entry)]!.push(entry);
    for (const entries of byUses.reverse()) yield* entries;
  }

  clear(): void {
    this.#sketch = undefined;
    this.#vote = undefined;
    this.#age = 0;
    this.#usesLeft = never;
    this.#unsampled = -1;
    this.#window = new EntryList<V>();
    this.#probation = new EntryList<V>();
    this.#protected = new EntryList<V>();
    this.#take(firstStance);
  }

  // An entry carries its own count, exact and cheap; the sketch has the counts of what is not held.
  #count(entry: Entry<V>): void {
    if (entry.uses < mostUses) entry.uses++;
    if (--this.#usesLeft === 0) this.#halve();
    if ((entry.hash & this.#unsampled) === 0) this.#tell(entry);
  }

  #uses(entry: Entry<V>): number {
    const halvings = this.#age - entry.usesAge;
    return halvings === 0 ? entry.uses : entry.uses >> Math.min(31, halvings);
  }

  #refresh(entry: Entry<V>): void {
    entry.uses = this.#uses(entry);
    entry.usesAge = this.#age;
  }

  #halve(): void {
    this.#usesLeft = never;
    if (this.#sketch === undefined) return;
    this.#sketch.halve();
    this.#age = this.#sketch.age;
    this.#usesLeft = this.#sketch.period >> 1;
  }

  #tell(entry: Entry<V>): void {
    if (this.#vote === undefined) return;
    const chosen = this.#vote.use(entry.hash, entry.uses);
    if (chosen !== this.#chosen) this.#take(chosen);
  }

  get #lists(): readonly EntryList<V>[] {
    return [this.#protected, this.#window, this.#probation];
  }

  // Nothing is on probation while large entries come in, or the room is divided anew. Who was used is spared then too.
  #leastProtected(): Entry<V> | undefined {
    const list = this.#protected;
    for (let moves = movesAtOnce; moves > 1 && list.tail?.used === 1; moves--) {
      list.tail.used = 0;
      list.touch(list.tail);
    }
    return list.tail;
  }

  #protect(entry: Entry<V>): void {
    const list = this.#protected;
    this.#move(entry, this.#probation, list);
    for (let moves = movesAtOnce; moves > 0 && list.size > this.#protectedMax; moves--) {
      const oldest = list.tail!;
      // The last goes though it was used, so that each call brings some further.
      if (oldest.used === 0 || moves === 1) this.#move(oldest, list, this.#probation);
      else list.touch(oldest);
      oldest.used = 0;
    }
  }

  #admits(candidate: Entry<V>, main: Entry<V>): boolean {
    const uses = this.#uses(candidate);
    if (uses >= this.#uses(main) + this.#stance.lead) return true;
    return uses >= warm && this.#random() < 1 / 128;
  }

  // With a byte limit the number that fits follows the sizes; counting starts anew when it has outgrown what was made for it.
  #resize(full: number): void {
    if (this.#sketch === undefined || full > 2 * this.#sketch.capacity) {
      this.#sketch = new FrequencySketch(Math.max(1, full), this.#age);
      this.#usesLeft = this.#sketch.period;
      this.#vote = undefined;
    }
    if (this.#vote === undefined) {
      this.#vote = new StanceVote(full, this.#sketch, (sampled) => {
        let held = 0;
        for (const list of this.#lists) for (const entry of list) if (sampled(entry.hash)) held++;
        return held;
      });
      this.#unsampled = this.#vote.unsampled;
      this.#take(firstStance);
    }
    if (full === this.#capacity) return;
    this.#capacity = full;
    this.#divide();
  }

  #take(chosen: number): void {
    this.#chosen = chosen;
    this.#stance = stances[chosen]!;
    this.#divide();
  }

  #divide(): void {
    const capacity = Math.max(1, this.#capacity);
    this.#windowMax = windowOf(this.#stance, capacity);
    this.#protectedMax = protectedOf(this.#stance, capacity);
  }

  #move(entry: Entry<V>, from: EntryList<V>, to: EntryList<V>): void {
    from.remove(entry);
    to.push(entry);
  }
}
