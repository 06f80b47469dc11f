import type { CircuitBreaker } from './circuit-breaker.ts';

/** A kept breaker, in the line of those that are in a like state. */
interface Place {
  readonly key: string;
  readonly breaker: CircuitBreaker;
  usedAt: number;
  line: Line | undefined;
  older: Place | undefined;
  newer: Place | undefined;
}

/** Places in the order of use. A list of links: the first of a Map would have to be sought behind all that were deleted. */
class Line {
  size = 0;
  oldest: Place | undefined;
  #newest: Place | undefined;

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
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    place.line = undefined;
    this.size--;
  }
}

/**
 * Keeps at most `max` breakers by key, in constant time whatever their number. What is known of a dependency that is down is kept
 * before all else, but not so that it leaves no place for others: a breaker has to stay in order to learn.
 */
export class BreakerShelf {
  readonly #max: number;
  readonly #idleMs: number;
  readonly #forgotten: (breaker: CircuitBreaker) => void;
  readonly #byKey = new Map<string, Place>();
  readonly #closed = new Line();
  /** Open and half-open. */
  readonly #tripped = new Line();
  /** Held open by hand. */
  readonly #isolated = new Line();

  /** @param forgotten Called with each breaker that is kept no longer. */
  constructor(max: number, idleMs: number, forgotten: (breaker: CircuitBreaker) => void) {
    this.#max = max;
    this.#idleMs = idleMs;
    this.#forgotten = forgotten;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The breaker of this key, made when there is none. */
  take(key: string, now: number, make: () => CircuitBreaker): CircuitBreaker {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.usedAt = now;
      this.#move(known, known.line!);
      this.#forgetIdle(now);
      this.#byKey.delete(key);
      this.#byKey.set(key, known);
      return known.breaker;
    }
    this.#forgetIdle(now);
    if (this.size >= this.#max) this.#forget(this.#leastMissed());
    const place = { key, breaker: make(), usedAt: now, line: undefined, older: undefined, newer: undefined };
    this.#byKey.set(key, place);
    this.#closed.push(place);
    place.breaker.on('state', ({ to }) => this.#sort(place, to));
    return place.breaker;
  }

  /** The one used last comes last. */
  entries(): [string, CircuitBreaker][] {
    return [...this.#byKey.values()].map(({ key, breaker }) => [key, breaker]);
  }

  #leastMissed(): Place {
    const tripped = this.#tripped.oldest;
    const closed = this.#closed.oldest;
    const first = this.#tripped.size > this.#max / 2 ? (tripped ?? closed) : (closed ?? tripped);
    return first ?? this.#isolated.oldest!;
  }

  #forgetIdle(now: number): void {
    const idle = (place: Place | undefined): place is Place =>
      place !== undefined && now - place.usedAt >= this.#idleMs;
    while (idle(this.#closed.oldest)) this.#forget(this.#closed.oldest);
    for (let place = this.#tripped.oldest; idle(place); place = this.#tripped.oldest) {
      if (place.breaker.state === 'open') {
        // One a call: were all in the midst of a break, this would go round for ever.
        this.#move(place, this.#tripped);
        return;
      }
      this.#forget(place);
    }
  }

  #sort(place: Place, state: CircuitBreaker['state']): void {
    // Forgotten, but still in somebody's hands.
    if (place.line === undefined) return;
    const line = state === 'closed' ? this.#closed : state === 'isolated' ? this.#isolated : this.#tripped;
    if (line !== place.line) this.#move(place, line);
  }

  #move(place: Place, line: Line): void {
    place.line!.remove(place);
    line.push(place);
  }

  #forget(place: Place): void {
    place.line!.remove(place);
    this.#byKey.delete(place.key);
    this.#forgotten(place.breaker);
  }
}
