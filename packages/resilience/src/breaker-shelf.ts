import { Line, type Place } from './breaker-line.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { runningIn } from './policy.ts';

/** So many places of a line are looked at to make room for one key. */
const LOOKS = 4;

/**
 * Keeps at most `max` breakers by key, in constant time on average. What is known of a dependency that fails is kept before all else,
 * the longest used last: not so that those who have learnt leave no place for those who have to.
 */
export class BreakerShelf {
  readonly #max: number;
  readonly #idleMs: number;
  readonly #forgotten: (breaker: CircuitBreaker) => void;
  readonly #byKey = new Map<string, Place>();
  readonly #closed = new Line();
  /** Closed, with failures that count, as far as they were looked at. */
  readonly #failing = new Line();
  readonly #open = new Line();
  /** The break is over. */
  readonly #halfOpen = new Line();
  /** Held open by hand. */
  readonly #isolated = new Line();
  /** Not open, with a call under way when they were looked at: what comes of it must not be lost. */
  readonly #busy = new Line();
  readonly #idling = [this.#closed, this.#failing, this.#halfOpen];
  #uses = 0;

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
      this.#used(known, now);
      this.#tidy(now);
      this.#byKey.delete(key);
      this.#byKey.set(key, known);
      return known.breaker;
    }
    this.#tidy(now);
    if (this.size >= this.#max) this.#forget(this.#leastMissed());
    const links = { line: undefined, older: undefined, newer: undefined };
    const place: Place = { key, breaker: make(), usedAt: now, use: this.#uses++, ...links };
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
    this.#findEndedBreaks(LOOKS);
    const missed = this.#unused(this.#halfOpen) ?? this.#withoutFailures();
    if (missed !== undefined) return missed;
    const failing = this.#unused(this.#failing);
    const open = this.#open.oldest;
    const older = failing && open && failing.use > open.use ? open : (failing ?? open);
    return older ?? this.#unused(this.#closed) ?? this.#busy.oldest ?? this.#isolated.oldest!;
  }

  #withoutFailures(): Place | undefined {
    for (let look = 0; look < LOOKS; look++) {
      const place = this.#unused(this.#closed);
      if (place === undefined) return undefined;
      if (!hasFailures(place.breaker)) return place;
      this.#move(place, this.#failing);
    }
    return undefined;
  }

  /** The oldest that has no call under way. */
  #unused(line: Line): Place | undefined {
    for (;;) {
      const { oldest } = line;
      if (oldest === undefined || runningIn(oldest.breaker) === 0) return oldest;
      this.#move(oldest, this.#busy);
    }
  }

  /** A break ends without telling: a look brings it to light. */
  #findEndedBreaks(looks: number): void {
    for (let look = Math.min(looks, this.#open.size); look > 0; look--) {
      const place = this.#open.turn();
      if (place !== undefined) this.#sort(place, place.breaker.state);
    }
  }

  #tidy(now: number): void {
    const settled = this.#busy.turn();
    if (settled !== undefined && runningIn(settled.breaker) === 0) {
      this.#sort(settled, settled.breaker.state);
      this.#used(settled, now);
    }
    const idle = (place: Place | undefined): place is Place =>
      place !== undefined && now - place.usedAt >= this.#idleMs;
    if (idle(this.#open.oldest)) this.#findEndedBreaks(LOOKS);
    for (const line of this.#idling) {
      while (idle(line.oldest)) {
        const place = this.#unused(line);
        if (!idle(place)) break;
        this.#forget(place);
      }
    }
  }

  #used(place: Place, now: number): void {
    place.usedAt = now;
    place.use = this.#uses++;
    this.#move(place, place.line === this.#failing ? this.#closed : place.line!);
  }

  #sort(place: Place, state: CircuitBreaker['state']): void {
    // Forgotten, but still in somebody's hands.
    if (place.line === undefined) return;
    const line = {
      closed: this.#closed,
      open: this.#open,
      'half-open': this.#halfOpen,
      isolated: this.#isolated,
    }[state];
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

const hasFailures = (breaker: CircuitBreaker): boolean => {
  const snapshot = breaker.snapshot();
  if (snapshot.state !== 'closed') return true;
  const { failures = 0, slow = 0 } = snapshot.window ?? {};
  return failures + slow > 0;
};
