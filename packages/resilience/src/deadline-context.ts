import { AsyncLocalStorage } from 'node:async_hooks';

/** The time budget of the work that runs now. A function, not a point in time: each budget reads the clock it was made with. */
interface Budget {
  remainingMs(): number;
}

// Two copies of this package must share one budget: the key carries the version of the shape.
const key = Symbol.for('agent4.resilience.deadline.v1');
const shared = globalThis as { [key]?: AsyncLocalStorage<Budget | undefined> };
shared[key] ??= new AsyncLocalStorage<Budget | undefined>();
const storage = shared[key];

/** Milliseconds until the nearest deadline of the work that runs now, 0 once it has passed; undefined without a deadline. */
export const deadlineRest = (): number | undefined => {
  const budget = storage.getStore();
  return budget === undefined ? undefined : Math.max(0, budget.remainingMs());
};

/** Whether a deadline is in force, without a look at a clock, which may throw. */
export const isUnderDeadline = (): boolean => storage.getStore() !== undefined;

/** Calls `fn` with a deadline that is never later than the one already in force. */
export const underDeadline = <T>(remainingMs: () => number, fn: () => T): T => {
  const outer = storage.getStore();
  const budget =
    outer === undefined
      ? { remainingMs }
      : { remainingMs: () => Math.min(remainingMs(), outer.remainingMs()) };
  return storage.run(budget, fn);
};

/** For a call that several callers share: none of their deadlines is its own. */
export const withoutDeadline = <T>(fn: () => T): T =>
  storage.getStore() === undefined ? fn() : storage.run(undefined, fn);

/**
 * What is left of the time budget, in milliseconds: 0 once it is spent, `Infinity` where no deadline is in force.
 * Hand it to what takes a limit of its own: `AbortSignal.timeout(Math.min(5_000, remainingMs()))`.
 */
export function remainingMs(): number {
  return deadlineRest() ?? Number.POSITIVE_INFINITY;
}
