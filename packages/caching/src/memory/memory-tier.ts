import { Entry, type EvictionPolicy } from './entry.ts';
import { type HitRateAdvice, HitRateAdvisor } from './hit-rate-advisor.ts';
import { LruPolicy } from './lru.ts';
import { S3FifoPolicy } from './s3-fifo.ts';
import { WTinyLfuPolicy } from './w-tinylfu.ts';

/** Why an entry left memory without being asked to: no room, its time was up, or it alone is over `maxEntryBytes`. */
export type EvictionCause = 'size' | 'expired' | 'too-large';

/** How it is decided who leaves when memory is full. */
export type PolicyName = 'w-tinylfu' | 'lru' | 's3fifo';

/** What the memory tier keeps of a value. Times are of the tier's clock, in ms. */
export interface MemoryRecord<V> {
  key: string;
  value: V;
  createdAt: number;
  expiresAt: number;
  keepUntil: number;
  stamp: number;
  tags: readonly string[] | undefined;
}

export interface MemoryLimits<V> {
  maxEntries: number;
  maxBytes: number;
  maxEntryBytes: number;
  /** Undefined = sizes are not measured, and every entry counts 0 bytes. */
  sizeOf: ((value: V, key: string) => number) | undefined;
  policy: PolicyName;
  /** Estimate the hit ratio of other capacities. Default false. */
  advice?: boolean | undefined;
  random: () => number;
  clock: () => number;
  onEvict: (key: string, cause: EvictionCause) => void;
}

const sweepEveryMs = 1_000;
const sweepAtLeast = 500;
const nearMs = 1_000;
const fullSweepTicks = 60;

const policies: Record<PolicyName, <V>(maxEntries: number, random: () => number) => EvictionPolicy<V>> = {
  'w-tinylfu': (maxEntries, random) => new WTinyLfuPolicy(maxEntries, random),
  lru: () => new LruPolicy(),
  s3fifo: (_, random) => new S3FifoPolicy(random),
};

/** The bounded map in front of the stores. Room is made before an entry comes in, so no limit is passed at any moment. */
export class MemoryTier<V> {
  readonly #limits: MemoryLimits<V>;
  readonly #entries = new Map<string, Entry<V>>();
  readonly #policy: EvictionPolicy<V>;
  /** Made when room is needed first: before that no other capacity would change anything. */
  #advisor: HitRateAdvisor | undefined;
  #bytes = 0;
  #cursor: IterableIterator<Entry<V>> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: MemoryLimits<V>) {
    this.#limits = limits;
    this.#policy = policies[limits.policy]<V>(limits.maxEntries, limits.random);
  }

  get entries(): number {
    return this.#entries.size;
  }

  /** Bytes held; `null` when sizes are not measured. */
  get bytes(): number | null {
    return this.#limits.sizeOf === undefined ? null : this.#bytes;
  }

  /** What other capacities would bring; `null` when not asked for, before memory was full, and for some time after. */
  get advice(): HitRateAdvice | null {
    return this.#advisor?.advice() ?? null;
  }

  /**
   * The entry, fresh or stale; one past its use is removed and not given. A fresh one counts as used. It is the tier's
   * own and may be another key's after the next `set`: read it at once.
   * @param recent The time; it may be behind if `exact` is given, which is asked within a second of an entry's end.
   */
  get(key: string, recent: number, exact?: () => number): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    this.#advisor?.lookup(key, recent, entry);
    if (entry === undefined) return undefined;
    const now = exact !== undefined && entry.expiresAt - recent < nearMs ? exact() : recent;
    if (now < entry.expiresAt) {
      this.#policy.touch(entry);
      return entry;
    }
    if (now < entry.keepUntil) return entry;
    this.#expire(entry);
    return undefined;
  }

  /** The entry as it is, without counting as a use. */
  peek(key: string): Entry<V> | undefined {
    return this.#entries.get(key);
  }

  /** False when the entry alone is too large: then the old one is gone too, so that no older value is served. */
  set(record: MemoryRecord<V>): boolean {
    const { maxEntries, maxBytes, maxEntryBytes, sizeOf } = this.#limits;
    const size = sizeOf === undefined ? 0 : sizeOf(record.value, record.key);
    let entry = this.#entries.get(record.key);
    // Written so that NaN is too large as well.
    if (!(size >= 0 && size <= maxEntryBytes && size <= maxBytes)) {
      if (entry !== undefined) this.#remove(entry, true);
      this.#limits.onEvict(record.key, 'too-large');
      return false;
    }
    if (entry !== undefined && this.#bytes - entry.size + size > maxBytes) {
      this.#remove(entry, false);
      entry = undefined;
    }
    // Mostly one leaves; an array for each would be for nothing.
    let gone: string | undefined;
    let goneBefore: string[] | undefined;
    if (entry === undefined) {
      while (this.#entries.size + 1 > maxEntries || this.#bytes + size > maxBytes) {
        const victim = this.#policy.victim(this.#entries.size);
        if (victim === undefined) break;
        if (this.#limits.advice === true) this.#advisor ??= this.#makeAdvisor();
        this.#remove(victim, false);
        if (gone !== undefined) {
          goneBefore ??= [];
          goneBefore.push(gone);
        }
        gone = victim.key;
        entry = victim;
      }
      const hash = this.#policy.hash(record.key);
      // Taking the victim's object spares the garbage collector: short-lived entries would grow old before they die.
      if (entry === undefined) entry = new Entry(record.key, record.value, hash);
      else {
        entry.key = record.key;
        entry.hash = hash;
      }
      this.#fill(entry, record, size);
      this.#entries.set(record.key, entry);
      this.#policy.add(entry);
    } else {
      this.#bytes -= entry.size;
      this.#fill(entry, record, size);
      this.#policy.touch(entry);
    }
    this.#advisor?.stored(record);
    if (this.#timer === undefined && entry.keepUntil !== Number.POSITIVE_INFINITY) this.#startSweeping();
    // Told of at the end: a listener may well change the cache.
    if (goneBefore !== undefined) for (const key of goneBefore) this.#limits.onEvict(key, 'size');
    if (gone !== undefined) this.#limits.onEvict(gone, 'size');
    return true;
  }

  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    this.#advisor?.deleted(key);
    if (entry === undefined) return false;
    this.#remove(entry, true);
    return true;
  }

  clear(): void {
    this.#entries.clear();
    this.#policy.clear();
    this.#advisor = undefined;
    this.#bytes = 0;
    this.#cursor = undefined;
    this.stop();
  }

  /** Up to `count` entries, those of most use first; some may have ended. */
  hottest(count: number): Entry<V>[] {
    const entries: Entry<V>[] = [];
    for (const entry of this.#policy.hottest()) {
      if (entries.length >= count) break;
      entries.push(entry);
    }
    return entries;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Looks at the next part of the entries and removes those past their use; a minute of ticks sees them all. */
  sweep(): void {
    const now = this.#limits.clock();
    let left = Math.max(sweepAtLeast, Math.ceil(this.#entries.size / fullSweepTicks));
    this.#cursor ??= this.#entries.values();
    for (; left > 0; left--) {
      const next = this.#cursor.next();
      if (next.done === true) {
        this.#cursor = undefined;
        break;
      }
      if (now >= next.value.keepUntil) this.#expire(next.value);
    }
    if (this.#entries.size === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #fill(entry: Entry<V>, record: MemoryRecord<V>, size: number): void {
    entry.value = record.value;
    entry.size = size;
    entry.createdAt = record.createdAt;
    entry.expiresAt = record.expiresAt;
    entry.keepUntil = record.keepUntil;
    entry.stamp = record.stamp;
    entry.tags = record.tags;
    this.#bytes += size;
  }

  #remove(entry: Entry<V>, ended: boolean): void {
    this.#entries.delete(entry.key);
    this.#policy.remove(entry, ended);
    this.#bytes -= entry.size;
  }

  #expire(entry: Entry<V>): void {
    this.#remove(entry, true);
    this.#limits.onEvict(entry.key, 'expired');
  }

  #makeAdvisor(): HitRateAdvisor {
    const { policy, random, clock } = this.#limits;
    const none = Number.POSITIVE_INFINITY;
    return new HitRateAdvisor(
      this.#entries.size,
      random,
      (maxEntries) =>
        new MemoryTier<undefined>({
          ...{ maxEntries, maxBytes: none, maxEntryBytes: none, sizeOf: undefined },
          ...{ policy, random, clock, onEvict: () => {} },
        }),
    );
  }

  // The timer holds the tier weakly: a cache nobody closed can still be collected.
  #startSweeping(): void {
    const weak = new WeakRef<MemoryTier<V>>(this);
    const timer = setInterval(() => {
      const tier = weak.deref();
      if (tier === undefined) clearInterval(timer);
      else tier.sweep();
    }, sweepEveryMs);
    timer.unref();
    this.#timer = timer;
  }
}
