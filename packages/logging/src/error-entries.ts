import { types } from 'node:util';
import { peek } from './peek.ts';

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

const entriesOf = (record: object): Array<[string, unknown]> => {
  try {
    return Object.keys(record).map((key) => [key, peek(record, key)]);
  } catch {
    return [];
  }
};

/**
 * What a log line says of an error. `toLogRecord()` speaks for the error alone; a `toJSON()` is added to name,
 * message and stack, since such methods are made for clients and leave the stack out.
 */
export const errorEntries = (error: object): Array<[string, unknown]> => {
  const record = own(error, 'toLogRecord');
  if (record !== undefined) return entriesOf(record);
  const found = new Map<string, unknown>();
  for (const key of ['name', 'message', 'code', 'stack']) found.set(key, peek(error, key));
  const json = own(error, 'toJSON');
  for (const [key, value] of entriesOf(json ?? error))
    if (found.get(key) === undefined) found.set(key, value);
  for (const key of ['cause', 'errors']) if (!found.has(key)) found.set(key, peek(error, key));
  return [...found];
};
