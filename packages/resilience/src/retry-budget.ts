import { BUCKETS, bucketClock } from './time-buckets.ts';
import type { TimeSource } from './timers.ts';
import { duration, onlyKnown, show, timeSource } from './validate.ts';

/** Options of {@link retryBudget}. */
export interface RetryBudgetOptions extends Pick<TimeSource, 'clock'> {
  /** Retries allowed for each call, 0 or more: 0.2 lets one call in five be repeated. Default 0.2. */
  ratio?: number | undefined;
  /** Retries allowed a second whatever the traffic, so that a quiet client can retry at all; 0 or more. Default 10. */
  minPerSecond?: number | undefined;
  /** How long a call or a retry is remembered, in milliseconds, more than 0. Default 10_000. */
  ttlMs?: number | undefined;
}

export interface RetryBudgetSnapshot {
  /** Retries that could be made now. */
  available: number;
  /** Calls and retries of the last `ttlMs`. */
  calls: number;
  retries: number;
  /** Retries refused since the budget was made. */
  suppressed: number;
}

/** What the retries around one dependency may add to its load, all together. */
export interface RetryBudget {
  /** A call was sent for the first time: not one that a policy inside refused. */
  deposit(): void;
  /** Asks for one retry, before its wait begins; what is given is not given back. */
  withdraw(): boolean;
  snapshot(): RetryBudgetSnapshot;
}

/**
 * A budget for retries, to be handed to every `retry` around the same dependency: `ratio` retries a call, and at least
 * `minPerSecond`. When it is used up, calls fail with their own error instead of being repeated: a dependency that is down
 * is not buried under its own retries.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function retryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  onlyKnown('retryBudget', options, ['ratio', 'minPerSecond', 'ttlMs', 'clock']);
  const { clock } = timeSource(options);
  const ratio = notNegative('ratio', options.ratio ?? 0.2);
  const minPerSecond = notNegative('minPerSecond', options.minPerSecond ?? 10);
  const ttlMs = duration('ttlMs', options.ttlMs ?? 10_000, { zero: false, infinite: false });
  const reserve = (minPerSecond * ttlMs) / 1_000;
  const calls = new Float64Array(BUCKETS);
  const retries = new Float64Array(BUCKETS);
  let allCalls = 0;
  let allRetries = 0;
  let suppressed = 0;

  const bucket = bucketClock(ttlMs, clock, (old) => {
    allCalls -= calls[old]!;
    allRetries -= retries[old]!;
    calls[old] = retries[old] = 0;
  });
  // Sums of fractions like 5 * 0.2 fall short of 1 by a digit that nobody sees.
  const available = (): number => Math.max(0, Math.floor(allCalls * ratio + reserve - allRetries + 1e-9));

  return {
    deposit: () => {
      calls[bucket()]! += 1;
      allCalls++;
    },
    withdraw: () => {
      const at = bucket();
      if (available() < 1) {
        suppressed++;
        return false;
      }
      retries[at]! += 1;
      allRetries++;
      return true;
    },
    snapshot: () => {
      bucket();
      return { available: available(), calls: allCalls, retries: allRetries, suppressed };
    },
  };
}

const notNegative = (option: string, value: number): number => {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  throw new RangeError(`${option} must be a number >= 0, got ${show(value)}`);
};
