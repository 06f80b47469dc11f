import { isProxy } from 'node:util/types';

/** What the engine and Node themselves put on an error. */
const usual: ReadonlySet<PropertyKey> = new Set(
  'stack message cause code errno syscall address port hostname path dest spawnargs'.split(' '),
);
const natives: ReadonlySet<unknown> = new Set(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    (one) => one.prototype,
  ),
);

const areUsual = (keys: readonly PropertyKey[]): boolean => keys.every((key) => usual.has(key));

/**
 * Whether an error is as the engine or Node made it, as most are. The forty properties that libraries are known by need
 * not be asked for then, and asking is most of the work of judging an error.
 */
export const isBare = (value: object): boolean =>
  !isProxy(value) &&
  natives.has(Object.getPrototypeOf(value)) &&
  // The engine keeps the enumerable keys at hand, and they say no of most that have more.
  areUsual(Object.keys(value)) &&
  areUsual(Reflect.ownKeys(value));
