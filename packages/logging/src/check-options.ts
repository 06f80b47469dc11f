import { describe } from './describe.ts';
import { longestMs } from './later.ts';

/** @throws RangeError naming the option when the value is neither left out nor an integer of at least `least`. */
export const wholeNumber = <Fallback>(
  option: string,
  value: unknown,
  least: number,
  fallback: Fallback,
): number | Fallback => {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw new RangeError(`${option} must be an integer >= ${least}, got ${describe(value)}`);
};

/** @throws TypeError naming the option when the value is neither left out nor a boolean. */
export const yesOrNo = (option: string, value: unknown): boolean => {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw new TypeError(`${option} must be true or false, got ${describe(value)}`);
};

/** @throws RangeError unless it is an integer from 1 to 2,147,483,647. */
export const checkMs = (option: string, value: unknown): number => {
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= longestMs)
    return value as number;
  throw new RangeError(
    `${option} must be an integer of milliseconds from 1 to ${longestMs}, got ${describe(value)}`,
  );
};

/** @throws TypeError unless it is undefined or a function. */
export const checkFunction = <Fn>(option: string, value: Fn | undefined): Fn | undefined => {
  if (value === undefined || typeof value === 'function') return value;
  throw new TypeError(`${option} must be a function, got ${describe(value)}`);
};

/** @throws TypeError when it is neither left out nor a non-empty string. */
export const checkName = (name: unknown): string | undefined => {
  if (name === undefined || (typeof name === 'string' && name !== '')) return name;
  throw new TypeError(`name must be a non-empty string, got ${describe(name)}`);
};

/** @throws RangeError naming the option unless it is a number from 0 to 1. */
export const checkShare = (option: string, value: unknown): number => {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new RangeError(`${option} must be a number from 0 to 1, got ${describe(value)}`);
};
