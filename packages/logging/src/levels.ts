import { describe } from './describe.ts';
/** winston's npm levels: a lower number is more severe. */
export const levels = { error: 0, warn: 1, info: 2, http: 3, verbose: 4, debug: 5, silly: 6 } as const;

export type Level = keyof typeof levels;

export const levelNames = Object.keys(levels) as Level[];

export const isLevel = (value: unknown): value is Level =>
  typeof value === 'string' && Object.hasOwn(levels, value);

/** @throws RangeError when `value` is not one of the levels. */
export const checkLevel = (option: string, value: unknown): Level => {
  if (isLevel(value)) return value;
  throw new RangeError(`${option} must be one of ${levelNames.join(', ')}, got ${describe(value)}`);
};
