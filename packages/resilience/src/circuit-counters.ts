import { ConsecutiveBreaker, EngineState, type IBreaker } from './cockatiel.ts';
import type { Clock } from './timers.ts';
import { duration, integer, oneOf, onlyKnown, show } from './validate.ts';

/** Trips when enough of the last calls failed. The minimum is checked first; a rate equal to `failureRate` trips. */
export interface CircuitWindow {
  /** `count`: the last `size` calls. `time`: the calls of the last `size` milliseconds. */
  type: 'count' | 'time';
  size: number;
  /** Share of failures that trips, more than 0 and at most 1. Default 0.5. */
  failureRate?: number | undefined;
  /** Fewer calls never trip. Default: `size` for `count`, 10 for `time`. */
  minimumCalls?: number | undefined;
}

/** The evidence of a closed circuit. */
export interface Counter {
  /** Both answer whether the circuit must open now. */
  success(): boolean;
  failure(): boolean;
  clear(): void;
  /** Undefined for a counter whose inside is not ours to read. */
  counts(): { calls: number; failures: number } | undefined;
}

const ENGINE_BREAKERS = new WeakSet<object>();

/** Any breaker of cockatiel as a counter. Two circuits must not count into one object, so a second use is refused. */
export const engineCounter = (breaker: IBreaker): Counter => {
  if (typeof breaker?.success !== 'function' || typeof breaker.failure !== 'function')
    throw new TypeError(
      `breaker must have success and failure, as cockatiel's breakers do, got ${show(breaker)}`,
    );
  if (ENGINE_BREAKERS.has(breaker))
    throw new TypeError('breaker already counts for another circuit; give each circuit one of its own');
  ENGINE_BREAKERS.add(breaker);
  return {
    success: () => {
      breaker.success(EngineState.Closed);
      return false;
    },
    failure: () => breaker.failure(EngineState.Closed),
    // What cockatiel itself tells a breaker when its circuit closes again.
    clear: () => breaker.success(EngineState.HalfOpen),
    counts: () => undefined,
  };
};

export const consecutiveCounter = (threshold: number): Counter => {
  integer('failureThreshold', threshold, 1);
  const breaker = new ConsecutiveBreaker(threshold);
  return {
    ...engineCounter(breaker),
    counts: () => ({ calls: breaker.state, failures: breaker.state }),
  };
};

export const windowCounter = (window: CircuitWindow, clock: Clock): Counter => {
  onlyKnown('window', window, ['type', 'size', 'failureRate', 'minimumCalls']);
  oneOf('window.type', window.type, ['count', 'time']);
  const rate = window.failureRate ?? 0.5;
  if (!(typeof rate === 'number' && rate > 0 && rate <= 1))
    throw new RangeError(`window.failureRate must be more than 0 and at most 1, got ${show(rate)}`);
  if (window.type === 'count') {
    const size = integer('window.size', window.size, 1);
    const minimum = integer('window.minimumCalls', window.minimumCalls ?? size, 1);
    if (minimum > size)
      throw new RangeError(`window.minimumCalls must be at most window.size (${size}), got ${minimum}`);
    return countWindow(size, rate, minimum);
  }
  const size = duration('window.size', window.size, { zero: false, infinite: false });
  return timeWindow(size, rate, integer('window.minimumCalls', window.minimumCalls ?? 10, 1), clock);
};

const countWindow = (size: number, rate: number, minimum: number): Counter => {
  const failed = new Uint8Array(size);
  let at = 0;
  let calls = 0;
  let failures = 0;
  const sample = (failure: 0 | 1): boolean => {
    if (calls === size) failures -= failed[at]!;
    else calls++;
    failed[at] = failure;
    failures += failure;
    at = (at + 1) % size;
    return calls >= minimum && failures >= rate * calls;
  };
  return {
    success: () => sample(0),
    failure: () => sample(1),
    clear: () => {
      at = calls = failures = 0;
    },
    counts: () => ({ calls, failures }),
  };
};

const BUCKETS = 10;

const timeWindow = (size: number, rate: number, minimum: number, clock: Clock): Counter => {
  const width = size / BUCKETS;
  const calls = new Float64Array(BUCKETS);
  const failures = new Float64Array(BUCKETS);
  let current = Math.floor(clock() / width);
  let allCalls = 0;
  let allFailures = 0;
  // Empties as many buckets as time has passed, not one: an hour of silence must not leave old failures behind.
  const advance = (): number => {
    const now = Math.floor(clock() / width);
    for (let gone = Math.min(now - current, BUCKETS); gone > 0; gone--) {
      const bucket = (now - gone + 1 + BUCKETS) % BUCKETS;
      allCalls -= calls[bucket]!;
      allFailures -= failures[bucket]!;
      calls[bucket] = failures[bucket] = 0;
    }
    if (now > current) current = now;
    return current % BUCKETS;
  };
  const sample = (failure: 0 | 1): boolean => {
    const bucket = advance();
    calls[bucket]! += 1;
    failures[bucket]! += failure;
    allCalls += 1;
    allFailures += failure;
    return allCalls >= minimum && allFailures >= rate * allCalls;
  };
  return {
    success: () => sample(0),
    failure: () => sample(1),
    clear: () => {
      calls.fill(0);
      failures.fill(0);
      allCalls = allFailures = 0;
    },
    counts: () => {
      advance();
      return { calls: allCalls, failures: allFailures };
    },
  };
};
