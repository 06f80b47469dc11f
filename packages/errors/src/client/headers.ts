import { cleanLine } from '../public-text.ts';
import { read } from '../safe-read.ts';

/** A header of a `Headers` or of a plain object with lower-case names (axios), as one line. */
export const header = (headers: unknown, name: string): string | undefined => {
  const get = read(headers, 'get');
  try {
    const value = typeof get === 'function' ? Reflect.apply(get, headers, [name]) : read(headers, name);
    return typeof value === 'string' ? cleanLine(value, 128).trim() || undefined : undefined;
  } catch {
    return undefined;
  }
};

/** `Retry-After` in milliseconds: seconds or a date (RFC 9110). */
export const waitIn = (headers: unknown, now: () => number): number | undefined => {
  const text = header(headers, 'retry-after') ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) - now() : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at);
};
