import { AsyncLocalStorage } from 'node:async_hooks';
import type { Method } from './wrapper.ts';

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
export const beginWrapped = <T>(
  fn: Method,
  self: unknown,
  args: readonly unknown[],
  execute: (fn: Method, self: unknown, args: readonly unknown[]) => T,
): T => {
  if (!wanted) return execute(fn, self, args);
  const bare: Method = function (...given) {
    return beginBare(() => Reflect.apply(fn, this, given));
  };
  return storage.run({ fn, self, args }, execute, bare, self, args);
};

/** Calls what is not part of the wrapped call: the function itself, and what it calls in turn. */
export const beginBare = <T>(begin: () => T): T =>
  wanted && storage.getStore() !== undefined ? storage.run(undefined, begin) : begin();

/** The wrapped call that is under way around this policy; undefined for a bare `execute`. */
export const wrappedCall = (): WrappedCall | undefined => storage.getStore();
