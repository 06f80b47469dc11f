/** The longest a timer of node takes, in milliseconds: anything above it would fire at once. */
export const longestMs = 2_147_483_647;

/** Calls `fn` once after `ms`; the process may end before it, unless `hold`. @returns takes the call back. */
export type Later = (fn: () => void, ms: number, hold?: boolean) => () => void;

export const later: Later = (fn, ms, hold = false) => {
  const timer = setTimeout(fn, Math.min(ms, longestMs));
  if (!hold) timer.unref();
  return () => clearTimeout(timer);
};

/** Settles with `done`, however that settles, or after `ms`; the process does not end before. */
export const within = (done: PromiseLike<unknown>, ms: number, wait: Later): Promise<void> =>
  new Promise((resolve) => {
    const cancel = wait(resolve, ms, true);
    const settle = (): void => {
      cancel();
      resolve();
    };
    done.then(settle, settle);
  });
