/**
 * Reading from values that somebody threw. Anything may be behind a property: a getter that throws, a revoked proxy.
 * Nothing here throws, and nothing here calls a method of the value.
 */
export const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

export const read = (value: unknown, key: PropertyKey): unknown => {
  if (!isObject(value)) return undefined;
  try {
    return (value as Record<PropertyKey, unknown>)[key];
  } catch {
    return undefined;
  }
};

/** The property if it is a string, cut to `limit` characters. */
export const readString = (value: unknown, key: PropertyKey, limit = 2048): string | undefined => {
  const found = read(value, key);
  return typeof found === 'string' ? (found.length > limit ? found.slice(0, limit) : found) : undefined;
};

export const readNumber = (value: unknown, key: PropertyKey): number | undefined => {
  const found = read(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
};

/** `Array.isArray` throws on a revoked proxy. */
export const isList = (value: unknown): value is unknown[] => {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
};

/** The elements of an array, at most `limit`; empty for anything else. */
export const readList = (value: unknown, limit: number): unknown[] => {
  if (!isList(value)) return [];
  const length = Math.min(readNumber(value, 'length') ?? 0, limit);
  const list: unknown[] = [];
  for (let at = 0; at < length; at++) list.push(read(value, at));
  return list;
};

export const constructorName = (value: unknown): string =>
  readString(read(value, 'constructor'), 'name', 128) ?? '';

/** What of a list of properties has a value. */
export type Defined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };

/** A copy without the properties that are undefined. */
export const defined = <T extends object>(parts: T): Defined<T> => {
  const kept: Record<string, unknown> = {};
  // Own keys alone: what somebody put on Object.prototype must not get into a response.
  for (const key of Object.keys(parts)) {
    const value = parts[key as keyof T];
    if (value !== undefined) kept[key] = value;
  }
  return kept as Defined<T>;
};

/** Where libraries keep the error below an error. */
export const causeLinks = [
  'cause',
  'inner',
  'original',
  'originalError',
  'parent',
  'driverError',
  'jse_cause',
];

/** The own enumerable string keys; none of a value that will not tell them. */
export const keysOf = (value: object): string[] => {
  try {
    return Object.keys(value);
  } catch {
    return [];
  }
};
