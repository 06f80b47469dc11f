import { AsyncLocalStorage } from 'node:async_hooks';
import type { Call, KeysLoader, Loaded, Wanted } from './call.ts';
import type { CacheEvents } from './events.ts';
import { type Failures, judge } from './failures.ts';
import type { Flight } from './flight.ts';
import type { NewEntry } from './found.ts';
import { entryOf } from './lifetime.ts';
import type { Admission } from './load-lock.ts';
import { observe, SelfWaitError } from './self-wait.ts';
import type { Settings } from './settings/settings.ts';
import type { Counts } from './stats.ts';
import type { Tiers } from './tiers.ts';

const isBehind = ({ behind }: { readonly behind: boolean }): boolean => behind;
const isKept = <V>(entry: NewEntry<V> | 'removed' | undefined): entry is NewEntry<V> =>
  entry !== undefined && entry !== 'removed';
// By what it is, not by what it is not: where `Promise` was replaced, what an async function answers is none of it.
const isThere = <T>(answer: readonly T[] | Promise<readonly T[]>): answer is readonly T[] =>
  Array.isArray(answer);

/** Calls the loader of flights whose turn has come, keeps what it brings, and answers those who wait. */
export class LoaderCalls<V> {
  readonly #settings: Settings<V>;
  readonly #tiers: Tiers<V>;
  readonly #counts: Counts;
  readonly #events: CacheEvents;
  readonly #failures: Failures;
  readonly #current = (flight: Flight<V>, tags: readonly string[] | undefined): boolean =>
    this.#tiers.current(flight.pending, tags);
  // A load behind an answer must not see the transaction or the user of the request that happened to start it.
  readonly #outside = AsyncLocalStorage.snapshot();

  constructor(
    settings: Settings<V>,
    tiers: Tiers<V>,
    counts: Counts,
    events: CacheEvents,
    failures: Failures,
  ) {
    this.#settings = settings;
    this.#tiers = tiers;
    this.#counts = counts;
    this.#events = events;
    this.#failures = failures;
  }

  /** At once where the loader answers at once: undefined then. Else, and behind a lock, the promise that all is done; it never rejects. */
  call(
    open: readonly Flight<V>[],
    load: KeysLoader<V>,
    call: Call<V>,
    signal: AbortSignal,
    admission: Admission | undefined,
  ): Promise<void> | undefined {
    return open.every(isBehind)
      ? this.#outside(() => this.#callHere(open, load, call, signal, admission))
      : this.#callHere(open, load, call, signal, admission);
  }

  #callHere(
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
    const now = this.#settings.now();
    if (this.#report(open, this.#settings.elapsed(now) - started, undefined)) this.#drop(open, entries);
    const kept = entries.every(isKept) ? entries : entries.filter(isKept);
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
      this.#failures.forget(flight.key);
      flight.succeed(found && { value: found.value, source: 'loader', stale: false, ageMs: 0, ttlMs });
    }
    return stored;
  }

  // A listener may have set, deleted or invalidated a key just now: what was loaded is older.
  #drop(open: readonly Flight<V>[], entries: (NewEntry<V> | 'removed' | undefined)[]): void {
    for (const [at, entry] of entries.entries())
      if (!this.#current(open[at]!, isKept(entry) ? entry.tags : undefined)) entries[at] = undefined;
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
      this.#failures.backOff(key, now + this.#settings.graceBackoffMs);
    const covered = coverable && flight.covers(call.graceMs);
    const outdated = pending.superseded || pending.stamp < this.#tiers.invalidatedAt;
    // The ring is of the loads of this moment; the next ones may well end.
    const lasting = !(error instanceof SelfWaitError);
    if (call.errorMs > 0 && verdict !== 'throw' && !covered && !outdated && lasting)
      this.#failures.remember(key, now + call.errorMs, error);
    if (coverable) flight.failOrCover(error);
    else flight.fail(error);
  }

  /** True when somebody was told. */
  #report(
    flights: readonly Flight<V>[],
    durationMs: number,
    failure: { readonly error: unknown } | undefined,
  ): boolean {
    this.#counts.loaded(durationMs, failure !== undefined);
    if (!this.#events.wants(failure === undefined ? 'load' : 'load-error')) return false;
    const told = { cache: this.#settings.name, keys: flights.map(({ key }) => key), durationMs };
    if (failure === undefined) this.#events.emit('load', told);
    else this.#events.emit('load-error', { ...told, error: failure.error });
    return true;
  }
}
