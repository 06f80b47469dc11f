import type { ErrorView } from './error-view.ts';
import { platformTimers, type Timers } from './read-error.ts';

export interface CountdownOptions {
  /** Milliseconds since 1970. Default `Date.now`; the same that made the view. */
  now?: (() => number) | undefined;
  /** Default: the platform's. */
  timers?: Timers | undefined;
}

/** Stops it; it does not tick again. */
export type Countdown = () => void;

/**
 * Calls `onTick` with the whole seconds that are left, at once and at each new second, the last time with 0: enable the
 * button then. A view without `retryAt` ticks once, with 0. It reads the clock each time, so a tab that slept is right.
 * @returns A function that stops it. What `onTick` throws ends it.
 */
export const countdown = (
  view: Pick<ErrorView, 'retryAt'>,
  onTick: (secondsLeft: number) => void,
  options: CountdownOptions = {},
): Countdown => {
  const { now = Date.now, timers = platformTimers } = options;
  const until = view.retryAt ?? 0;
  let timer: unknown;
  let stopped = false;
  const tick = (): void => {
    const leftMs = Math.max(0, until - now());
    const seconds = Math.ceil(leftMs / 1000);
    onTick(seconds);
    // To the end of this second, so that no number is shown twice or left out.
    if (seconds > 0 && !stopped) timer = timers.setTimeout(tick, leftMs - (seconds - 1) * 1000);
  };
  tick();
  return () => {
    stopped = true;
    if (timer !== undefined) timers.clearTimeout(timer);
  };
};
