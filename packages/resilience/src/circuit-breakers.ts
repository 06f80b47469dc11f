import {
  CIRCUIT_EVENTS,
  CIRCUIT_OPTIONS,
  type CircuitBreaker,
  type CircuitBreakerEvents,
  type CircuitBreakerOptions,
  circuitBreaker,
} from './circuit-breaker.ts';
import type { CircuitSnapshot } from './circuit-report.ts';
import type { PolicyContext } from './context.ts';
import { Emitter, type PolicyEvents } from './events.ts';
import { addStats, type PolicyStats, Recorder } from './stats.ts';
import { duration, integer, nameOf, onlyKnown, show, timeSource } from './validate.ts';

/** Options of {@link circuitBreakers}: those of each breaker, and how many are kept. */
export interface CircuitBreakersOptions extends Omit<CircuitBreakerOptions, 'breaker'> {
  /** No more breakers than this are kept; the one longest unused goes first, one that is not closed later, one isolated by hand last. Default 1_000. */
  max?: number | undefined;
  /** A closed breaker that nobody asked for in this time is forgotten. Default 600_000; `Infinity` for never. */
  idleMs?: number | undefined;
}

/** One breaker for each key (host, tenant, shard), made when first asked for. */
export interface CircuitBreakers {
  readonly name: string;
  /** Breakers kept just now. */
  readonly size: number;
  /** The breaker of this key; its name is `<name>:<key>`. Ask again for each call: a breaker that is kept is not counted as used. */
  for(key: string): CircuitBreaker;
  /** `for(key).execute(fn, signal)`. */
  execute<T>(
    key: string,
    fn: (context: PolicyContext) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<T>;
  /**
   * Subscribes to all that are kept and all to come; `policy` in the payload tells whose event it is. The answer unsubscribes.
   * A breaker that is forgotten while open tells that it closes: its key begins anew.
   */
  on<K extends CircuitBreakerEvents>(event: K, listener: (payload: PolicyEvents[K]) => unknown): () => void;
  /** Counts of all keys together, of those that were forgotten too; no `latencyMs`. */
  stats(): PolicyStats;
  /** By key. */
  snapshot(): Record<string, CircuitSnapshot>;
}

const OPTIONS = [...CIRCUIT_OPTIONS.filter((option) => option !== 'breaker'), 'max', 'idleMs'];

/**
 * Breakers by key, bounded: one tenant's broken host opens no circuit for the others, and a million keys fill no memory.
 * Idle ones are forgotten when another is asked for; there is no timer.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense; in `for`, for a key that is no string.
 */
export function circuitBreakers(options: CircuitBreakersOptions = {}): CircuitBreakers {
  onlyKnown('circuitBreakers', options, OPTIONS);
  const { max: most, idleMs: idle, ...each } = options;
  const max = integer('max', most ?? 1_000, 1);
  const idleMs = duration('idleMs', idle ?? 600_000, { zero: false, infinite: true });
  // The options are checked now, not when the first key comes.
  circuitBreaker(each);
  const kept = new KeptBreakers(nameOf(each.name, 'circuitBreaker'), each, max, idleMs);
  return {
    name: kept.name,
    get size() {
      return kept.size;
    },
    for: (key) => kept.for(key),
    execute: (key, fn, signal) => kept.for(key).execute(fn, signal),
    on: (event, listener) => kept.on(event, listener),
    stats: () => kept.stats(),
    snapshot: () => kept.snapshot(),
  };
}

type Hearing = (breaker: CircuitBreaker) => () => void;

interface Entry {
  breaker: CircuitBreaker;
  usedAt: number;
  /** How each listener is taken off. */
  stops: Map<Hearing, () => void>;
}

class KeptBreakers {
  readonly name: string;
  readonly #options: CircuitBreakerOptions;
  readonly #max: number;
  readonly #idleMs: number;
  readonly #clock: () => number;
  // In the order of use, the longest unused first.
  readonly #entries = new Map<string, Entry>();
  readonly #hearings = new Set<Hearing>();
  #forgotten = new Recorder().stats();

  constructor(name: string, options: CircuitBreakerOptions, max: number, idleMs: number) {
    this.name = name;
    this.#options = options;
    this.#max = max;
    this.#idleMs = idleMs;
    this.#clock = timeSource(options).clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  for(key: string): CircuitBreaker {
    if (typeof key !== 'string') throw new TypeError(`key must be a string, got ${show(key)}`);
    const usedAt = this.#clock();
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.usedAt = usedAt;
      this.#entries.delete(key);
      this.#entries.set(key, known);
    }
    this.#forgetIdle(usedAt);
    return known?.breaker ?? this.#make(key, usedAt);
  }

  on<K extends CircuitBreakerEvents>(event: K, listener: (payload: PolicyEvents[K]) => unknown): () => void {
    // Refuses what no breaker would hear, also while there is none.
    new Emitter(this.name, CIRCUIT_EVENTS).on(event, listener);
    const hearing: Hearing = (breaker) => breaker.on(event, listener);
    this.#hearings.add(hearing);
    for (const { breaker, stops } of this.#entries.values()) stops.set(hearing, hearing(breaker));
    return () => {
      this.#hearings.delete(hearing);
      for (const { stops } of this.#entries.values()) {
        stops.get(hearing)?.();
        stops.delete(hearing);
      }
    };
  }

  stats(): PolicyStats {
    const own = [...this.#entries.values()].map(({ breaker }) => breaker.stats());
    return { ...own.reduce(addStats, this.#forgotten), latencyMs: undefined };
  }

  snapshot(): Record<string, CircuitSnapshot> {
    return Object.fromEntries([...this.#entries].map(([key, { breaker }]) => [key, breaker.snapshot()]));
  }

  #make(key: string, usedAt: number): CircuitBreaker {
    this.#makeRoom();
    const breaker = circuitBreaker({ ...this.#options, name: `${this.name}:${key}` });
    const stops = new Map([...this.#hearings].map((hearing) => [hearing, hearing(breaker)]));
    this.#entries.set(key, { breaker, usedAt, stops });
    return breaker;
  }

  #forgetIdle(now: number): void {
    for (const [key, entry] of this.#entries) {
      if (now - entry.usedAt < this.#idleMs) return;
      if (entry.breaker.state === 'closed') this.#forget(key, entry);
      else {
        // What is known of a dependency that is down is not lost by not asking it.
        this.#entries.delete(key);
        this.#entries.set(key, { ...entry, usedAt: now });
      }
    }
  }

  #makeRoom(): void {
    if (this.#entries.size < this.#max) return;
    const entries = [...this.#entries];
    // A closed one first; one that is isolated by hand last.
    const [key, entry] =
      entries.find(([, { breaker }]) => breaker.state === 'closed') ??
      entries.find(([, { breaker }]) => breaker.state !== 'isolated') ??
      entries[0]!;
    this.#forget(key, entry);
  }

  #forget(key: string, { breaker, stops }: Entry): void {
    this.#entries.delete(key);
    if (breaker.state !== 'closed')
      breaker.restore({ state: 'closed', name: breaker.name, window: undefined });
    for (const stop of stops.values()) stop();
    this.#forgotten = addStats(this.#forgotten, breaker.stats());
  }
}
