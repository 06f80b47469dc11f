/** A record as it was logged: the line, parsed. */
export type LogRecord = Readonly<Record<string, unknown>>;

/**
 * What a record must have; further fields do not matter, at any depth. A text may be given as a RegExp, and any value as a
 * function that says whether it fits, or as a matcher of the test runner (`expect.any(Number)`).
 */
export type Expected = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const fits = (actual: unknown, expected: unknown): boolean => {
  if (expected instanceof RegExp) return typeof actual === 'string' && new RegExp(expected).test(actual);
  if (typeof expected === 'function') return Boolean((expected as (value: unknown) => unknown)(actual));
  if (!isObject(expected)) return Object.is(actual, expected);
  if (typeof expected.asymmetricMatch === 'function') return Boolean(expected.asymmetricMatch(actual));
  if (Array.isArray(expected))
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((item, at) => fits(actual[at], item))
    );
  return isObject(actual) && misfits(actual, expected).length === 0;
};

/** The names whose values are not as expected. An expected undefined means that there is no such field. */
export const misfits = (actual: LogRecord, expected: Expected): string[] =>
  Object.keys(expected).filter(
    (name) => !fits(Object.hasOwn(actual, name) ? actual[name] : undefined, expected[name]),
  );

/** Where a record has its message, whatever shape its line has. */
export const messageOf = (record: LogRecord): unknown => record.message ?? record.body;
