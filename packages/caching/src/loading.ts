import { AsyncLocalStorage } from 'node:async_hooks';
import type { Call, KeysLoader, Loaded, Wanted } from './call.ts';
import { Eager } from './eager.ts';
import type { CacheEvents } from './events.ts';
import { Failures, judge } from './failures.ts';
import { Flight, givenUpAfter } from './flight.ts';
import type { NewEntry } from './found.ts';
import { StoreKeys } from './keys.ts';
import { entryOf } from './lifetime.ts';
import { type Admission, admit, type LockSettings } from './load-lock.ts';
import { LoadSlots, Turn } from './load-slots.ts';
import { maxTimerMs } from './option-checks.ts';
import type { Pending } from './pending.ts';
import { SecondLook } from './second-look.ts';
import { observe, SelfWaitError } from './self-wait.ts';
import type { Settings } from './settings/settings.ts';
import type { Counts } from './stats.ts';
import type { Tiers } from './tiers.ts';
import type { TimeBudget } from './time-budget.ts';

const isGone = ({ abandoned }: { readonly abandoned: boolean }): boolean => abandoned;
const isBehind = ({ behind }: { readonly behind: boolean }): boolean => behind;
const isChanged = ({ pending }: { readonly pending: Pending }): boolean => pending.superseded;

const isKept = <V>(entry: NewEntry<V> | 'removed' | undefined): entry is NewEntry<V> =>
  entry !== undefined && entry !== 'removed';
// By what it is, not by what it is not: where `Promise` was replaced, what an async function answers is none of it.
const isThere = <T>(answer: readonly T[] | Promise<readonly T[]>): answer is readonly T[] =>
  Array.isArray(answer);
const soon = Promise.resolve();

/** One load a key at a time in this process, for success and failure alike. */
export class Loading<V> {
  readonly #settings: Settings<V>;
  readonly #tiers: Tiers<V>;
  readonly #counts: Counts;
  readonly #events: CacheEvents;
  /** By key. Never empty, with what is no key: a Map makes itself a smaller table whenever its last entry goes. */
  readonly #flights = new Map<string, Flight<V> | undefined>([['', undefined]]);
  /** Those under way that are no longer the one of their key. */
  readonly #replaced = new Set<Flight<V>>();
  readonly failures = new Failures();
  readonly eager: Eager<V>;
  readonly #look: SecondLook<V>;
  readonly #slots: LoadSlots | undefined;
  readonly #lockNames: StoreKeys;
  readonly #current = (flight: Flight<V>, tags: readonly string[] | undefined): boolean =>
    this.#tiers.current(flight.pending, tags);
  // A load behind an answer must not see the transaction or the user of the request that happened to start it.
  readonly #outside = AsyncLocalStorage.snapshot();

  constructor(settings: Settings<V>, tiers: Tiers<V>, counts: Counts, events: CacheEvents) {
    this.#settings = settings;
    this.#tiers = tiers;
    this.#counts = counts;
    this.#events = events;
    this.eager = new Eager(settings, counts, this.failures, (key) => this.#busy(key));
    this.#look = new SecondLook(settings, tiers, this.failures);
    this.#slots =
      settings.maxLoads === Number.POSITIVE_INFINITY ? undefined : new LoadSlots(settings.maxLoads);
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
    return flight.hangs(call.hardMs) ? undefined : flight;
  }

  /** Starts one load of all these keys. The flights are registered before this returns, so that others can join. */
  start(wanted: readonly Wanted<V>[], load: KeysLoader<V>, call: Call<V>, background: boolean): Flight<V>[] {
    const controller = new AbortController();
    const turn = this.#slots && new Turn(this.#slots);
    const flights: Flight<V>[] = wanted.map(({ key, stale }) => {
      this.#replace(key, call);
      const flight = new Flight<V>({
        pending: this.#tiers.begin(key),
        stale,
        forced: call.forced,
        background,
        controller,
        turn,
        now: this.#settings.now,
        onAbandoned: (left, reason) => {
          left.pending.superseded = true;
          if (flights.every(({ settled, abandoned }) => settled || abandoned)) controller.abort(reason);
        },
      });
      this.#flights.set(key, flight);
      return flight;
    });
    if (turn !== undefined) controller.signal.addEventListener('abort', () => turn.end(), { once: true });
    if (turn !== undefined || this.#settings.lock !== undefined || this.#tiers.stores.length > 0)
      void this.#run(flights, load, call, controller.signal, turn);
    // Not at once: a loader never runs before its caller goes on.
    else void soon.then(() => this.#runPlain(flights, load, call, controller.signal));
    return flights;
  }

  /** Is this key being loaded, for whomever? */
  #busy(key: string): boolean {
    return this.#flights.get(key)?.settled === false;
  }

  /** Starts a load behind the answer, unless the stores have a newer value than this. */
  renew(due: readonly Wanted<V>[], load: KeysLoader<V>, call: Call<V>): void {
    this.start(due, load, { ...call, renewing: true }, true);
  }

  /** Tells all loads to end, and everybody who waits for one. What they still bring is not kept. */
  close(reason: unknown): void {
    const all = [...this.#flights.values(), ...this.#replaced].filter((flight) => flight !== undefined);
    for (const flight of all) {
      // One that is settled may have its value on the way to the stores.
      if (flight.settled) continue;
      flight.pending.superseded = true;
      flight.fail(reason);
    }
    for (const flight of all) flight.controller.abort(reason);
  }

  // Never rejects: what goes wrong goes to the waiters.
  async #run(
    flights: readonly Flight<V>[],
    load: KeysLoader<V>,
    call: Call<V>,
    signal: AbortSignal,
    turn: Turn | undefined,
  ): Promise<void> {
    try {
      const time = this.#tiers.timeBudget();
      let open = await this.#look.atStores(flights, call, time);
      const due = this.eager.dueOf(flights, call);
      if (due.length > 0) this.renew(due, load, call);
      if (!this.#begins(open, signal)) return;
      if (turn !== undefined && !(await this.#turnCame(turn, call))) return;
      if (open.some(isChanged)) open = await this.#look.atChanged(open, call);
      if (open.every(isGone) || signal.aborted) return;
      const now = this.#settings.now();
      for (const flight of open) flight.loadingSince = now;
      const { lock } = this.#settings;
      const admission =
        lock === undefined || !call.locked
          ? undefined
          : await this.#admitted(open[0]!, lock, call, signal, time);
      if (signal.aborted || typeof admission === 'string') return;
      await this.#load(open, load, call, signal, admission);
      await admission?.leave();
    } finally {
      this.#finish(flights, turn);
    }
  }

  // As #run, where there is nothing to wait for but the loader.
  #runPlain(flights: readonly Flight<V>[], load: KeysLoader<V>, call: Call<V>, signal: AbortSignal): void {
    if (flights.some(isChanged)) {
      void this.#run(flights, load, call, signal, undefined);
      return;
    }
    let work: Promise<void> | undefined;
    try {
      const open = this.#look.atMemory(flights, call);
      if (!this.#begins(open, signal)) return;
      const now = this.#settings.now();
      for (const flight of open) flight.loadingSince = now;
      work = this.#load(open, load, call, signal, undefined);
    } finally {
      if (work === undefined) this.#finish(flights, undefined);
    }
    if (work !== undefined) void work.then(() => this.#finish(flights, undefined));
  }

  /** Does anybody still want the loads that are open? Then they begin. */
  #begins(open: readonly Flight<V>[], signal: AbortSignal): boolean {
    if (open.every(isGone) || signal.aborted) return false;
    for (const flight of open) {
      // What is loaded from now on is newer than all that was read, whatever the clocks of its writers say.
      flight.pending.stamp = this.#tiers.stamp();
      flight.startLimits();
    }
    return true;
  }

  // A loader that hangs must not hold its turn for good.
  async #turnCame(turn: Turn, { hardMs }: Call<V>): Promise<boolean> {
    const came = await turn.take();
    if (came && hardMs !== undefined) turn.endAfter(Math.min(maxTimerMs, givenUpAfter * hardMs));
    return came;
  }

  // At once where the loader answers at once.
  #load(
    open: readonly Flight<V>[],
    load: KeysLoader<V>,
    call: Call<V>,
    signal: AbortSignal,
    admission: Admission | undefined,
  ): Promise<void> | undefined {
    return open.every(isBehind)
      ? this.#outside(() => this.#loadHere(open, load, call, signal, admission))
      : this.#loadHere(open, load, call, signal, admission);
  }

  #loadHere(
    open: readonly Flight<V>[],
    load: KeysLoader<V>,
    call: Call<V>,
    signal: AbortSignal,
    admission: Admission | undefined,
  ): Promise<void> | undefined {
    const since = open[0]!.loadingSince!;
    const started = admission === undefined ? this.#settings.elapsed(since) : performance.now();
    try {
      const answer = observe(open, load, this.#handed(open), signal);
      if (!isThere(answer) || admission !== undefined)
        return this.#keepLater(open, answer, started, call, admission);
      void this.#keep(open, answer, started, call, undefined);
    } catch (error) {
      this.#fail(open, error, started, call);
    }
    return undefined;
  }

  async #keepLater(
    open: readonly Flight<V>[],
    answer: ReturnType<KeysLoader<V>>,
    started: number,
    call: Call<V>,
    admission: Admission | undefined,
  ): Promise<void> {
    try {
      const stored = this.#keep(open, await answer, started, call, admission);
      if (admission !== undefined) await stored;
    } catch (error) {
      this.#fail(open, error, started, call);
    }
  }

  #keep(
    open: readonly Flight<V>[],
    loaded: readonly (Loaded<V> | undefined)[],
    started: number,
    call: Call<V>,
    admission: Admission | undefined,
  ): Promise<boolean> | undefined {
    const entries = open.map((flight, at) =>
      entryOf(flight, loaded[at], call, this.#settings, this.#current),
    );
    const kept = entries.every(isKept) ? entries : entries.filter(isKept);
    const now = this.#settings.now();
    this.#report(open, this.#settings.elapsed(now) - started, undefined);
    // Behind a lock the stores are written before it is given up, and only while it is ours and nothing changed the key.
    const allowed =
      admission && (async () => (await admission.current()) && this.#current(open[0]!, kept[0]?.tags));
    const stored = kept.length > 0 ? this.#tiers.keep(kept, false, now, allowed) : undefined;
    if (kept !== entries) {
      const removed = open.filter((_, at) => entries[at] === 'removed').map(({ key }) => key);
      if (removed.length > 0) void this.#tiers.remove(removed, open[0]!.pending.stamp);
    }
    for (let at = 0; at < open.length; at++) {
      const flight = open[at]!;
      const found = loaded[at];
      const entry = entries[at];
      const ttlMs = isKept(entry) ? entry.ttlMs : 0;
      this.failures.forget(flight.key);
      flight.succeed(found && { value: found.value, source: 'loader', stale: false, ageMs: 0, ttlMs });
    }
    return stored;
  }

  #fail(open: readonly Flight<V>[], error: unknown, started: number, call: Call<V>): void {
    this.#report(open, performance.now() - started, { error });
    for (const flight of open) this.#failed(flight, error, call);
  }

  // A loader may change the stale value it is given; the one that is kept must not change with it.
  #handed(open: readonly Flight<V>[]): Wanted<V>[] {
    const { copy } = this.#tiers.recall;
    return open.map((flight) => {
      const { key, stale } = flight;
      return stale === undefined ? flight : { key, stale: { ...stale, value: copy.outOf(stale.value) } };
    });
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
    // The ring is of the loads of this moment; the next ones may well end.
    const lasting = !(error instanceof SelfWaitError);
    if (call.errorMs > 0 && verdict !== 'throw' && !covered && !outdated && lasting)
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
      async (left) => (await this.#look.atStores([flight], call, left)).length === 0,
    );
  }

  #report(
    flights: readonly Flight<V>[],
    durationMs: number,
    failure: { readonly error: unknown } | undefined,
  ): void {
    this.#counts.loaded(durationMs, failure !== undefined);
    if (!this.#events.wants(failure === undefined ? 'load' : 'load-error')) return;
    const told = { cache: this.#settings.name, keys: flights.map(({ key }) => key), durationMs };
    if (failure === undefined) this.#events.emit('load', told);
    else this.#events.emit('load-error', { ...told, error: failure.error });
  }

  #replace(key: string, call: Call<V>): void {
    const earlier = this.#flights.get(key);
    if (earlier === undefined) return;
    this.#replaced.add(earlier);
    earlier.pending.superseded = true;
    if (earlier.hangs(call.hardMs)) earlier.turn?.end();
  }

  #finish(flights: readonly Flight<V>[], turn: Turn | undefined): void {
    turn?.end();
    for (const flight of flights) {
      this.#tiers.end(flight.pending);
      if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
      else this.#replaced.delete(flight);
    }
  }
}
