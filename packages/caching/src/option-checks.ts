import { describe } from './describe.ts';

// Every error names the option, what it expects and what it got: a TypeError for another type, a RangeError for a number.
export const maxTimerMs = 2 ** 31 - 1;

export const within = (
  option: string,
  value: unknown,
  expected: string,
  fits: (value: number) => boolean,
): number => {
  if (typeof value === 'number' && fits(value)) return value;
  const text = `${option} must be ${expected}, got ${describe(value)}`;
  throw typeof value === 'number' ? new RangeError(text) : new TypeError(text);
};

/** A time limit for a timer; above what a timer can hold it is as good as none, and cut to that. */
export const checkTimeout = (option: string, value: unknown): number =>
  Math.min(
    maxTimerMs,
    within(option, value, 'a number of ms above 0', (ms) => ms > 0),
  );

/** A pause, which may be none; above what a timer can hold it is cut to that. */
export const pause = (option: string, value: unknown): number =>
  Math.min(
    maxTimerMs,
    within(option, value, 'a number of ms >= 0', (ms) => ms >= 0),
  );

export const oneOf = <T extends string>(option: string, value: T, allowed: readonly T[]): T => {
  if (!allowed.includes(value))
    throw new TypeError(`${option} must be one of ${allowed.join(', ')}, got ${describe(value)}`);
  return value;
};

export const optionalFunction = <F>(option: string, value: F): F => {
  if (value === undefined || typeof value === 'function') return value;
  throw new TypeError(`${option} must be a function, got ${describe(value)}`);
};

export const flag = (option: string, value: boolean | undefined): boolean => {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw new TypeError(`${option} must be true or false, got ${describe(value)}`);
};

export const positiveInteger = (option: string, value: unknown): number =>
  within(option, value, 'an integer >= 1', (n) => Number.isInteger(n) && n >= 1);

export const text = (option: string, value: unknown): string => {
  if (typeof value !== 'string' || value === '')
    throw new TypeError(`${option} must be a non-empty string, got ${value === '' ? "''" : describe(value)}`);
  return value;
};
