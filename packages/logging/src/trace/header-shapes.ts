import { describe } from '../describe.ts';
import { hasValue, isMap, setValue } from './carrier.ts';
import type { HeaderGroup } from './outgoing.ts';

/** The headers that are not there yet: nothing of a group whose first one is. */
export const missing = (groups: readonly HeaderGroup[], has: (name: string) => boolean): HeaderGroup =>
  groups.flatMap((group) => (has(group[0]![0]) ? [] : group.filter(([name]) => !has(name))));

const among = (names: readonly unknown[]): ((name: string) => boolean) => {
  const lower = new Set(names.map((name) => (typeof name === 'string' ? name.toLowerCase() : name)));
  return (name) => lower.has(name);
};

type Pair = readonly [unknown, unknown];

/**
 * A copy of the headers, of the same shape, with those of the groups that are not there yet, in any case. Shapes are plain
 * objects, lists of pairs, flat lists, and whatever has `get`, `set` and a constructor that copies.
 * @throws TypeError for what is no shape of headers.
 */
export const withHeaders = (existing: unknown, groups: readonly HeaderGroup[]): unknown => {
  if (existing === undefined || existing === null) return Object.fromEntries(groups.flat());
  if (typeof existing !== 'object')
    throw new TypeError(`headers must be an object, got ${describe(existing)}`);
  if (isMap(existing)) {
    const copy = Reflect.construct(existing.constructor as new (from: object) => object, [
      existing,
    ]) as object;
    for (const [name, value] of missing(groups, (name) => hasValue(copy, name))) setValue(copy, name, value);
    return copy;
  }
  if (Symbol.iterator in existing) {
    const items = [...(existing as Iterable<unknown>)];
    // An empty list may be of pairs or flat; an object is understood wherever either is.
    if (items.length === 0) return Object.fromEntries(groups.flat());
    if (Array.isArray(items[0]))
      return [...items, ...missing(groups, among((items as Pair[]).map(([name]) => name)))];
    return [...items, ...missing(groups, among(items.filter((_, at) => at % 2 === 0))).flat()];
  }
  return { ...existing, ...Object.fromEntries(missing(groups, (name) => hasValue(existing, name))) };
};
