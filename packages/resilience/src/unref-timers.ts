import type { Timers } from './timers.ts';

/** The same timers, none of which keeps the process alive. */
export const unrefTimers = (timers: Timers): Timers => ({
  setTimeout: (callback, ms) => {
    const handle = timers.setTimeout(callback, ms);
    (handle as { unref?: () => unknown } | null | undefined)?.unref?.();
    return handle;
  },
  clearTimeout: (handle) => timers.clearTimeout(handle),
});
