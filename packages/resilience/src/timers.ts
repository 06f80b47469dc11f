/** A clock in milliseconds that never runs backwards; only differences are read. */
export type Clock = () => number;

/** What the policies need of the platform's timers; hand in your own for tests, or to `unref` them. */
export interface Timers {
  /** Calls `callback` once after `ms` (0 to 2^31 - 1) and answers a handle. */
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** Where a policy gets its time from. */
export interface TimeSource {
  /** Default: `performance.now()`. */
  clock?: Clock | undefined;
  /** Default: the global timers, which keep the process alive while a call is awaited. */
  timers?: Timers | undefined;
}

export const systemClock: Clock = () => performance.now();

// Looked up at each call, so that a test runner's fake timers are seen.
export const systemTimers: Timers = {
  setTimeout: (callback, ms) => globalThis.setTimeout(callback, ms),
  clearTimeout: (handle) => globalThis.clearTimeout(handle as NodeJS.Timeout),
};

/** Node turns a longer delay into 1 ms. */
export const LONGEST = 2_147_483_647;

/** Calls back once after `ms`, however long that is; the answer stops it. `Infinity` sets no timer. */
export const after = (timers: Timers, ms: number, callback: () => void): (() => void) => {
  if (ms === Number.POSITIVE_INFINITY) return () => {};
  let left = ms;
  let handle: unknown;
  const step = (): void => {
    const piece = Math.min(left, LONGEST);
    left -= piece;
    handle = timers.setTimeout(left > 0 ? step : callback, piece);
  };
  step();
  return () => timers.clearTimeout(handle);
};
