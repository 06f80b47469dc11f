/** Calls `fn` once after `ms`; the process may end before it, unless `hold`. @returns takes the call back. */
export type Later = (fn: () => void, ms: number, hold?: boolean) => () => void;

export const later: Later = (fn, ms, hold = false) => {
  const timer = setTimeout(fn, ms);
  if (!hold) timer.unref();
  return () => clearTimeout(timer);
};
