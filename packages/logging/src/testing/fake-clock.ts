import { describe } from '../describe.ts';

/** Two clocks that stand still until told; each is a function of its own, to be handed in as an option. */
export interface FakeClock {
  /** Wall clock, milliseconds since 1970: the `clock` of a logger. */
  readonly clock: () => number;
  /** Milliseconds since the fake clock was made: the `monotonicClock` of a performance logger. */
  readonly monotonicClock: () => number;
  /** Moves both by so many milliseconds. @throws RangeError unless it is a number >= 0. */
  advance(ms: number): void;
  /** Sets the wall clock alone, also back, as a correction of the system's time does. In milliseconds since 1970, or a Date. */
  setTime(time: number | Date): void;
}

const timeOf = (option: string, time: unknown): number => {
  const ms = time instanceof Date ? time.getTime() : time;
  if (typeof ms === 'number' && !Number.isNaN(new Date(ms).getTime())) return ms;
  throw new RangeError(`${option} must be a Date or milliseconds since 1970, got ${describe(time)}`);
};

/**
 * A clock for tests. @param start What the wall clock shows: milliseconds since 1970 or a Date. Default 2026-01-01T00:00:00.000Z.
 * @throws RangeError when `start` is no time.
 */
export const fakeClock = (start: number | Date = Date.UTC(2026, 0, 1)): FakeClock => {
  let wall = timeOf('start', start);
  let monotonic = 0;
  return {
    clock: () => wall,
    monotonicClock: () => monotonic,
    advance: (ms) => {
      if (typeof ms !== 'number' || !(ms >= 0) || ms === Number.POSITIVE_INFINITY)
        throw new RangeError(`ms must be a number >= 0, got ${describe(ms)}`);
      wall += ms;
      monotonic += ms;
    },
    setTime: (time) => {
      wall = timeOf('time', time);
    },
  };
};
