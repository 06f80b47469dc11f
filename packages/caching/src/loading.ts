import type { CacheEvents } from './events.ts';
import { Flight, staleAnswer } from './flight.ts';
import type { Settings } from './options.ts';
import type { Counts } from './stats.ts';
import type { Found, Lifetime, NewEntry, Tiers } from './tiers.ts';
import { type Ttl, ttlMs } from './ttl.ts';

/** One call's options, checked, with the cache's own filled in. */
export interface Call<V> {
  ttl: Ttl<V> | undefined;
  graceMs: number;
  revalidateMs: number;
  tags: readonly string[] | undefined;
  signal: AbortSignal | undefined;
  hardMs: number | undefined;
  softMs: number | undefined;
  forced: boolean;
}

/** What a loader brought for one key. */
export interface Loaded<V> {
  value: V;
  ttl?: Ttl<V> | undefined;
  tags?: readonly string[] | undefined;
  skip?: boolean | undefined;
}

/** Loads the values of some keys at once; a key it leaves out has no value. */
export type KeysLoader<V> = (
  flights: readonly Flight<V>[],
  signal: AbortSignal,
) => Promise<Map<string, Loaded<V>>>;

/** A load that has taken this many times a caller's `loaderTimeoutMs` is given up, so that it cannot block its key for good. */
const givenUpAfter = 10;
const maxBackoffs = 10_000;

/** One load a key at a time in this process, for success and failure alike. */
export class Loading<V> {
  readonly #settings: Settings<V>;
  readonly #tiers: Tiers<V>;
  readonly #counts: Counts;
  readonly #events: CacheEvents;
  readonly #flights = new Map<string, Flight<V>>();
  readonly #controllers = new Set<AbortController>();
  /** Keys whose loader failed lately, and until when it is left alone. */
  readonly #backoffs = new Map<string, number>();

  constructor(settings: Settings<V>, tiers: Tiers<V>, counts: Counts, events: CacheEvents) {
    this.#settings = settings;
    this.#tiers = tiers;
    this.#counts = counts;
    this.#events = events;
  }

  /** The load of this key that a caller may join. */
  joinable(key: string, call: Call<V>): Flight<V> | undefined {
    const flight = this.#flights.get(key);
    if (flight === undefined || flight.pending.superseded || (call.forced && !flight.forced))
      return undefined;
    if (flight.pending.stamp < this.#tiers.invalidatedAt) return undefined;
    if (flight.loadingSince !== undefined && call.hardMs !== undefined)
      if (this.#settings.now() - flight.loadingSince > givenUpAfter * call.hardMs) return undefined;
    return flight;
  }

  /** Starts one load of all these keys. The flights are registered before this returns, so that others can join. */
  start(
    wanted: readonly { key: string; stale: Found<V> | undefined }[],
    load: KeysLoader<V>,
    call: Call<V>,
    background: boolean,
  ): Flight<V>[] {
    const controller = new AbortController();
    let abandoned = 0;
    const flights = wanted.map(({ key, stale }) => {
      this.#replace(key);
      const flight = new Flight<V>({
        pending: this.#tiers.begin(key),
        forced: call.forced,
        graceMs: call.graceMs,
        background,
        now: this.#settings.now,
        onAbandoned: (left, reason) => {
          left.pending.superseded = true;
          if (++abandoned === wanted.length) controller.abort(reason);
        },
      });
      flight.stale = stale;
      this.#flights.set(key, flight);
      return flight;
    });
    this.#controllers.add(controller);
    void this.#run(flights, load, call, controller.signal).finally(() => {
      this.#controllers.delete(controller);
      for (const flight of flights) this.#finish(flight);
    });
    return flights;
  }

  forget(key: string): void {
    this.#backoffs.delete(key);
  }

  forgetAll(): void {
    this.#backoffs.clear();
  }

  backingOff(key: string, now: number): boolean {
    const until = this.#backoffs.get(key);
    return until !== undefined && now < until;
  }

  abortAll(reason: unknown): void {
    for (const controller of this.#controllers) controller.abort(reason);
  }

  /** How long a value of this ttl lives, jitter taken off. */
  lifetime(value: V, ttls: readonly (Ttl<V> | undefined)[], graceMs: number, revalidateMs: number): Lifetime {
    let ttl = ttlMs(value, ...ttls);
    const { jitter, random } = this.#settings;
    if (jitter > 0 && ttl !== Number.POSITIVE_INFINITY) ttl *= 1 - jitter * random();
    return { ttlMs: ttl, keepMs: ttl + Math.max(graceMs, revalidateMs) };
  }

  // Never rejects: what goes wrong goes to the waiters.
  async #run(flights: Flight<V>[], load: KeysLoader<V>, call: Call<V>, signal: AbortSignal): Promise<void> {
    const open = await this.#lookFurther(flights, call);
    if (open.length === 0) return;
    for (const flight of open) flight.startLoading();
    const started = performance.now();
    const keys = open.map(({ key }) => key);
    try {
      const loaded = await load(open, signal);
      const entries = this.#entriesOf(open, loaded, call);
      this.#report(keys, performance.now() - started, undefined);
      void this.#tiers.keep(entries.kept, false);
      if (entries.removed.length > 0) void this.#tiers.remove(entries.removed, false);
      for (const flight of open) {
        const found = loaded.get(flight.key);
        this.#backoffs.delete(flight.key);
        flight.succeed(found && { value: found.value, source: 'loader', stale: false, ageMs: 0 });
      }
    } catch (error) {
      this.#report(keys, performance.now() - started, { error });
      for (const flight of open) {
        if (flight.stale !== undefined) this.#backOff(flight.key);
        const answer = flight.fallback('loader-failed', error);
        if (answer === undefined) flight.fail(error);
        else flight.succeed(answer);
      }
    }
  }

  // Answers what the stores have, and gives back the flights that need the loader.
  async #lookFurther(flights: Flight<V>[], call: Call<V>): Promise<Flight<V>[]> {
    const past = Math.max(call.graceMs, call.revalidateMs);
    const found =
      call.forced || this.#tiers.stores.length === 0
        ? undefined
        : await this.#tiers.read(
            flights.map(({ pending }) => pending),
            past,
          );
    const now = this.#settings.now();
    return flights.filter((flight) => {
      const stored = found?.get(flight.key);
      if (stored !== undefined && now < stored.expiresAt) {
        flight.succeed({
          value: stored.value,
          source: stored.tier,
          stale: false,
          ageMs: now - stored.createdAt,
        });
        return false;
      }
      if (stored !== undefined && (flight.stale === undefined || stored.createdAt > flight.stale.createdAt))
        flight.stale = stored;
      if (flight.forced || flight.stale === undefined) return true;
      if (this.backingOff(flight.key, now)) {
        const covered = now < flight.stale.expiresAt + past;
        if (covered) flight.succeed(staleAnswer(flight.stale, now, 'backing-off'));
        return !covered;
      }
      if (now < flight.stale.expiresAt + call.revalidateMs)
        flight.answerEarly(staleAnswer(flight.stale, now, 'revalidating'));
      return true;
    });
  }

  #entriesOf(
    flights: Flight<V>[],
    loaded: Map<string, Loaded<V>>,
    call: Call<V>,
  ): { kept: NewEntry<V>[]; removed: string[] } {
    const kept: NewEntry<V>[] = [];
    const removed: string[] = [];
    for (const flight of flights) {
      const found = loaded.get(flight.key);
      if (found === undefined || found.skip === true) continue;
      const tags = found.tags ?? call.tags;
      if (!this.#tiers.current(flight.pending, tags)) continue;
      const { value } = found;
      const life = this.lifetime(
        value,
        [found.ttl, call.ttl, this.#settings.ttl],
        call.graceMs,
        call.revalidateMs,
      );
      if (life.ttlMs === 0 || (value === undefined && !this.#settings.cacheUndefined))
        removed.push(flight.key);
      else kept.push({ key: flight.key, value, ...life, stamp: flight.pending.stamp, tags });
    }
    return { kept, removed };
  }

  #report(keys: string[], durationMs: number, failure: { error: unknown } | undefined): void {
    this.#counts.loaded(durationMs, failure !== undefined);
    const cache = this.#settings.name;
    if (failure === undefined) {
      if (this.#events.wants('load')) this.#events.emit('load', { cache, keys, durationMs });
    } else if (this.#events.wants('load-error'))
      this.#events.emit('load-error', { cache, keys, durationMs, error: failure.error });
  }

  #backOff(key: string): void {
    if (this.#settings.graceBackoffMs === 0) return;
    this.#backoffs.delete(key);
    this.#backoffs.set(key, this.#settings.now() + this.#settings.graceBackoffMs);
    if (this.#backoffs.size <= maxBackoffs) return;
    for (const oldest of this.#backoffs.keys()) {
      this.#backoffs.delete(oldest);
      break;
    }
  }

  #replace(key: string): void {
    const earlier = this.#flights.get(key);
    if (earlier !== undefined) earlier.pending.superseded = true;
  }

  #finish(flight: Flight<V>): void {
    this.#tiers.end(flight.pending);
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
  }
}
