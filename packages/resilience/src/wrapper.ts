import { show } from './validate.ts';

export type Method = (this: unknown, ...args: unknown[]) => unknown;
/** Opens what an async generator function of a user's gives, under a policy. */
export type Open = (fn: Method, self: unknown, args: readonly unknown[]) => AsyncGenerator;

interface Wrapping {
  policy: string;
  apply: (fn: Method, self: unknown, args: readonly unknown[]) => Promise<unknown>;
  open: Open;
}

/** The callable side of a policy: `policy(fn)`, and `@policy` in both dialects of decorators. */
export const wrapperOf =
  (wrapping: Wrapping) =>
  (target: unknown, key?: unknown, descriptor?: PropertyDescriptor): unknown => {
    const { policy } = wrapping;
    if (typeof key === 'string' || typeof key === 'symbol') {
      if (typeof descriptor?.value !== 'function')
        throw new TypeError(`@${policy} can decorate a method, and "${String(key)}" is not one`);
      return { ...descriptor, value: wrap(wrapping, descriptor.value as Method) };
    }
    if (typeof key === 'object' && key !== null) {
      const { kind, name } = key as { kind?: unknown; name?: unknown };
      if (kind !== 'method' || typeof target !== 'function')
        throw new TypeError(`@${policy} can decorate a method, and "${String(name)}" is a ${String(kind)}`);
      return wrap(wrapping, target as Method);
    }
    if (typeof target !== 'function')
      throw new TypeError(`"${policy}" can only wrap a function, got ${show(target)}`);
    return wrap(wrapping, target as Method);
  };

const wrap = ({ policy, apply, open }: Wrapping, fn: Method): Method => {
  const kind = Object.prototype.toString.call(fn);
  // Its body runs after the call has returned and between the calls of `next`, which wait for nobody.
  if (kind === '[object GeneratorFunction]')
    throw new TypeError(
      `"${policy}" cannot wrap "${fn.name}": a generator that is not async waits for nothing`,
    );
  const wrapped =
    kind === '[object AsyncGeneratorFunction]'
      ? function (this: unknown, ...args: unknown[]): AsyncGenerator {
          return open(fn, this, args);
        }
      : function (this: unknown, ...args: unknown[]): Promise<unknown> {
          return apply(fn, this, args);
        };
  return Object.defineProperties(wrapped as Method, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
  });
};
