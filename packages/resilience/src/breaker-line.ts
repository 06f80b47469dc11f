import type { CircuitBreaker } from './circuit-breaker.ts';

/** A kept breaker, in the line of those that are in a like state. */
export interface Place {
  readonly key: string;
  readonly breaker: CircuitBreaker;
  usedAt: number;
  /** Counts all uses: the clock may stand still between two. */
  use: number;
  line: Line | undefined;
  older: Place | undefined;
  newer: Place | undefined;
}

/** Places in the order of use. A list of links: the first of a Map would have to be sought behind all that were deleted. */
export class Line {
  size = 0;
  oldest: Place | undefined;
  #newest: Place | undefined;
  #next: Place | undefined;

  push(place: Place): void {
    place.line = this;
    place.older = this.#newest;
    place.newer = undefined;
    if (this.#newest === undefined) this.oldest = place;
    else this.#newest.newer = place;
    this.#newest = place;
    this.size++;
  }

  remove(place: Place): void {
    const { older, newer } = place;
    if (this.#next === place) this.#next = newer;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    place.line = undefined;
    this.size--;
  }

  /** One after the other, round and round; undefined when there is none. */
  turn(): Place | undefined {
    const place = this.#next ?? this.oldest;
    this.#next = place?.newer;
    return place;
  }
}
