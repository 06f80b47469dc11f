import { inspect } from 'node:util';

/**
 * What the called function gets. Read its fields; a copy (`{ ...context }`) has `attempt` only where a policy counts attempts (a retry,
 * a hedge), so that laid over another context, as cockatiel's `wrap` does, it hides no count of a policy further out.
 */
export interface PolicyContext {
  /**
   * Aborts when the caller aborts or a time limit strikes; its `reason` says which. Made when first read.
   * Once the call has settled it stays as it is.
   */
  readonly signal: AbortSignal;
  /** 1 for the first call, 2 for its first repetition. */
  readonly attempt: number;
}

const SOURCE = Symbol('source');

/** A signal is the dearest part of a call, so none is made before somebody reads it: `signal` is an accessor of the prototype. */
class Context implements PolicyContext {
  [SOURCE]: { readonly signal: AbortSignal } | undefined;
  readonly attempt: number;

  constructor(source: { readonly signal: AbortSignal } | undefined, attempt: number) {
    this[SOURCE] = source;
    this.attempt = attempt;
  }

  get signal(): AbortSignal {
    if (this[SOURCE] === undefined) {
      withdraw(this);
      this[SOURCE] = new AbortController();
    }
    return this[SOURCE].signal;
  }

  [inspect.custom](): object {
    return { signal: this[SOURCE]?.signal, attempt: this.attempt };
  }
}

/**
 * To whoever spreads a context (`fetch(url, { ...context })`, or cockatiel's `wrap`, which lays them one over the other), the names
 * are properties of its own. To define them on each context would cost ten times as much.
 */
const spreadable = (names: readonly (string | symbol)[]): ProxyHandler<Context> => ({
  ownKeys: () => names as (string | symbol)[],
  getOwnPropertyDescriptor: (context, name) =>
    names.includes(name)
      ? { value: Reflect.get(context, name), writable: true, enumerable: true, configurable: true }
      : undefined,
  // Whatever is set is set by this.
  defineProperty: (context, name, descriptor) => {
    withdraw(context);
    return Reflect.defineProperty(context, name, descriptor);
  },
});

const COUNTED = spreadable(['signal', 'attempt']);
/** An attempt that nobody counted would, spread, lie over the count of a retry further out. */
const UNCOUNTED = spreadable(['signal']);

/**
 * Made for calls that nobody can abort, and not looked into by any of them so far: as good for the next one as a new one. To make one
 * for each call would cost a tenth of it.
 */
let counted: PolicyContext | undefined;
let uncounted: PolicyContext | undefined;

/** From now on the context belongs to those calls that have it. */
const withdraw = (context: Context): void => {
  if (context[SOURCE] === undefined) counted = uncounted = undefined;
};

/**
 * @param source Undefined for a call that nothing can abort.
 * @param attempt Undefined where nobody counts.
 */
export const contextOf = (
  source: { readonly signal: AbortSignal } | undefined,
  attempt: number | undefined,
): PolicyContext => {
  if (source !== undefined || (attempt !== undefined && attempt !== 1))
    return new Proxy(new Context(source, attempt ?? 1), attempt === undefined ? UNCOUNTED : COUNTED);
  if (attempt === 1) {
    counted ??= new Proxy(new Context(undefined, 1), COUNTED);
    return counted;
  }
  uncounted ??= new Proxy(new Context(undefined, 1), UNCOUNTED);
  return uncounted;
};
