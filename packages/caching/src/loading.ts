import { AsyncLocalStorage } from 'node:async_hooks';
import type { Call, KeysLoader, Wanted } from './call.ts';
import type { CacheEvents } from './events.ts';
import { Failures, judge } from './failures.ts';
import { Flight, freshAnswer, staleAtOnce } from './flight.ts';
import type { Found } from './found.ts';
import { StoreKeys } from './keys.ts';
import { entriesOf } from './lifetime.ts';
import { type Admission, admit, type LockSettings } from './load-lock.ts';
import { LoadSlots } from './load-slots.ts';
import { observed } from './self-wait.ts';
import type { Settings } from './settings/settings.ts';
import type { Counts } from './stats.ts';
import type { Tiers } from './tiers.ts';
import type { TimeBudget } from './time-budget.ts';

/** A load that has taken this many times a caller's `loaderTimeoutMs` is given up, so that it cannot block its key for good. */
const givenUpAfter = 10;

/** One load a key at a time in this process, for success and failure alike. */
export class Loading<V> {
  readonly #settings: Settings<V>;
  readonly #tiers: Tiers<V>;
  readonly #counts: Counts;
  readonly #events: CacheEvents;
  readonly #flights = new Map<string, Flight<V>>();
  readonly #running = new Map<AbortController, readonly Flight<V>[]>();
  readonly failures = new Failures();
  readonly #slots: LoadSlots;
  readonly #lockNames: StoreKeys;
  // A load behind an answer must not see the transaction or the user of the request that happened to start it.
  readonly #outside = AsyncLocalStorage.snapshot();

  constructor(settings: Settings<V>, tiers: Tiers<V>, counts: Counts, events: CacheEvents) {
    this.#settings = settings;
    this.#tiers = tiers;
    this.#counts = counts;
    this.#events = events;
    this.#slots = new LoadSlots(settings.maxLoads);
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
  start(wanted: readonly Wanted<V>[], load: KeysLoader<V>, call: Call<V>, background: boolean): Flight<V>[] {
    const controller = new AbortController();
    let abandoned = 0;
    const flights = wanted.map(({ key, stale }) => {
      this.#replace(key);
      const flight = new Flight<V>({
        pending: this.#tiers.begin(key),
        stale,
        forced: call.forced,
        background,
        now: this.#settings.now,
        onAbandoned: (left, reason) => {
          left.pending.superseded = true;
          if (++abandoned === wanted.length) controller.abort(reason);
        },
      });
      this.#flights.set(key, flight);
      return flight;
    });
    this.#running.set(controller, flights);
    void this.#run(flights, observed(flights, load), call, controller.signal).finally(() => {
      this.#running.delete(controller);
      for (const flight of flights) this.#finish(flight);
    });
    return flights;
  }

  /** Is this key being loaded, for whomever? */
  busy(key: string): boolean {
    return this.#flights.get(key)?.settled === false;
  }

  /** Tells all loads to end, and everybody who waits for one. What they still bring is not kept. */
  close(reason: unknown): void {
    for (const [controller, flights] of this.#running) {
      for (const flight of flights) {
        // One that is settled may have its value on the way to the stores.
        if (flight.settled) continue;
        flight.pending.superseded = true;
        flight.fail(reason);
      }
      controller.abort(reason);
    }
  }

  // Never rejects: what goes wrong goes to the waiters.
  async #run(flights: Flight<V>[], load: KeysLoader<V>, call: Call<V>, signal: AbortSignal): Promise<void> {
    const time = this.#tiers.timeBudget();
    const open = await this.#lookFurther(flights, call, time);
    if (open.length === 0 || signal.aborted) return;
    for (const flight of open) {
      // What is loaded from now on is newer than all that was read, whatever the clocks of its writers say.
      flight.pending.stamp = this.#tiers.stamp();
      flight.startLoading();
    }
    const turn = this.#slots.take(signal);
    if (turn !== true && !(await turn)) return;
    try {
      const { lock } = this.#settings;
      const admission =
        lock === undefined || !call.locked
          ? undefined
          : await this.#admitted(open[0]!, lock, call, signal, time);
      if (signal.aborted || typeof admission === 'string') return;
      const work = () => this.#load(open, load, call, signal, admission);
      await (open.every((flight) => flight.behind) ? this.#outside(work) : work());
      await admission?.leave();
    } finally {
      this.#slots.give();
    }
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
      const loaded = await load(this.#handed(open), signal);
      const current = (flight: Flight<V>, tags: readonly string[] | undefined) =>
        this.#tiers.current(flight.pending, tags);
      const { kept, removed } = entriesOf(open, loaded, call, this.#settings, current);
      this.#report(keys, performance.now() - started, undefined);
      // Behind a lock the stores are written before it is given up, and only while it is ours and nothing changed the key.
      const allowed =
        admission && (async () => (await admission.current()) && current(open[0]!, kept.get(keys[0]!)?.tags));
      const stored = kept.size > 0 && this.#tiers.keep([...kept.values()], false, allowed);
      if (removed.length > 0) void this.#tiers.remove(removed, open[0]!.pending.stamp);
      for (const flight of open) {
        const found = loaded.get(flight.key);
        const ttlMs = kept.get(flight.key)?.ttlMs ?? 0;
        this.failures.forget(flight.key);
        flight.succeed(found && { value: found.value, source: 'loader', stale: false, ageMs: 0, ttlMs });
      }
      if (admission !== undefined) await stored;
    } catch (error) {
      this.#report(keys, performance.now() - started, { error });
      for (const flight of open) this.#failed(flight, error, call);
    }
  }

  // A loader may change the stale value it is given; the one that is kept must not change with it.
  #handed(open: readonly Flight<V>[]): Wanted<V>[] {
    const { copy } = this.#tiers.recall;
    return open.map(({ key, stale }) => ({
      key,
      stale: stale && { ...stale, value: copy.outOf(stale.value) },
    }));
  }

  #failed(flight: Flight<V>, error: unknown, call: Call<V>): void {
    const { key, stale, pending } = flight;
    const now = this.#settings.now();
    const verdict = judge(call.onLoaderError, error, key, stale !== undefined);
    const coverable = verdict === undefined || verdict === 'stale';
    if (coverable && stale !== undefined && this.#settings.graceBackoffMs > 0)
      this.failures.backOff(key, now + this.#settings.graceBackoffMs);
    const covered = coverable && flight.covers(call.graceMs);
    const outdated = pending.superseded || pending.stamp < this.#tiers.invalidatedAt;
    if (call.errorMs > 0 && verdict !== 'throw' && !covered && !outdated)
      this.failures.remember(key, now + call.errorMs, error);
    if (coverable) flight.failOrCover(error);
    else flight.fail(error);
  }

  #admitted(
    flight: Flight<V>,
    lock: LockSettings,
    call: Call<V>,
    signal: AbortSignal,
    time: TimeBudget,
  ): Promise<Admission | 'answered' | 'abandoned'> {
    const { now, random, storeTimeoutMs: timeoutMs } = this.#settings;
    return admit(
      this.#lockNames.entry(flight.key),
      lock,
      { now, random, timeoutMs, signal, time },
      async (left) => (await this.#lookFurther([flight], call, left)).length === 0,
    );
  }

  // Answers what the stores have, and gives back the flights that need the loader.
  async #lookFurther(flights: readonly Flight<V>[], call: Call<V>, time: TimeBudget): Promise<Flight<V>[]> {
    const pendings = flights.map(({ pending }) => pending);
    const past = Math.max(call.graceMs, call.revalidateMs);
    const found =
      call.forced || this.#tiers.stores.length === 0
        ? undefined
        : await this.#tiers.readStores(pendings, past, time);
    const now = this.#settings.now();
    const open: Flight<V>[] = [];
    for (const flight of flights)
      if (!this.#answered(flight, found?.get(flight.key), call, now)) open.push(flight);
    return open;
  }

  // Does what the stores have of a key, or what is left of it here, make the loader needless?
  #answered(flight: Flight<V>, stored: Found<V> | undefined, call: Call<V>, now: number): boolean {
    if (stored !== undefined) {
      const known = call.renewing === true && stored.stamp <= (flight.stale?.stamp ?? 0);
      if (now < stored.expiresAt && !known) {
        flight.succeed(freshAnswer(stored, now));
        return true;
      }
      if (flight.stale === undefined || stored.createdAt > flight.stale.createdAt) flight.stale = stored;
    }
    if (flight.stale === undefined || call.forced || call.renewing === true) return false;
    const answer = staleAtOnce(flight.stale, call, now, this.failures.backingOff(flight.key, now));
    if (answer?.reason === 'revalidating') flight.answerEarly(answer);
    if (answer?.reason !== 'backing-off') return false;
    flight.succeed(answer);
    return true;
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
