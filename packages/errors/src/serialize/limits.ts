/** How much of an error comes along, on the way out and on the way in. */
export interface SerializeLimits {
  /** Levels below the error, causes and values alike. Default 10, 0 to 64. */
  maxDepth?: number | undefined;
  /** Keys of one object, elements of one list. Default 100. */
  maxBreadth?: number | undefined;
  /** Characters of one text; a longer one is cut and ends in `…`. Default 8,192. */
  maxStringLength?: number | undefined;
  /** Characters of all texts and keys together; each value counts 8 more. Default 262,144. */
  maxTotal?: number | undefined;
}

/** One pass over one error: what is allowed, what is left of it, and whether anything was left out. */
export interface Pass {
  readonly maxDepth: number;
  readonly maxBreadth: number;
  readonly maxStringLength: number;
  left: number;
  cut: boolean;
  /** The objects on the way from the top to here; meeting one again is a cycle. */
  readonly above: Set<object>;
}

const whole = (name: string, value: unknown, fallback: number, from: number, to: number): number => {
  if (value === undefined) return fallback;
  if (Number.isInteger(value) && (value as number) >= from && (value as number) <= to) return value as number;
  throw new RangeError(`${name} must be an integer from ${from} to ${to}, got ${String(value)}`);
};

const largest = 2 ** 28;

export const passOf = (limits: SerializeLimits): Pass => ({
  maxDepth: whole('maxDepth', limits.maxDepth, 10, 0, 64),
  maxBreadth: whole('maxBreadth', limits.maxBreadth, 100, 1, largest),
  maxStringLength: whole('maxStringLength', limits.maxStringLength, 8192, 16, largest),
  left: whole('maxTotal', limits.maxTotal, 262_144, 256, largest),
  cut: false,
  above: new Set(),
});

/** Pays for one value; false when nothing is left. */
export const pay = (pass: Pass): boolean => {
  pass.left -= 8;
  if (pass.left >= 0) return true;
  pass.cut = true;
  return false;
};

/** Pays for a text and gives as much of it as is allowed. */
export const textIn = (pass: Pass, text: string, limit = pass.maxStringLength): string => {
  const most = Math.max(1, Math.min(limit, pass.maxStringLength, pass.left));
  const kept = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  if (kept !== text) pass.cut = true;
  pass.left -= kept.length;
  return kept;
};
