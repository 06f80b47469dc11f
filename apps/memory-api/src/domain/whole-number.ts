/** @throws RangeError naming option, expectation and value. */
export function requireWholeNumber(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be an integer >= ${least}, got ${String(value)}`);
}
