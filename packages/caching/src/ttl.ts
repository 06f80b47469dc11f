import { describe } from './describe.ts';

/** A time span: a number of milliseconds, a text such as `'250ms'`, `'300s'`, `'5m'`, `'1h'`, `'2d'`; `null` or `Infinity` = without end. */
export type Duration = number | string | null;

/** A time to live: a {@link Duration}, or a function that derives one from the value. 0 = do not store. */
export type Ttl<V = unknown> = Duration | ((value: V) => Duration | undefined);

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const pattern = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/;

/** Milliseconds of a duration, `Infinity` for no end. Throws a TypeError that names `option` for anything else. */
export const durationMs = (option: string, value: unknown): number => {
  if (value === null) return Number.POSITIVE_INFINITY;
  if (typeof value === 'number' && value >= 0) return value;
  if (typeof value === 'string') {
    const match = pattern.exec(value);
    if (match !== null) return Number(match[1]) * units[match[2]!]!;
  }
  throw new TypeError(
    `${option} must be milliseconds >= 0, a text such as '5m' (ms, s, m, h, d), Infinity or null, got ${
      typeof value === 'string' ? JSON.stringify(value) : describe(value)
    }`,
  );
};

/** Checks a ttl that is given as an option; a function is checked at each value it returns. */
export const checkTtl = (option: string, value: unknown): void => {
  if (value !== undefined && typeof value !== 'function') durationMs(option, value);
};

/** A duration that may be left out, checked and as it was given. */
export const checkedDuration = (option: string, value: Duration | undefined): Duration | undefined => {
  if (value !== undefined) durationMs(option, value);
  return value;
};

/** The time to live of one value in ms: the first of the given ttls that decides; no ttl at all = no end. */
export const ttlMs = <V>(value: V, ...ttls: (Ttl<V> | undefined)[]): number => {
  for (const ttl of ttls) {
    const chosen = typeof ttl === 'function' ? ttl(value) : ttl;
    if (chosen !== undefined) return durationMs('ttl', chosen);
  }
  return Number.POSITIVE_INFINITY;
};
