import type { CircuitCounts } from './circuit-report.ts';
import { ConsecutiveBreaker, EngineState, type IBreaker } from './cockatiel.ts';
import { BUCKETS, bucketClock } from './time-buckets.ts';
import type { Clock } from './timers.ts';
import { duration, integer, oneOf, onlyKnown, share, show } from './validate.ts';

interface Rates {
  /** Share of failures that trips, more than 0 and at most 1. Default 0.5. */
  failureRate?: number | undefined;
  /** Fewer calls never trip. Default: `size` of a count window, 10 of a time window. */
  minimumCalls?: number | undefined;
  /** A call, or a stream's first item, that takes this long or longer is slow, whether it succeeds or fails. Default: none is. */
  slowCallMs?: number | undefined;
  /** Share of slow calls that trips as well, more than 0 and at most 1. Default 1. */
  slowCallRate?: number | undefined;
}

/** The last `size` calls, at most 1_000_000. */
export interface CountWindow extends Rates {
  type: 'count';
  size: number;
}

/** The calls of the last `sizeMs` milliseconds. */
export interface TimeWindow extends Rates {
  type: 'time';
  sizeMs: number;
}

/** Trips when enough of the latest calls failed. The minimum is checked first; a rate equal to `failureRate` trips. */
export type CircuitWindow = CountWindow | TimeWindow;

/** The evidence of a closed circuit. */
export interface Counter {
  /** Both answer whether the circuit must open now. */
  success(slow: boolean): boolean;
  failure(slow: boolean): boolean;
  clear(): void;
  /** Undefined for a counter whose inside is not ours to read. */
  counts(): CircuitCounts | undefined;
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

/** A share of the calls of a window that trips the circuit. */
interface Limits {
  minimum: number;
  failureRate: number;
  /** Undefined when no call is too slow. */
  slowRate: number | undefined;
}

const trips = (
  { minimum, failureRate, slowRate }: Limits,
  calls: number,
  failures: number,
  slow: number,
): boolean =>
  calls >= minimum &&
  (failures >= failureRate * calls || (slowRate !== undefined && slow >= slowRate * calls));

const RATES = ['failureRate', 'minimumCalls', 'slowCallMs', 'slowCallRate'];
const LARGEST = 1_000_000;

export const windowCounter = (window: CircuitWindow, clock: Clock): Counter => {
  if (typeof window !== 'object' || window === null)
    throw new TypeError(`window must be an object, got ${show(window)}`);
  oneOf('window.type', window.type, ['count', 'time']);
  if (window.type === 'time') {
    onlyKnown('window', window, ['type', 'sizeMs', ...RATES]);
    const sizeMs = duration('window.sizeMs', window.sizeMs, { zero: false, infinite: false });
    const minimum = integer('window.minimumCalls', window.minimumCalls ?? 10, 1);
    return timeWindow(sizeMs, { minimum, ...ratesOf(window) }, clock);
  }
  onlyKnown('window', window, ['type', 'size', ...RATES]);
  const size = integer('window.size', window.size, 1);
  if (size > LARGEST) throw new RangeError(`window.size must be at most ${LARGEST}, got ${size}`);
  const minimum = integer('window.minimumCalls', window.minimumCalls ?? size, 1);
  if (minimum > size)
    throw new RangeError(`window.minimumCalls must be at most window.size (${size}), got ${minimum}`);
  return countWindow(size, { minimum, ...ratesOf(window) });
};

const ratesOf = (window: Rates): Omit<Limits, 'minimum'> => {
  const failureRate = share('window.failureRate', window.failureRate ?? 0.5);
  const slowRate = share('window.slowCallRate', window.slowCallRate ?? 1);
  if (window.slowCallMs !== undefined) {
    duration('window.slowCallMs', window.slowCallMs, { zero: false, infinite: false });
    return { failureRate, slowRate };
  }
  if (window.slowCallRate !== undefined)
    throw new TypeError('window.slowCallRate needs window.slowCallMs, which says what is slow');
  return { failureRate, slowRate: undefined };
};

const countsOf = (limits: Limits, calls: number, failures: number, slow: number): CircuitCounts =>
  limits.slowRate === undefined ? { calls, failures } : { calls, failures, slow };

const FAILED = 1;
const SLOW = 2;

const countWindow = (size: number, limits: Limits): Counter => {
  const marks = new Uint8Array(size);
  let at = 0;
  let calls = 0;
  let failures = 0;
  let slow = 0;
  const sample = (mark: number): boolean => {
    if (calls === size) {
      failures -= marks[at]! & FAILED;
      slow -= (marks[at]! & SLOW) >> 1;
    } else calls++;
    marks[at] = mark;
    failures += mark & FAILED;
    slow += (mark & SLOW) >> 1;
    at = at + 1 === size ? 0 : at + 1;
    return trips(limits, calls, failures, slow);
  };
  return {
    success: (isSlow) => sample(isSlow ? SLOW : 0),
    failure: (isSlow) => sample(isSlow ? FAILED | SLOW : FAILED),
    clear: () => {
      at = calls = failures = slow = 0;
    },
    counts: () => countsOf(limits, calls, failures, slow),
  };
};

const timeWindow = (sizeMs: number, limits: Limits, clock: Clock): Counter => {
  const columns = [new Float64Array(BUCKETS), new Float64Array(BUCKETS), new Float64Array(BUCKETS)] as const;
  const [callsOf, failuresOf, slowOf] = columns;
  let calls = 0;
  let failures = 0;
  let slow = 0;
  const advance = bucketClock(sizeMs, clock, (bucket) => {
    calls -= callsOf[bucket]!;
    failures -= failuresOf[bucket]!;
    slow -= slowOf[bucket]!;
    callsOf[bucket] = failuresOf[bucket] = slowOf[bucket] = 0;
  });
  const sample = (failed: 0 | 1, isSlow: boolean): boolean => {
    const bucket = advance();
    callsOf[bucket]! += 1;
    failuresOf[bucket]! += failed;
    calls += 1;
    failures += failed;
    if (isSlow) {
      slowOf[bucket]! += 1;
      slow += 1;
    }
    return trips(limits, calls, failures, slow);
  };
  return {
    success: (isSlow) => sample(0, isSlow),
    failure: (isSlow) => sample(1, isSlow),
    clear: () => {
      for (const column of columns) column.fill(0);
      calls = failures = slow = 0;
    },
    counts: () => {
      advance();
      return countsOf(limits, calls, failures, slow);
    },
  };
};
