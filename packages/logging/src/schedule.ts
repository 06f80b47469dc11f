import { outsideContext } from './context.ts';
import { describe } from './describe.ts';
import { publishFailure } from './events.ts';

/** Calls `run` once after `ms` milliseconds; the answer calls it off. For tests that bring their own time. */
export type Schedule = (run: () => void, ms: number) => () => void;

/** The longest a timer of node takes; anything above it would fire at once. */
const longestMs = 2_147_483_647;

/** A timer that does not keep the process alive. */
export const unrefTimer: Schedule = (run, ms) => {
  const timer = setTimeout(run, ms);
  timer.unref();
  return () => clearTimeout(timer);
};

/**
 * Schedules outside of every context: else the timer would hold on to the request that happened to set it.
 * @returns calls it off; never throws, though what `schedule` gave may be no function, or fail.
 */
export const scheduleOutside = (schedule: Schedule, run: () => void, ms: number): (() => void) => {
  const cancel: unknown = outsideContext(() => schedule(run, ms));
  return () => {
    try {
      if (typeof cancel === 'function') cancel();
    } catch (error) {
      publishFailure({ source: 'schedule', error });
    }
  };
};

/** @throws RangeError unless it is an integer from 1 to 2,147,483,647. */
export const checkMs = (option: string, value: unknown): number => {
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= longestMs)
    return value as number;
  throw new RangeError(
    `${option} must be an integer of milliseconds from 1 to ${longestMs}, got ${describe(value)}`,
  );
};

/** @throws TypeError unless it is undefined or a function. */
export const checkFunction = <Fn>(option: string, value: Fn | undefined): Fn | undefined => {
  if (value === undefined || typeof value === 'function') return value;
  throw new TypeError(`${option} must be a function, got ${describe(value)}`);
};
