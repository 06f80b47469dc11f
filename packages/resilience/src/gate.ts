/** Settles a promise. */
export type Settle = (value?: unknown) => void;

/** What a gate answers when the run was cut off. */
export const STRUCK = Symbol('struck');
/** Further in than any stage is. */
export const INNERMOST = 1_000_000;

/** Settle the promise that {@link capture} made last. */
export let resolveMade: Settle;
export let rejectMade: Settle;
/** One function for all promises: a closure a promise is what a call would pay most for. */
export const capture = (resolve: Settle, reject: Settle): void => {
  resolveMade = resolve;
  rejectMade = reject;
};
