import { describe } from './describe.ts';

const brand: unique symbol = Symbol.for('agent4.logging.lazy') as never;

/** A value that is worked out when, and only if, its record is written. */
export interface Lazy<Value = unknown> {
  readonly [brand]: () => Value;
}

/**
 * A field that costs something to work out: `log.debug('state', { dump: lazy(() => dump()) })` calls nothing while debug is
 * off. It is called once a record, in the log call; in bindings and `base` once for all records. What it throws is marked.
 * @throws TypeError for what is no function.
 */
export const lazy = <Value>(value: () => Value): Lazy<Value> => {
  if (typeof value !== 'function') throw new TypeError(`lazy must get a function, got ${describe(value)}`);
  return { [brand]: value };
};

/** The function of a lazy value; undefined for any other. */
export const lazyOf = (value: object): (() => unknown) | undefined => {
  const made: unknown = (value as { [brand]?: unknown })[brand];
  return typeof made === 'function' ? (made as () => unknown) : undefined;
};
