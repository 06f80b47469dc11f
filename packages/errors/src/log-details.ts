import { logLine } from './log-text.ts';
import { isList, isObject, keysOf, read, readList } from './safe-read.ts';

const maxKeys = 32;
const maxDepth = 4;
/** Parts that hold other people's data: they never come along, whatever is in them. */
const leftOut =
  /^(?:headers?|rawHeaders|set-cookie|cookies?|authorization|config|body|rawBody|data|request|req|response|res|__proto__|constructor|prototype)$/i;
const masked = /pass(?:word|wd)?$|secret|token$|api[-_]?key|credential|private[-_]?key|session[-_]?id/i;

type Left = { keys: number };

const copy = (value: unknown, depth: number, left: Left, seen: Set<object>): unknown => {
  if (typeof value === 'string') return logLine(value, 500);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return `${value}`.slice(0, 100);
  if (typeof value === 'boolean' || value === null) return value;
  if (!isObject(value)) return value === undefined ? undefined : `[${typeof value}]`;
  if (typeof value === 'function') return '[function]';
  if (seen.has(value)) return '[circular]';
  if (depth >= maxDepth) return '[deep]';
  const within = new Set(seen).add(value);
  if (isList(value)) return readList(value, maxKeys).map((one) => copy(one, depth + 1, left, within));
  return copyKeys(value, depth, left, within);
};

const copyKeys = (value: object, depth: number, left: Left, seen: Set<object>): Record<string, unknown> => {
  const into: Record<string, unknown> = Object.create(null);
  for (const key of keysOf(value).slice(0, maxKeys)) {
    if (leftOut.test(key) || --left.keys < 0) continue;
    const name = logLine(key, 64);
    into[name] = masked.test(key) ? '***' : copy(read(value, key), depth + 1, left, seen);
  }
  return into;
};

/** A plain, bounded copy of an `AppError`'s details: at most 32 keys a level, 4 levels, 200 keys in all. */
export const logDetails = (details: unknown): Record<string, unknown> | undefined =>
  isObject(details) && typeof details !== 'function'
    ? copyKeys(details, 0, { keys: 200 }, new Set([details]))
    : undefined;
