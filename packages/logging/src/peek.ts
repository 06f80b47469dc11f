import { counters } from './counters.ts';

/** Stands for a value whose getter, proxy or own method threw. */
export const unreadable = { value: '[Unreadable]', text: '"[Unreadable]"' } as const;

export const isPrimitive = (value: unknown): boolean =>
  (typeof value !== 'object' && typeof value !== 'function') || value === null;

/** The property, or a marker when reading it throws. */
export const peek = (target: object, key: PropertyKey): unknown => {
  try {
    return Reflect.get(target, key);
  } catch {
    counters.unreadable++;
    return unreadable.value;
  }
};

/** An own, shallow copy of the enumerable properties; whatever cannot be read is marked, the caller's object stays as it is. */
export const snapshot = (value: object): Record<string, unknown> => {
  try {
    return { ...value };
  } catch {
    return carefully(value);
  }
};

const carefully = (value: object): Record<string, unknown> => {
  const copy: Record<string, unknown> = Object.create(null);
  try {
    for (const key of Object.keys(value)) copy[key] = peek(value, key);
  } catch {
    counters.unreadable++;
    copy.fields = unreadable.value;
  }
  return copy;
};
