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
    this[SOURCE] ??= new AbortController();
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
});

const COUNTED = spreadable(['signal', 'attempt']);
/** An attempt that nobody counted would, spread, lie over the count of a retry further out. */
const UNCOUNTED = spreadable(['signal']);

/**
 * One for each call, also where nothing can abort it. To share one would save a tenth of a call, but whoever writes to a context, or
 * has it as a key, would meet the calls that run at the same time.
 * @param source Undefined for a call that nothing can abort.
 * @param attempt Undefined where nobody counts.
 */
export const contextOf = (
  source: { readonly signal: AbortSignal } | undefined,
  attempt: number | undefined,
): PolicyContext => new Proxy(new Context(source, attempt ?? 1), attempt === undefined ? UNCOUNTED : COUNTED);
