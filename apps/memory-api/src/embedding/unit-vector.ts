/**
 * Scales a vector to length 1, in place.
 * @returns False, the vector untouched, where it has no direction: all zero, or a value that is not finite.
 */
export function scaleToUnit(vector: Float32Array): boolean {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (!(squares > 0) || !Number.isFinite(squares)) return false;
  const factor = 1 / Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i] = vector[i]! * factor;
  return true;
}
