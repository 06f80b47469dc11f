/** A clock that can be trusted: one that fails or gives no time is passed over for the system's. Milliseconds since 1970. */
export const clockOf =
  (now: unknown): (() => number) =>
  () => {
    try {
      const at = typeof now === 'function' ? Number(now()) : Number.NaN;
      // What a `Date` can hold.
      if (Math.abs(at) <= 8.64e15) return at;
    } catch {}
    return Date.now();
  };
