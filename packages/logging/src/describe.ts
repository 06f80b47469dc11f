/** A value as text for a message; never throws, though an object without a prototype has no text and a `toString` may fail. */
export const describe = (value: unknown): string => {
  try {
    return String(value);
  } catch {
    return 'an object without a text';
  }
};
