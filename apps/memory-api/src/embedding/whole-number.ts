/** @throws RangeError naming option, expectation and value. */
export function requireWholeNumber(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${name} must be an integer >= ${least}, got ${String(value)}`);
  }
}
