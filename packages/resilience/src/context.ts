import type { Scope } from './scope.ts';

/** What the called function gets. */
export interface PolicyContext {
  /**
   * Aborts when the caller aborts or a time limit strikes; its `reason` says which. Made when first read.
   * Once the call has settled it stays as it is.
   */
  readonly signal: AbortSignal;
  /** 1 for the first call, 2 for its first repetition. */
  readonly attempt: number;
}

const SCOPE = Symbol('scope');

interface Scoped {
  readonly [SCOPE]: Scope;
}

/** For a function that will hardly look at it: `signal` is on the prototype, which costs nothing until it is read. */
export class LightContext implements PolicyContext {
  [SCOPE]: { readonly signal: AbortSignal } | undefined;
  readonly attempt: number;

  /** @param scope Undefined for a call that nothing can abort. */
  constructor(scope: { readonly signal: AbortSignal } | undefined, attempt: number) {
    this[SCOPE] = scope;
    this.attempt = attempt;
  }

  get signal(): AbortSignal {
    this[SCOPE] ??= new AbortController();
    return this[SCOPE].signal;
  }
}

const SIGNAL = {
  get(this: Scoped): AbortSignal {
    return this[SCOPE].signal;
  },
  enumerable: true,
  configurable: true,
};

class OwnContext implements PolicyContext {
  declare readonly [SCOPE]: Scope;
  declare readonly signal: AbortSignal;
  declare readonly attempt: number;

  constructor(scope: Scope, attempt: number | undefined) {
    Object.defineProperty(this, SCOPE, { value: scope });
    Object.defineProperty(this, 'signal', SIGNAL);
    if (attempt !== undefined) (this as { attempt: number }).attempt = attempt;
  }

  static {
    Object.defineProperty(OwnContext.prototype, 'attempt', { value: 1, writable: true });
  }
}

/**
 * cockatiel's `wrap` copies contexts by spreading them, one over the other. So `signal` is an own accessor, that it be copied;
 * and an attempt that nobody counted is inherited, that it not be copied over the count of a retry further out.
 */
export const contextOf = (scope: Scope, attempt: number | undefined): PolicyContext =>
  new OwnContext(scope, attempt);
