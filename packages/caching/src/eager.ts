import type { Call, Wanted } from './call.ts';
import type { Failures } from './failures.ts';
import type { Flight } from './flight.ts';
import type { Settings } from './settings/settings.ts';
import type { Counts } from './stats.ts';

/** Which fresh values are due to be loaded anew behind the answer. */
export class Eager<V> {
  readonly #settings: Settings<V>;
  readonly #counts: Counts;
  readonly #failures: Failures;
  readonly #busy: (key: string) => boolean;

  constructor(settings: Settings<V>, counts: Counts, failures: Failures, busy: (key: string) => boolean) {
    this.#settings = settings;
    this.#counts = counts;
    this.#failures = failures;
    this.#busy = busy;
  }

  /** Is this value due, and nobody at it? Times are of the monotonic clock, in ms. */
  isDue(
    key: string,
    createdAt: number,
    expiresAt: number,
    { eager }: Pick<Call<V>, 'eager'>,
    now: number,
  ): boolean {
    if (eager === undefined || expiresAt === Number.POSITIVE_INFINITY) return false;
    if (eager === 'probabilistic') {
      const early = -this.#counts.meanLoadMs * Math.log(1 - this.#settings.random());
      if (now + early < expiresAt) return false;
    } else if (now < createdAt + eager * (expiresAt - createdAt)) return false;
    return !this.#failures.backingOff(key, now) && !this.#busy(key);
  }

  /** What stores answered that is due. */
  dueOf(flights: readonly Flight<V>[], call: Call<V>): Wanted<V>[] {
    if (call.eager === undefined || call.renewing === true) return [];
    const now = this.#settings.now();
    return flights.flatMap(({ key, found }) =>
      found !== undefined && this.isDue(key, found.createdAt, found.expiresAt, call, now)
        ? [{ key, stale: found }]
        : [],
    );
  }
}
