import { deadlineRest } from './deadline-context.ts';
import { spent } from './deadline-error.ts';
import type { Scope } from './scope.ts';
import { after, type Timers } from './timers.ts';

interface Place {
  readonly admit: () => void;
  readonly refuse: (error: unknown) => void;
}

interface Level {
  readonly priority: number;
  readonly places: Set<Place>;
}

/** What ends a wait other than its turn. */
export interface Wait {
  /** Higher goes first; equals in the order of their coming. */
  priority: number;
  timeoutMs: number;
  /** The error of a caller whose `timeoutMs` has passed. */
  expired: () => unknown;
}

/** Callers that wait for their turn. Each goes on in its own async context, since it is the caller that awaits. */
export class WaitingLine {
  size = 0;
  readonly #policy: string;
  readonly #timers: Timers;
  // Highest first.
  readonly #levels: Level[] = [];

  constructor(policy: string, timers: Timers) {
    this.#policy = policy;
    this.#timers = timers;
  }

  /** Resolves when it is the caller's turn; an abort rejects at once and frees the place at once. */
  wait(scope: Scope, { priority, timeoutMs, expired }: Wait): Promise<void> {
    const restMs = deadlineRest() ?? Number.POSITIVE_INFINITY;
    if (restMs <= 0) return Promise.reject(spent(this.#policy));
    return new Promise((resolve, reject) => {
      const level = this.#level(priority);
      const leave = (): void => {
        if (!level.places.delete(place)) return;
        this.size--;
        if (level.places.size === 0) this.#levels.splice(this.#placeOf(priority), 1);
        stopTimer();
        stopListening();
      };
      const place: Place = {
        admit: () => {
          leave();
          resolve();
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      level.places.add(place);
      this.size++;
      const stopListening = scope.onAbort(place.refuse);
      const stopTimer = after(this.#timers, Math.min(timeoutMs, restMs), () =>
        place.refuse(restMs < timeoutMs ? spent(this.#policy) : expired()),
      );
    });
  }

  /** Lets the first one go on; false when nobody waits. */
  admit(): boolean {
    const [first] = this.#levels[0]?.places ?? [];
    first?.admit();
    return first !== undefined;
  }

  /** Sends the last of the lowest priority away to make room for a caller of a higher one; false when there is none. */
  displace(priority: number, error: () => unknown): boolean {
    const lowest = this.#levels.at(-1);
    if (lowest === undefined || lowest.priority >= priority) return false;
    [...lowest.places].at(-1)?.refuse(error());
    return true;
  }

  #level(priority: number): Level {
    const at = this.#placeOf(priority);
    const found = this.#levels[at];
    if (found?.priority === priority) return found;
    const level = { priority, places: new Set<Place>() };
    this.#levels.splice(at, 0, level);
    return level;
  }

  /** The first level that is not above this priority, by halves: with points in time as priorities there are many. */
  #placeOf(priority: number): number {
    let from = 0;
    let to = this.#levels.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#levels[middle]!.priority > priority) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
