import { isList, isObject, read, readList, readString } from '../safe-read.ts';
import { type Pass, pay, textIn } from './limits.ts';

/** What JSON can hold. Objects have no prototype. */
export type PlainValue =
  | string
  | number
  | boolean
  | null
  | PlainValue[]
  | { readonly [key: string]: PlainValue };

const forbidden: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** True for what has a name or a stack beside a message, whatever made it. Never throws. */
export const isErrorLike = (value: unknown): value is object =>
  isObject(value) &&
  typeof value !== 'function' &&
  readString(value, 'message', 1) !== undefined &&
  (readString(value, 'stack', 1) ?? readString(value, 'name', 1)) !== undefined;

const dateText = (value: object): string | undefined => {
  try {
    return Date.prototype.toISOString.call(value);
  } catch {
    return undefined;
  }
};

export const keysOf = (value: object, pass: Pass): string[] => {
  try {
    const keys = ArrayBuffer.isView(value) ? [] : Object.keys(value);
    if (keys.length > pass.maxBreadth) pass.cut = true;
    return keys.slice(0, pass.maxBreadth).filter((key) => !forbidden.has(key));
  } catch {
    return [];
  }
};

const listOf = (value: unknown[], pass: Pass): unknown[] => {
  const found = readList(value, pass.maxBreadth);
  if (read(value, 'length') !== found.length) pass.cut = true;
  return found;
};

const copyObject = (value: object, pass: Pass, depth: number): PlainValue => {
  if (isList(value)) return listOf(value, pass).map((one) => plain(one, pass, depth + 1) ?? null);
  const into: Record<string, PlainValue> = Object.create(null);
  // An error's own keys rarely hold what matters.
  const names = isErrorLike(value) ? ['name', 'message', 'code'] : keysOf(value, pass);
  for (const name of names) {
    const copied = plain(read(value, name), pass, depth + 1);
    if (copied !== undefined) into[textIn(pass, name, 256)] = copied;
  }
  return into;
};

/**
 * A bounded copy that JSON can hold: dates and bigints as text, what is not finite as its name, functions, symbols and
 * undefined left out. Calls nothing of the value's own.
 */
export const plain = (value: unknown, pass: Pass, depth: number): PlainValue | undefined => {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol' || !pay(pass))
    return undefined;
  if (typeof value === 'string') return textIn(pass, value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return textIn(pass, `${value}`);
  if (!isObject(value)) return value as boolean | null;
  if (depth > pass.maxDepth || pass.above.has(value)) {
    pass.cut = true;
    return undefined;
  }
  const date = dateText(value);
  if (date !== undefined) return date;
  pass.above.add(value);
  const copied = copyObject(value, pass, depth);
  pass.above.delete(value);
  return copied;
};
