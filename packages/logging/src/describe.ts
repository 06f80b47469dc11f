/** A value as text for a message; never throws, though an object without a prototype has no text and a `toString` may fail, and an empty text is not seen. */
export const describe = (value: unknown): string => {
  try {
    const text = String(value);
    if (text !== '') return text;
    return typeof value === 'string' ? "''" : '[]';
  } catch {
    return 'an object without a text';
  }
};
