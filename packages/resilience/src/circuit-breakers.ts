import { BreakerShelf } from './breaker-shelf.ts';
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
import { runningIn } from './policy.ts';
import { addStats, type PolicyStats, Recorder } from './stats.ts';
import { duration, integer, nameOf, onlyKnown, show, timeSource } from './validate.ts';

/** Options of {@link circuitBreakers}: those of each breaker, and how many are kept. */
export interface CircuitBreakersOptions extends Omit<CircuitBreakerOptions, 'breaker'> {
  /**
   * No more breakers than this are kept. First goes one whose break is over, then a closed one without failures, then of all others
   * the one longest unused; one with a call under way only when there is no other, one isolated by hand last. Default 1_000.
   */
  max?: number | undefined;
  /**
   * A breaker that nobody asked for in this time is forgotten, unless it is in the midst of a break or isolated. Default 600_000;
   * `Infinity` for never.
   */
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

class KeptBreakers {
  readonly name: string;
  readonly #options: CircuitBreakerOptions;
  readonly #clock: () => number;
  readonly #shelf: BreakerShelf;
  /** How each listener is taken off. */
  readonly #stops = new Map<CircuitBreaker, Map<Hearing, () => void>>();
  readonly #hearings = new Set<Hearing>();
  #forgotten = new Recorder().stats();
  /** Forgotten in the midst of a call, which is to be counted when it ends; no more than are kept. */
  readonly #leaving = new Set<CircuitBreaker>();
  readonly #max: number;

  constructor(name: string, options: CircuitBreakerOptions, max: number, idleMs: number) {
    this.name = name;
    this.#options = options;
    this.#max = max;
    this.#clock = timeSource(options).clock;
    this.#shelf = new BreakerShelf(max, idleMs, (breaker) => this.#forget(breaker));
  }

  get size(): number {
    return this.#shelf.size;
  }

  for(key: string): CircuitBreaker {
    if (typeof key !== 'string') throw new TypeError(`key must be a string, got ${show(key)}`);
    return this.#shelf.take(key, this.#clock(), () => this.#make(key));
  }

  on<K extends CircuitBreakerEvents>(event: K, listener: (payload: PolicyEvents[K]) => unknown): () => void {
    // Refuses what no breaker would hear, also while there is none.
    new Emitter(this.name, CIRCUIT_EVENTS).on(event, listener)();
    const hearing: Hearing = (breaker) => breaker.on(event, listener);
    this.#hearings.add(hearing);
    for (const [breaker, stops] of this.#stops) stops.set(hearing, hearing(breaker));
    return () => {
      this.#hearings.delete(hearing);
      for (const stops of this.#stops.values()) {
        stops.get(hearing)?.();
        stops.delete(hearing);
      }
    };
  }

  stats(): PolicyStats {
    const kept = this.#shelf.entries().map(([, breaker]) => breaker);
    const own = [...kept, ...this.#leaving].map((breaker) => breaker.stats());
    return { ...own.reduce(addStats, this.#forgotten), latencyMs: undefined };
  }

  snapshot(): Record<string, CircuitSnapshot> {
    return Object.fromEntries(this.#shelf.entries().map(([key, breaker]) => [key, breaker.snapshot()]));
  }

  #make(key: string): CircuitBreaker {
    const breaker = circuitBreaker({ ...this.#options, name: `${this.name}:${key}` });
    this.#stops.set(breaker, new Map([...this.#hearings].map((hearing) => [hearing, hearing(breaker)])));
    return breaker;
  }

  #forget(breaker: CircuitBreaker): void {
    if (breaker.state !== 'closed')
      breaker.restore({ state: 'closed', name: breaker.name, window: undefined });
    for (const stop of this.#stops.get(breaker)?.values() ?? []) stop();
    this.#stops.delete(breaker);
    if (runningIn(breaker) === 0) this.#count(breaker);
    else this.#leaving.add(breaker);
    const [first] = this.#leaving;
    if (first === undefined || (runningIn(first) > 0 && this.#leaving.size <= this.#max)) return;
    this.#leaving.delete(first);
    this.#count(first);
  }

  #count(breaker: CircuitBreaker): void {
    this.#forgotten = addStats(this.#forgotten, breaker.stats());
  }
}
