import { optionalFunction } from './validate.ts';

/** A `now` option, milliseconds since 1970. One that gives nonsense, or throws, must not make a date that throws. */
export const wallClock = (given: (() => number) | undefined): (() => number) => {
  const now = optionalFunction('now', given) ?? Date.now;
  return () => {
    try {
      const value = now();
      if (Math.abs(value) <= 8.64e15) return value;
    } catch {
      // As good as none.
    }
    return Date.now();
  };
};
