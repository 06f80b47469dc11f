import { types } from 'node:util';
import { peek } from './peek.ts';
import type { Shape } from './shape.ts';

/** True for errors of any realm, and for objects that bring a log record of their own (`toLogRecord`). */
export const isErrorLike = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return (
      types.isNativeError(value) ||
      value instanceof Error ||
      Object.prototype.toString.call(value) === '[object Error]' ||
      typeof peek(value, 'toLogRecord') === 'function'
    );
  } catch {
    return false;
  }
};

const own = (error: object, method: 'toLogRecord' | 'toJSON'): object | undefined => {
  const make = peek(error, method);
  if (typeof make !== 'function') return undefined;
  try {
    const record: unknown = Reflect.apply(make, error, []);
    return typeof record === 'object' && record !== null && record !== error && !Array.isArray(record)
      ? record
      : undefined;
  } catch {
    return undefined;
  }
};

const keysOf = (record: object): string[] => {
  try {
    return Object.keys(record);
  } catch {
    return [];
  }
};

/**
 * What a log line says of an error: name, value, name, value. `toLogRecord()` speaks for the error alone; a `toJSON()` is
 * added to name, message and stack, since such methods are made for clients and leave the stack out.
 */
export const errorEntries = (error: object, words: Shape['error']): unknown[] => {
  const record = own(error, 'toLogRecord');
  const entries: unknown[] = [];
  if (record !== undefined) {
    for (const key of keysOf(record)) entries.push(key, peek(record, key));
    return entries;
  }
  entries.push(words.name, peek(error, 'name'), words.message, peek(error, 'message'));
  const code = peek(error, 'code');
  if (code !== undefined) entries.push('code', code);
  entries.push(words.stack, peek(error, 'stack'));
  const more = own(error, 'toJSON') ?? error;
  for (const key of keysOf(more)) add(entries, key, peek(more, key));
  add(entries, 'cause', peek(error, 'cause'));
  add(entries, 'errors', peek(error, 'errors'));
  return entries;
};

/** Adds what is not there yet; a name that is there without a value is given this one. */
const add = (entries: unknown[], key: string, value: unknown): void => {
  if (value === undefined) return;
  for (let at = 0; at < entries.length; at += 2) {
    if (entries[at] !== key) continue;
    entries[at + 1] ??= value;
    return;
  }
  entries.push(key, value);
};
