import { describe } from './describe.ts';

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
