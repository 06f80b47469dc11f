import type { Call, KeysLoader, Wanted } from './call.ts';
import { Eager } from './eager.ts';
import type { CacheEvents } from './events.ts';
import { Failures } from './failures.ts';
import { Flight, givenUpAfter } from './flight.ts';
import { StoreKeys } from './keys.ts';
import { type Admission, admit, type LockSettings } from './load-lock.ts';
import { LoadSlots, Turn } from './load-slots.ts';
import { LoaderCalls } from './loader-calls.ts';
import { maxTimerMs } from './option-checks.ts';
import type { Pending } from './pending.ts';
import { SecondLook } from './second-look.ts';
import type { Settings } from './settings/settings.ts';
import type { Counts } from './stats.ts';
import type { Tiers } from './tiers.ts';
import type { TimeBudget } from './time-budget.ts';

const isGone = ({ abandoned }: { readonly abandoned: boolean }): boolean => abandoned;
const isChanged = ({ pending }: { readonly pending: Pending }): boolean => pending.superseded;

const soon = Promise.resolve();

/** One load a key at a time in this process, for success and failure alike. */
export class Loading<V> {
  readonly #settings: Settings<V>;
  readonly #tiers: Tiers<V>;
  /** By key. What stands under '', which is no key, keeps it from getting empty: a Map shrinks its table whenever its last entry goes. */
  readonly #flights = new Map<string, Flight<V> | undefined>([['', undefined]]);
  /** Those under way that are no longer the one of their key. */
  readonly #replaced = new Set<Flight<V>>();
  readonly failures = new Failures();
  readonly eager: Eager<V>;
  readonly #look: SecondLook<V>;
  readonly #slots: LoadSlots | undefined;
  readonly #lockNames: StoreKeys;
  readonly #loaders: LoaderCalls<V>;
  /** Why no load begins any more; wrapped, since anything may be a reason. */
  #closed: { readonly reason: unknown } | undefined;

  constructor(settings: Settings<V>, tiers: Tiers<V>, counts: Counts, events: CacheEvents) {
    this.#settings = settings;
    this.#tiers = tiers;
    this.#loaders = new LoaderCalls(settings, tiers, counts, events, this.failures);
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

  /**
   * Starts one load of all these keys. The flights are registered before this returns, so that others can join.
   * @throws The reason of `close`, after it.
   */
  start(wanted: readonly Wanted<V>[], load: KeysLoader<V>, call: Call<V>, background: boolean): Flight<V>[] {
    if (this.#closed !== undefined) throw this.#closed.reason;
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
    if (this.#closed === undefined) this.start(due, load, { ...call, renewing: true }, true);
  }

  /** Tells all loads to end, and everybody who waits for one. What they still bring is not kept. */
  close(reason: unknown): void {
    this.#closed = { reason };
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
      await this.#loaders.call(open, load, call, signal, admission);
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
      work = this.#loaders.call(open, load, call, signal, undefined);
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
