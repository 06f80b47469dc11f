import { integer } from './validate.ts';

/**
 * A stand-in for `Math.random` that gives the same numbers for the same seed (mulberry32).
 * @param seed An integer >= 0.
 */
export const seededRandom = (seed: number): (() => number) => {
  let state = integer('seed', seed, 0) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
