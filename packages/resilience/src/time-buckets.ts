import type { Clock } from './timers.ts';

/** How many parts a span of time is kept in. */
export const BUCKETS = 10;

/**
 * Tells which bucket the present belongs to, for counts of the last `spanMs`. Buckets whose time has come again are emptied first:
 * as many as time has passed, not one, since an hour of silence must not leave old counts behind.
 */
export const bucketClock = (
  spanMs: number,
  clock: Clock,
  empty: (bucket: number) => void,
): (() => number) => {
  const width = spanMs / BUCKETS;
  let current = Math.floor(clock() / width);
  return () => {
    const now = Math.floor(clock() / width);
    for (let gone = Math.min(now - current, BUCKETS); gone > 0; gone--) empty(indexOf(now - gone + 1));
    if (now > current) current = now;
    return indexOf(current);
  };
};

/** A clock may start below 0, where `%` answers less than 0. */
const indexOf = (bucket: number): number => ((bucket % BUCKETS) + BUCKETS) % BUCKETS;
