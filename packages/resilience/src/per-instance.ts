import { applyUnder, openUnder, type PolicyLike } from './policy.ts';
import { show } from './validate.ts';
import { type Method, wrapperOf } from './wrapper.ts';

/** Decorates or wraps functions whose policy belongs to their `this`. */
export interface PerInstance {
  /** `@decorator` on a method, decorators of ECMAScript. */
  <This, Args extends unknown[], R>(
    method: (this: This, ...args: Args) => Promise<R>,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Promise<R>>,
  ): (this: This, ...args: Args) => Promise<R>;
  /** `@decorator` on an async generator method, ECMAScript's decorators. */
  <This, Args extends unknown[], T, R, N>(
    method: (this: This, ...args: Args) => AsyncGenerator<T, R, N>,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => AsyncGenerator<T, R, N>>,
  ): (this: This, ...args: Args) => AsyncGenerator<T, R, N>;
  /** `@decorator` on a method, TypeScript's `experimentalDecorators`. */
  <M extends (...args: never[]) => Promise<unknown> | AsyncGenerator<unknown, unknown, never>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): TypedPropertyDescriptor<M>;
}

/**
 * A decorator with a policy for each instance instead of one for all, made by `make` at the instance's first call and forgotten
 * with it. All methods decorated with the same answer share the policy of their instance.
 * @param make Gives the policy of an instance (of a class, for a static method). It must answer at once.
 * An async generator is read as by `stream`.
 * @throws TypeError here for a `make` that is no function; at a call without `this`, or when `make` gives no policy.
 */
export function perInstance(make: (instance: object) => PolicyLike): PerInstance {
  if (typeof make !== 'function') throw new TypeError(`perInstance needs a function, got ${show(make)}`);
  const policies = new WeakMap<object, PolicyLike>();
  const policyOf = (self: unknown): PolicyLike => {
    if ((typeof self !== 'object' && typeof self !== 'function') || self === null)
      throw new TypeError(`a policy per instance needs an instance as "this", got ${show(self)}`);
    let policy = policies.get(self);
    if (policy === undefined) {
      policy = make(self);
      if (typeof policy?.execute !== 'function')
        throw new TypeError(`perInstance must be given a policy (with execute), got ${show(policy)}`);
      policies.set(self, policy);
    }
    return policy;
  };
  return wrapperOf({
    policy: 'perInstance',
    apply: async (fn: Method, self, args) => applyUnder(policyOf(self), fn, self, args),
    open: async function* (fn, self, args) {
      return yield* openUnder(policyOf(self), fn, self, args);
    },
  }) as PerInstance;
}
