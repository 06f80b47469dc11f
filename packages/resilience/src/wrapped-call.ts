import { AsyncLocalStorage } from 'node:async_hooks';

/** A call of a wrapped function or a decorated method, for policies that look at the arguments. */
interface WrappedCall {
  readonly fn: object;
  readonly self: unknown;
  readonly args: readonly unknown[];
}

// Async, because a retry or a queue may stand between the wrapper and the policy that asks.
const storage = new AsyncLocalStorage<WrappedCall | undefined>();
let wanted = false;

/** Said once by the first policy that will ask; until then wrapped calls pay nothing. */
export const wantWrappedCalls = (): void => {
  wanted = true;
};

/** Begins a call so that the policies around it can ask for its arguments. */
export const beginWrapped = <T>(fn: object, self: unknown, args: readonly unknown[], begin: () => T): T =>
  wanted ? storage.run({ fn, self, args }, begin) : begin();

/** Calls what is not part of the wrapped call: the function itself, and what it calls in turn. */
export const beginBare = <T>(begin: () => T): T =>
  wanted && storage.getStore() !== undefined ? storage.run(undefined, begin) : begin();

/** The wrapped call that is under way around this policy; undefined for a bare `execute`. */
export const wrappedCall = (): WrappedCall | undefined => storage.getStore();
