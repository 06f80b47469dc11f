import type { Call, KeysLoader, Wanted } from './call.ts';
import type { CacheEvents } from './events.ts';
import { type Answer, freshAnswer, staleAtOnce } from './flight.ts';
import type { Found } from './found.ts';
import { type Loader, one } from './loader.ts';
import type { Loading } from './loading.ts';
import type { Entry } from './memory/entry.ts';
import type { Settings } from './settings/settings.ts';
import type { Counts } from './stats.ts';
import type { Tiers } from './tiers.ts';

/** Answers one lookup after the other, and counts and tells how each was answered. */
export class Lookups<V> {
  readonly #settings: Settings<V>;
  readonly #tiers: Tiers<V>;
  readonly #loading: Loading<V>;
  readonly #counts: Counts;
  readonly #events: CacheEvents;

  constructor(
    settings: Settings<V>,
    tiers: Tiers<V>,
    loading: Loading<V>,
    counts: Counts,
    events: CacheEvents,
  ) {
    this.#settings = settings;
    this.#tiers = tiers;
    this.#loading = loading;
    this.#counts = counts;
    this.#events = events;
  }

  /** A fresh entry was found in memory. */
  hit(entry: Entry<V>, now: number): V {
    this.#counts.hits++;
    this.#counts.memory.hits++;
    this.#tiers.touched(entry, now);
    // Read before the event: a listener that writes may make the entry another key's.
    const { key, value } = entry;
    if (this.#events.wants('hit'))
      this.#events.emit('hit', { cache: this.#settings.name, key, tier: 'memory' });
    return this.#tiers.recall.copy.outOf(value);
  }

  /** As `hit`, with what else there is to tell. */
  answer(entry: Entry<V>, now: number): Answer<V> {
    const answer = freshAnswer(this.#tiers.recall.found(entry), now);
    answer.value = this.hit(entry, now);
    return answer;
  }

  /** Is this fresh entry due to be loaded anew behind the answer, and nobody at it? */
  due(entry: Entry<V>, call: Pick<Call<V>, 'eager'>, now: number): boolean {
    if (call.eager === undefined) return false;
    return this.#loading.eager.isDue(entry.key, entry.createdAt, this.#tiers.recall.endOf(entry), call, now);
  }

  /** Starts a load behind the answer, unless the stores have a newer value than this. */
  refresh(due: readonly Wanted<V>[], load: KeysLoader<V>, call: Call<V>): void {
    this.#loading.renew(due, load, call);
  }

  /** The answer, still to be counted: see {@link account}. Throws what is known to fail. */
  obtain(
    key: string,
    loader: Loader<V>,
    call: Call<V>,
    entry: Entry<V> | undefined,
    now: number,
  ): Promise<Answer<V> | undefined> {
    const stale = entry && this.#tiers.recall.found(entry);
    if (this.#tiers.recall.tier !== undefined && stale === undefined) this.#counts.memory.misses++;
    const failed = call.forced ? undefined : this.#loading.failures.remembered(key, now);
    if (failed !== undefined) {
      this.missed(key);
      throw failed.what;
    }
    const ready = this.#ready(key, stale, call, now);
    const flight = this.#loading.joinable(key, call);
    if (ready !== undefined) {
      if (flight === undefined && ready.reason === 'revalidating')
        this.#loading.start([{ key, stale }], one(loader), call, true);
      return Promise.resolve(ready);
    }
    const start = () => this.#loading.start([{ key, stale }], one(loader), call, false)[0]!.join(call);
    if (flight === undefined) return start();
    // A batch that leaves the key out says nothing of what this loader has for it.
    const again = (answer: Answer<V> | undefined): Answer<V> | Promise<Answer<V> | undefined> =>
      answer ?? this.#loading.joinable(key, call)?.join(call).then(again) ?? start();
    return flight.join(call).then(again);
  }

  /** An answer for each of these keys that has a value; `load` brings those that no tier has and nobody loads already. */
  async obtainMany(
    unique: readonly string[],
    load: KeysLoader<V>,
    call: Call<V>,
  ): Promise<Map<string, Answer<V>>> {
    const now = this.#settings.now();
    const known = new Map<string, Answer<V>>();
    const waits: [string, Promise<Answer<V> | undefined>][] = [];
    const wanted: Wanted<V>[] = [];
    const behind: Wanted<V>[] = [];
    const due: Wanted<V>[] = [];
    for (const key of unique) {
      const entry = this.#tiers.recall.entry(key, now);
      if (entry !== undefined && now < entry.expiresAt && !call.forced) {
        if (this.due(entry, call, now)) due.push({ key, stale: this.#tiers.recall.found(entry) });
        known.set(key, this.answer(entry, now));
        continue;
      }
      const failed = call.forced ? undefined : this.#loading.failures.remembered(key, now);
      if (failed !== undefined) {
        waits.push([key, Promise.reject(failed.what)]);
        continue;
      }
      const stale = entry && this.#tiers.recall.found(entry);
      const ready = this.#ready(key, stale, call, now);
      const flight = this.#loading.joinable(key, call);
      if (ready !== undefined) {
        waits.push([key, Promise.resolve(ready)]);
        if (ready.reason === 'revalidating' && flight === undefined) behind.push({ key, stale });
      } else if (flight !== undefined) waits.push([key, flight.join(call)]);
      else wanted.push({ key, stale });
    }
    if (due.length > 0) this.refresh(due, load, call);
    if (behind.length > 0) this.#loading.start(behind, load, call, true);
    if (wanted.length > 0)
      for (const flight of this.#loading.start(wanted, load, call, false))
        waits.push([flight.key, flight.join(call)]);
    const answers = await Promise.all(
      waits.map(async ([key, wait]) => [key, await this.account(key, wait)] as const),
    );
    for (const [key, answer] of answers) if (answer !== undefined) known.set(key, answer);
    return new Map(unique.flatMap((key) => (known.has(key) ? [[key, known.get(key)!]] : [])));
  }

  #ready(key: string, stale: Found<V> | undefined, call: Call<V>, now: number): Answer<V> | undefined {
    if (stale === undefined || call.forced) return undefined;
    this.#counts.memory.stale++;
    return staleAtOnce(stale, call, now, this.#loading.failures.backingOff(key, now));
  }

  /** Waits for the answer of a lookup and counts it; see {@link answered}. */
  async account(key: string, wait: Promise<Answer<V> | undefined>): Promise<Answer<V> | undefined> {
    let answer: Answer<V> | undefined;
    try {
      answer = await wait;
    } catch (error) {
      this.missed(key);
      throw error;
    }
    return this.answered(key, answer);
  }

  /** Counts the answer of a lookup. All who waited have the same; what is given back is this lookup's own. */
  answered(key: string, answer: Answer<V> | undefined): Answer<V> | undefined {
    if (answer === undefined || answer.source === 'loader') this.missed(key);
    else if (answer.stale) {
      this.#counts.stale++;
      if (this.#events.wants('stale'))
        this.#events.emit('stale', {
          cache: this.#settings.name,
          key,
          tier: answer.source,
          reason: answer.reason!,
          ...('error' in answer ? { error: answer.error } : {}),
        });
    } else this.#found(key, answer.source);
    return answer && { ...answer, value: this.#tiers.recall.copy.outOf(answer.value) };
  }

  /** Counts a lookup that found nothing, or failed. */
  missed(key: string): void {
    this.#counts.misses++;
    if (this.#events.wants('miss')) this.#events.emit('miss', { cache: this.#settings.name, key });
  }

  #found(key: string, tier: Found<V>['tier']): void {
    this.#counts.hits++;
    if (this.#events.wants('hit')) this.#events.emit('hit', { cache: this.#settings.name, key, tier });
  }

  /** The fresh values that the stores have of these keys, which memory lacks. `stale` = the entry memory has of the only one. */
  async fromStores(keys: string[], stale: Entry<V> | undefined): Promise<Map<string, V>> {
    if (this.#tiers.recall.tier !== undefined) {
      if (stale !== undefined) this.#counts.memory.stale++;
      else this.#counts.memory.misses += keys.length;
    }
    const fresh = await this.readStores(keys, true);
    const values = new Map<string, V>();
    for (const key of keys) {
      const hit = fresh.get(key);
      if (hit === undefined) this.missed(key);
      else {
        this.#found(key, hit.tier);
        values.set(key, this.#tiers.recall.copy.outOf(hit.value));
      }
    }
    return values;
  }

  /** `prolongs` = gives sliding values their ttl anew. */
  async readStores(keys: string[], prolongs: boolean): Promise<Map<string, Found<V>>> {
    if (this.#tiers.stores.length === 0) return new Map();
    const pendings = keys.map((key) => this.#tiers.begin(key));
    try {
      const { graceMs, revalidateMs } = this.#settings;
      const all = await this.#tiers.readStores(pendings, {
        keepPastTtlMs: Math.max(graceMs, revalidateMs),
        time: this.#tiers.timeBudget(),
        prolongs,
      });
      const now = this.#settings.now();
      for (const [key, hit] of all) if (now >= hit.expiresAt) all.delete(key);
      return all;
    } finally {
      for (const pending of pendings) this.#tiers.end(pending);
    }
  }
}
