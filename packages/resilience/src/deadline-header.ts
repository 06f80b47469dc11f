import { remainingMs } from './deadline-context.ts';
import { oneOf, show } from './validate.ts';

/** `grpc-timeout`: up to eight digits and a unit, `1500m`. `ms`: digits alone, `1500`. */
export type DeadlineFormat = 'grpc-timeout' | 'ms';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['n', 1e-6],
  ['u', 1e-3],
  ['m', 1],
  ['S', 1_000],
  ['M', 60_000],
  ['H', 3_600_000],
]);
const MOST = 99_999_999;

/**
 * A time budget as text for a header or a message, rounded down: it never promises more than there is.
 * @param format Default `grpc-timeout`.
 * @param ms Default: what is left of the deadline in force.
 * @returns undefined when there is no deadline, so that no header is sent; `0n` or `0` when the time is spent.
 * @throws RangeError for an `ms` that is not a number; TypeError for an unknown format.
 */
export function toDeadlineHeader(
  format: DeadlineFormat = 'grpc-timeout',
  ms: number = remainingMs(),
): string | undefined {
  oneOf('format', format, ['grpc-timeout', 'ms']);
  if (typeof ms !== 'number' || Number.isNaN(ms))
    throw new RangeError(`ms must be a number of milliseconds, got ${show(ms)}`);
  if (ms === Number.POSITIVE_INFINITY) return undefined;
  if (format === 'ms') return String(BigInt(Math.floor(Math.max(0, ms))));
  if (ms <= 0) return '0n';
  // Under a millisecond in nanoseconds; else the first unit that eight digits can hold, from the finest on.
  for (const [unit, size] of UNITS) {
    const count = Math.floor(ms / size);
    if (count <= MOST && (size >= 1 || ms < 1)) return `${count}${unit}`;
  }
  return `${MOST}H`;
}

/**
 * Reads what {@link toDeadlineHeader} writes, in either format.
 * It is the sender's word: bound it (`Math.min(own, fromDeadlineHeader(text) ?? own)`).
 * @param text A header's value; of several the first one counts.
 * @returns Milliseconds; undefined for a header that is missing or malformed.
 */
export function fromDeadlineHeader(text: unknown): number | undefined {
  const first: unknown = Array.isArray(text) ? text[0] : text;
  if (typeof first !== 'string') return undefined;
  const [, digits, unit] = /^ *(\d{1,16})([HMSmun])? *$/.exec(first) ?? [];
  if (digits === undefined || (unit !== undefined && digits.length > 8)) return undefined;
  return Number(digits) * (UNITS.get(unit ?? 'm') ?? 1);
}
