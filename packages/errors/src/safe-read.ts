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
