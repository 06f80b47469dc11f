import { outsideContext } from './context.ts';
import { publishFailure } from './events.ts';
import { later } from './later.ts';

/** Calls `run` once after `ms` milliseconds; the answer calls it off. For tests that bring their own time. */
export type Schedule = (run: () => void, ms: number) => () => void;

/** A timer that does not keep the process alive. */
export const unrefTimer: Schedule = (run, ms) => later(run, ms);

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
