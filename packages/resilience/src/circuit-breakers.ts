import { type CircuitBreaker, type CircuitBreakerOptions, circuitBreaker } from './circuit-breaker.ts';
import type { CircuitSnapshot } from './circuit-report.ts';
import type { PolicyContext } from './context.ts';
import { duration, integer, nameOf, show, timeSource } from './validate.ts';

/** Options of {@link circuitBreakers}: those of each breaker, and how many are kept. */
export interface CircuitBreakersOptions extends Omit<CircuitBreakerOptions, 'breaker'> {
  /** No more breakers than this are kept; the one longest unused goes first, one that is not closed last. Default 1_000. */
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
  /** By key. */
  snapshot(): Record<string, CircuitSnapshot>;
}

interface Entry {
  breaker: CircuitBreaker;
  usedAt: number;
}

/**
 * Breakers by key, bounded: one tenant's broken host opens no circuit for the others, and a million keys fill no memory.
 * Idle ones are forgotten when another is asked for; there is no timer.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense; in `for`, for a key that is no string.
 */
export function circuitBreakers(options: CircuitBreakersOptions = {}): CircuitBreakers {
  if (typeof options !== 'object' || options === null || 'breaker' in options)
    throw new TypeError(`circuitBreakers takes options without "breaker", got ${show(options)}`);
  const { max: most, idleMs: idle, ...each } = options;
  const name = nameOf(each.name, 'circuitBreaker');
  const max = integer('max', most ?? 1_000, 1);
  const idleMs = duration('idleMs', idle ?? 600_000, { zero: false, infinite: true });
  const { clock } = timeSource(each);
  // The options are checked now, not when the first key comes.
  circuitBreaker(each);
  // In the order of use, the longest unused first.
  const entries = new Map<string, Entry>();

  const forgetIdle = (now: number): void => {
    for (const [key, entry] of entries) {
      if (now - entry.usedAt < idleMs) return;
      entries.delete(key);
      // What is known of a dependency that is down is not lost by not asking it.
      if (entry.breaker.state !== 'closed') entries.set(key, { ...entry, usedAt: now });
    }
  };
  const makeRoom = (): void => {
    if (entries.size < max) return;
    for (const [key, { breaker }] of entries)
      if (breaker.state === 'closed') {
        entries.delete(key);
        return;
      }
    const [oldest] = entries.keys();
    entries.delete(oldest!);
  };
  const breakerFor = (key: string): CircuitBreaker => {
    if (typeof key !== 'string') throw new TypeError(`key must be a string, got ${show(key)}`);
    const usedAt = clock();
    const known = entries.get(key);
    if (known !== undefined) {
      entries.delete(key);
      known.usedAt = usedAt;
      entries.set(key, known);
      forgetIdle(usedAt);
      return known.breaker;
    }
    forgetIdle(usedAt);
    makeRoom();
    const breaker = circuitBreaker({ ...each, name: `${name}:${key}` });
    entries.set(key, { breaker, usedAt });
    return breaker;
  };
  return {
    name,
    get size() {
      return entries.size;
    },
    for: breakerFor,
    execute: (key, fn, signal) => breakerFor(key).execute(fn, signal),
    snapshot: () => Object.fromEntries([...entries].map(([key, { breaker }]) => [key, breaker.snapshot()])),
  };
}
