import type { Call } from './call.ts';
import type { Failures } from './failures.ts';
import { type Flight, freshAnswer, staleAtOnce } from './flight.ts';
import type { Found } from './found.ts';
import type { Settings } from './settings/settings.ts';
import type { Tiers } from './tiers.ts';
import type { TimeBudget } from './time-budget.ts';

const isCovered = ({ stale }: { readonly stale: unknown }): boolean => stale !== undefined;

/** Looks whether loads that are about to begin are needless. Each answer: the flights that still need their loader. */
export class SecondLook<V> {
  readonly #settings: Settings<V>;
  readonly #tiers: Tiers<V>;
  readonly #failures: Failures;

  constructor(settings: Settings<V>, tiers: Tiers<V>, failures: Failures) {
    this.#settings = settings;
    this.#tiers = tiers;
    this.#failures = failures;
  }

  /** Answers what the stores have; at once where none are asked. */
  atStores(
    flights: readonly Flight<V>[],
    call: Call<V>,
    time: TimeBudget,
  ): readonly Flight<V>[] | Promise<readonly Flight<V>[]> {
    if (call.forced || this.#tiers.stores.length === 0) return this.atMemory(flights, call);
    return this.#read(flights, call, time).then((found) => this.#open(flights, found, call));
  }

  /** Answers what a stale value will do for. */
  atMemory(flights: readonly Flight<V>[], call: Call<V>): readonly Flight<V>[] {
    return flights.some(isCovered) ? this.#open(flights, undefined, call) : flights;
  }

  #open(
    flights: readonly Flight<V>[],
    found: Map<string, Found<V>> | undefined,
    call: Call<V>,
  ): readonly Flight<V>[] {
    const now = this.#settings.now();
    return flights.filter((flight) => !this.#answered(flight, found?.get(flight.key), call, now));
  }

  /** Answers those whose key was changed since they began to wait, from memory or the stores. */
  async atChanged(flights: readonly Flight<V>[], call: Call<V>): Promise<readonly Flight<V>[]> {
    if (call.forced) return flights;
    const now = this.#settings.now();
    // Asked once: a key that is changed only while the stores are read is not among these, and its loader is called.
    const changed = flights.filter(({ pending }) => pending.superseded);
    const unanswered = changed.filter(
      (flight) => !this.#answered(flight, this.#fresh(flight.key, now), call, now),
    );
    const open = new Set(await this.atStores(unanswered, call, this.#tiers.timeBudget()));
    const covered = new Set(changed.filter((flight) => !open.has(flight)));
    return flights.filter((flight) => !covered.has(flight));
  }

  #fresh(key: string, now: number): Found<V> | undefined {
    const entry = this.#tiers.recall.entry(key, now);
    return entry !== undefined && now < entry.expiresAt ? this.#tiers.recall.found(entry) : undefined;
  }

  // What was changed since a flight began is read anew: as the flight's own it would count as read before the change.
  async #read(
    flights: readonly Flight<V>[],
    call: Call<V>,
    time: TimeBudget,
  ): Promise<Map<string, Found<V>>> {
    const anew = flights.flatMap(({ pending }) =>
      pending.superseded ? [this.#tiers.begin(pending.key)] : [],
    );
    const own = flights.flatMap(({ pending }) => (pending.superseded ? [] : [pending]));
    try {
      return await this.#tiers.readStores([...own, ...anew], {
        keepPastTtlMs: Math.max(call.graceMs, call.revalidateMs),
        time,
        prolongs: call.renewing !== true,
      });
    } finally {
      for (const pending of anew) this.#tiers.end(pending);
    }
  }

  // Does what there is of a key, or what is left of it here, make the loader needless?
  #answered(flight: Flight<V>, found: Found<V> | undefined, call: Call<V>, now: number): boolean {
    if (found !== undefined) {
      const known = call.renewing === true && found.stamp <= (flight.stale?.stamp ?? 0);
      if (now < found.expiresAt && !known) {
        flight.found = found;
        flight.succeed(freshAnswer(found, now));
        return true;
      }
      if (flight.stale === undefined || found.createdAt > flight.stale.createdAt) flight.stale = found;
    }
    if (flight.stale === undefined || call.forced || call.renewing === true) return false;
    const answer = staleAtOnce(flight.stale, call, now, this.#failures.backingOff(flight.key, now));
    if (answer?.reason === 'revalidating') flight.answerEarly(answer);
    if (answer?.reason !== 'backing-off') return false;
    flight.succeed(answer);
    return true;
  }
}
