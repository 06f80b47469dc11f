import type { CacheEvents } from './events.ts';
import type { Answer } from './flight.ts';
import type { Found } from './found.ts';
import { type Loader, one } from './loader.ts';
import type { Call, KeysLoader, Loading } from './loading.ts';
import type { Entry } from './memory/entry.ts';
import type { Settings } from './options.ts';
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
    if (this.#events.wants('hit'))
      this.#events.emit('hit', { cache: this.#settings.name, key: entry.key, tier: 'memory' });
    this.#tiers.touched(entry, now);
    return this.#tiers.recall.copy.outOf(entry.value);
  }

  /** Is this fresh entry due to be loaded anew behind the answer, and nobody at it? */
  due(entry: Entry<V>, call: Pick<Call<V>, 'eager'>, now: number): boolean {
    const { createdAt, expiresAt, key } = entry;
    if (call.eager === undefined || expiresAt === Number.POSITIVE_INFINITY) return false;
    if (call.eager === 'probabilistic') {
      const early = -this.#counts.meanLoadMs * Math.log(1 - this.#settings.random());
      if (now + early < expiresAt) return false;
    } else if (now < createdAt + call.eager * (expiresAt - createdAt)) return false;
    return !this.#loading.failures.backingOff(key, now) && !this.#loading.busy(key);
  }

  /** Starts a load behind the answer, unless the stores have a newer value than this. */
  refresh(entries: readonly Entry<V>[], load: KeysLoader<V>, call: Call<V>): void {
    const wanted = entries.map((entry) => ({ key: entry.key, stale: this.#tiers.recall.found(entry) }));
    this.#loading.start(wanted, load, { ...call, renewing: true }, true);
  }

  async obtain(
    key: string,
    loader: Loader<V>,
    call: Call<V>,
    entry: Entry<V> | undefined,
    now: number,
  ): Promise<Answer<V>> {
    const stale = entry && this.#tiers.recall.found(entry);
    if (this.#tiers.recall.tier !== undefined && stale === undefined) this.#counts.memory.misses++;
    const failed = call.forced ? undefined : this.#loading.failures.remembered(key, now);
    if (failed !== undefined) {
      this.#missed(key);
      throw failed.what;
    }
    const ready = this.staleAtOnce(key, stale, call, now);
    let flight = this.#loading.joinable(key, call);
    if (flight === undefined && (ready === undefined || ready.reason === 'revalidating'))
      [flight] = this.#loading.start([{ key, stale }], one(loader), call, ready !== undefined);
    const wait = ready === undefined ? flight!.join(call) : Promise.resolve(ready);
    return (await this.account(key, wait))!;
  }

  /** The values of all these keys that have one; `load` brings those that no tier has and nobody loads already. */
  async obtainMany(unique: readonly string[], load: KeysLoader<V>, call: Call<V>): Promise<Map<string, V>> {
    const now = this.#settings.now();
    const values = new Map<string, V>();
    const waits: [string, Promise<Answer<V> | undefined>][] = [];
    const wanted: { key: string; stale: Found<V> | undefined }[] = [];
    const behind: typeof wanted = [];
    const due: Entry<V>[] = [];
    for (const key of unique) {
      const entry = this.#tiers.recall.entry(key, now);
      if (entry !== undefined && now < entry.expiresAt && !call.forced) {
        if (this.due(entry, call, now)) due.push(entry);
        values.set(key, this.hit(entry, now));
        continue;
      }
      const failed = call.forced ? undefined : this.#loading.failures.remembered(key, now);
      if (failed !== undefined) {
        waits.push([key, Promise.reject(failed.what)]);
        continue;
      }
      const stale = entry && this.#tiers.recall.found(entry);
      const ready = this.staleAtOnce(key, stale, call, now);
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
    for (const [key, answer] of answers) if (answer !== undefined) values.set(key, answer.value);
    return new Map(unique.flatMap((key) => (values.has(key) ? [[key, values.get(key) as V]] : [])));
  }

  staleAtOnce(key: string, stale: Found<V> | undefined, call: Call<V>, now: number): Answer<V> | undefined {
    if (stale === undefined || call.forced) return undefined;
    if (now >= stale.expiresAt) this.#counts.memory.stale++;
    const age = {
      value: stale.value,
      source: stale.tier,
      stale: true,
      ageMs: now - stale.createdAt,
    } as const;
    if (
      this.#loading.failures.backingOff(key, now) &&
      now < stale.expiresAt + Math.max(call.graceMs, call.revalidateMs)
    )
      return { ...age, reason: 'backing-off' };
    return now < stale.expiresAt + call.revalidateMs ? { ...age, reason: 'revalidating' } : undefined;
  }

  async account(key: string, wait: Promise<Answer<V> | undefined>): Promise<Answer<V> | undefined> {
    let answer: Answer<V> | undefined;
    try {
      answer = await wait;
    } catch (error) {
      this.#missed(key);
      throw error;
    }
    if (answer === undefined || answer.source === 'loader') this.#missed(key);
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

  #missed(key: string): void {
    this.#counts.misses++;
    if (this.#events.wants('miss')) this.#events.emit('miss', { cache: this.#settings.name, key });
  }

  #found(key: string, tier: Found<V>['tier']): void {
    this.#counts.hits++;
    if (this.#events.wants('hit')) this.#events.emit('hit', { cache: this.#settings.name, key, tier });
  }

  async further(keys: string[], stale: Entry<V> | undefined): Promise<Map<string, V>> {
    if (this.#tiers.recall.tier !== undefined) {
      if (stale !== undefined) this.#counts.memory.stale++;
      else this.#counts.memory.misses += keys.length;
    }
    const fresh = await this.readStores(keys);
    const values = new Map<string, V>();
    for (const key of keys) {
      const hit = fresh.get(key);
      if (hit === undefined) this.#missed(key);
      else {
        this.#found(key, hit.tier);
        values.set(key, this.#tiers.recall.copy.outOf(hit.value));
      }
    }
    return values;
  }

  async readStores(keys: string[]): Promise<Map<string, Found<V>>> {
    if (this.#tiers.stores.length === 0) return new Map();
    const pendings = keys.map((key) => this.#tiers.begin(key));
    try {
      const { graceMs, revalidateMs } = this.#settings;
      const all = await this.#tiers.readStores(pendings, Math.max(graceMs, revalidateMs));
      const now = this.#settings.now();
      for (const [key, hit] of all) if (now >= hit.expiresAt) all.delete(key);
      return all;
    } finally {
      for (const pending of pendings) this.#tiers.end(pending);
    }
  }
}
