import type { CacheEvents } from './events.ts';
import { type ErrorPolicy, Failures, judge } from './failures.ts';
import { Flight, staleAnswer } from './flight.ts';
import type { Found } from './found.ts';
import { StoreKeys } from './keys.ts';
import { entriesOf } from './lifetime.ts';
import { type Admission, admit } from './load-lock.ts';
import type { EagerRefresh, Settings } from './options.ts';
import type { Counts } from './stats.ts';
import type { Tiers } from './tiers.ts';
import type { TimeBudget } from './time-budget.ts';
import type { Duration, Ttl } from './ttl.ts';

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
  negativeTtl: Duration | undefined;
  errorMs: number;
  eager: EagerRefresh | undefined;
  /** Of a load behind a fresh value: only a newer one in the stores makes it needless. */
  renewing?: boolean | undefined;
  slidingMaxMs: number | undefined;
  onLoaderError: ErrorPolicy | undefined;
}

/** What a loader brought for one key. */
export interface Loaded<V> {
  value: V;
  ttl?: Ttl<V> | undefined;
  tags?: readonly string[] | undefined;
  skip?: boolean | undefined;
  etag?: string | undefined;
  size?: number | undefined;
}

/** Loads the values of some keys at once; a key it leaves out has no value. */
export type KeysLoader<V> = (
  flights: readonly Flight<V>[],
  signal: AbortSignal,
) => Promise<Map<string, Loaded<V>>>;

/** A load that has taken this many times a caller's `loaderTimeoutMs` is given up, so that it cannot block its key for good. */
const givenUpAfter = 10;

/** One load a key at a time in this process, for success and failure alike. */
export class Loading<V> {
  readonly #settings: Settings<V>;
  readonly #tiers: Tiers<V>;
  readonly #counts: Counts;
  readonly #events: CacheEvents;
  readonly #flights = new Map<string, Flight<V>>();
  readonly #controllers = new Set<AbortController>();
  readonly failures = new Failures();
  readonly #lockNames: StoreKeys;

  constructor(settings: Settings<V>, tiers: Tiers<V>, counts: Counts, events: CacheEvents) {
    this.#settings = settings;
    this.#tiers = tiers;
    this.#counts = counts;
    this.#events = events;
    this.#lockNames = new StoreKeys(settings.namespace);
  }

  /** The load of this key that a caller may join. */
  joinable(key: string, call: Call<V>): Flight<V> | undefined {
    const flight = this.#flights.get(key);
    if (
      flight === undefined ||
      flight.settled ||
      flight.pending.superseded ||
      (call.forced && !flight.forced)
    )
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

  /** Is this key being loaded, for whomever? */
  busy(key: string): boolean {
    return this.#flights.get(key)?.settled === false;
  }

  abortAll(reason: unknown): void {
    for (const controller of this.#controllers) controller.abort(reason);
  }

  // Never rejects: what goes wrong goes to the waiters.
  async #run(flights: Flight<V>[], load: KeysLoader<V>, call: Call<V>, signal: AbortSignal): Promise<void> {
    const time = this.#tiers.timeBudget();
    const open = await this.#lookFurther(flights, call, time);
    if (open.length === 0) return;
    for (const flight of open) {
      // What is loaded from now on is newer than all that was read, whatever the clocks of its writers say.
      flight.pending.stamp = this.#tiers.stamp();
      flight.startLoading();
    }
    let admission: Admission | undefined;
    if (this.#settings.lock !== undefined && open.length === 1) {
      admission = await this.#admitted(open[0]!, this.#settings.lock, call, signal, time);
      if (admission === undefined) {
        open[0]!.fail(signal.reason);
        return;
      }
    }
    await this.#load(open, load, call, signal, admission);
    await admission?.leave();
  }

  async #load(
    open: Flight<V>[],
    load: KeysLoader<V>,
    call: Call<V>,
    signal: AbortSignal,
    admission: Admission | undefined,
  ): Promise<void> {
    const started = performance.now();
    const keys = open.map(({ key }) => key);
    try {
      const loaded = await load(open, signal);
      const current = (flight: Flight<V>, tags: readonly string[] | undefined) =>
        this.#tiers.current(flight.pending, tags);
      const { kept, removed } = entriesOf(open, loaded, call, this.#settings, current);
      this.#report(keys, performance.now() - started, undefined);
      // Behind a lock the stores are written before it is given up, and only while it is ours and nothing changed the key.
      const allowed =
        admission && (async () => (await admission.current()) && current(open[0]!, kept[0]?.tags));
      const stored = this.#tiers.keep(kept, false, allowed);
      if (removed.length > 0) void this.#tiers.remove(removed, open[0]!.pending.stamp);
      for (const flight of open) {
        const found = loaded.get(flight.key);
        this.failures.forget(flight.key);
        flight.succeed(found && { value: found.value, source: 'loader', stale: false, ageMs: 0 });
      }
      if (admission !== undefined) await stored;
    } catch (error) {
      this.#report(keys, performance.now() - started, { error });
      for (const flight of open) this.#failed(flight, error, call);
    }
  }

  #failed(flight: Flight<V>, error: unknown, call: Call<V>): void {
    const { key, stale, pending } = flight;
    const now = this.#settings.now();
    const verdict = judge(call.onLoaderError, error, key, stale !== undefined);
    const coverable = verdict === undefined || verdict === 'stale';
    if (coverable && stale !== undefined && this.#settings.graceBackoffMs > 0)
      this.failures.backOff(key, now + this.#settings.graceBackoffMs);
    const answer = coverable ? flight.fallback('loader-failed', error) : undefined;
    if (answer !== undefined) {
      flight.succeed(answer);
      return;
    }
    const outdated = pending.superseded || pending.stamp < this.#tiers.invalidatedAt;
    if (call.errorMs > 0 && verdict !== 'throw' && !outdated)
      this.failures.remember(key, now + call.errorMs, error);
    flight.fail(error);
  }

  #admitted(
    flight: Flight<V>,
    settings: NonNullable<Settings<V>['lock']>,
    call: Call<V>,
    signal: AbortSignal,
    time: TimeBudget,
  ): Promise<Admission | undefined> {
    const { now, random, storeTimeoutMs: timeoutMs } = this.#settings;
    return admit(
      this.#lockNames.entry(flight.key),
      settings,
      { now, random, timeoutMs, signal, time },
      async (left) => (await this.#lookFurther([flight], call, left)).length === 0,
    );
  }

  // Answers what the stores have, and gives back the flights that need the loader.
  async #lookFurther(flights: Flight<V>[], call: Call<V>, time: TimeBudget): Promise<Flight<V>[]> {
    const past = Math.max(call.graceMs, call.revalidateMs);
    const found =
      call.forced || this.#tiers.stores.length === 0
        ? undefined
        : await this.#tiers.readStores(
            flights.map(({ pending }) => pending),
            past,
            time,
          );
    const now = this.#settings.now();
    return flights.filter((flight) => {
      const stored = found?.get(flight.key);
      const same = call.renewing === true && (stored?.stamp ?? 0) <= (flight.stale?.stamp ?? 0);
      if (stored !== undefined && now < stored.expiresAt && !same) {
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
      if (flight.forced || call.renewing === true || flight.stale === undefined) return true;
      if (this.failures.backingOff(flight.key, now)) {
        const covered = now < flight.stale.expiresAt + past;
        if (covered) flight.succeed(staleAnswer(flight.stale, now, 'backing-off'));
        return !covered;
      }
      if (now < flight.stale.expiresAt + call.revalidateMs)
        flight.answerEarly(staleAnswer(flight.stale, now, 'revalidating'));
      return true;
    });
  }

  #report(keys: string[], durationMs: number, failure: { error: unknown } | undefined): void {
    this.#counts.loaded(durationMs, failure !== undefined);
    const cache = this.#settings.name;
    if (failure === undefined) {
      if (this.#events.wants('load')) this.#events.emit('load', { cache, keys, durationMs });
    } else if (this.#events.wants('load-error'))
      this.#events.emit('load-error', { cache, keys, durationMs, error: failure.error });
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
