export type Method = (this: unknown, ...args: unknown[]) => unknown;
type Execute = (fn: Method, self: unknown, args: unknown[]) => Promise<unknown>;

/** The callable side of a policy: `policy(fn)`, and `@policy` in both dialects of decorators. */
export const wrapperOf =
  (execute: Execute, policy: string) =>
  (target: unknown, key?: unknown, descriptor?: PropertyDescriptor): unknown => {
    if (typeof key === 'string' || typeof key === 'symbol') {
      if (typeof descriptor?.value !== 'function')
        throw new TypeError(`@${policy} can decorate a method, and "${String(key)}" is not one`);
      return { ...descriptor, value: wrap(execute, policy, descriptor.value as Method) };
    }
    if (typeof key === 'object' && key !== null) {
      const { kind, name } = key as { kind?: unknown; name?: unknown };
      if (kind !== 'method' || typeof target !== 'function')
        throw new TypeError(`@${policy} can decorate a method, and "${String(name)}" is a ${String(kind)}`);
      return wrap(execute, policy, target as Method);
    }
    if (typeof target !== 'function') throw new TypeError(`"${policy}" can only wrap a function`);
    return wrap(execute, policy, target as Method);
  };

const wrap = (execute: Execute, policy: string, fn: Method): Method => {
  // A generator's body runs after the call has returned, out of the policy's sight.
  if (/Generator/.test(Object.prototype.toString.call(fn)))
    throw new TypeError(`"${policy}" cannot wrap "${fn.name}": generators are not supported`);
  const wrapped = function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return execute(fn, this, args);
  };
  return Object.defineProperties(wrapped, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
  });
};
