import { isObject, read, readList, readNumber, readString } from './safe-read.ts';

/** Waits longer than this are cut to it: a server may name days, and a timer past 2^31-1 ms fires at once. */
export const defaultMaxRetryAfterMs = 3_600_000;

const header = (headers: unknown, name: string): string | undefined => {
  const get = read(headers, 'get');
  let value: unknown;
  if (typeof get === 'function') {
    try {
      value = Reflect.apply(get, headers, [name]);
    } catch {
      return undefined;
    }
  } else {
    const titled = name.replace(/(^|-)[a-z]/g, (part) => part.toUpperCase());
    value = read(headers, name) ?? read(headers, titled);
  }
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.length <= 64 ? value.trim() : undefined;
};

const plainNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined;

const fromHeaders = (holder: unknown, now: () => number): number | undefined => {
  const headers = read(holder, 'headers');
  if (!isObject(headers)) return undefined;
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const ms = plainNumber(header(headers, name));
    if (ms !== undefined) return ms;
  }
  const text = header(headers, 'retry-after');
  const seconds = plainNumber(text);
  if (seconds !== undefined) return seconds * 1000;
  if (text === undefined || !/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now());
};

const fromRetryInfo = (details: unknown): number | undefined => {
  for (const detail of readList(details, 16)) {
    if (!readString(detail, '@type', 128)?.endsWith('google.rpc.RetryInfo')) continue;
    const delay = readString(detail, 'retryDelay', 32);
    const seconds = delay?.endsWith('s') ? plainNumber(delay.slice(0, -1)) : undefined;
    if (seconds !== undefined) return seconds * 1000;
  }
  return undefined;
};

/**
 * How long the error asks to wait, in whole milliseconds, at most `maxMs`; undefined when it does not say.
 * Understands `retryAfterMs`, `Retry-After` as seconds and as a date, the `-ms` headers, in `Headers` or a plain object,
 * on the error, its `response` or boom's `output`, and google.rpc.RetryInfo.
 */
export const retryAfterOf = (error: unknown, now: () => number, maxMs: number): number | undefined => {
  const own = readNumber(error, 'retryAfterMs');
  let found = own !== undefined && own >= 0 ? own : fromHeaders(error, now);
  for (const holder of ['response', '$response', 'output']) found ??= fromHeaders(read(error, holder), now);
  found ??= fromRetryInfo(read(error, 'details')) ?? fromRetryInfo(read(read(error, 'error'), 'details'));
  return found === undefined ? undefined : Math.min(Math.ceil(found), maxMs);
};
