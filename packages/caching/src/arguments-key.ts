import { createHash } from 'node:crypto';

const text = (value: string): string => `s${value.length}:${value}`;

const refuse = (what: string): never => {
  throw new TypeError(`cached(): ${what} cannot be part of a cache key; give a key function`);
};

const plain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const number = (value: number): string => `d${Object.is(value, -0) ? 0 : value};`;

const bytes = (value: ArrayBufferView | ArrayBuffer): string => {
  const name = ArrayBuffer.isView(value) ? value.constructor.name : 'ArrayBuffer';
  const data = ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(value);
  return `B${name}:${text(data.toString('base64'))}`;
};

const sorted = (items: string[]): string => `${items.length}{${items.sort().join('')}}`;

const object = (value: object, path: Set<object>): string => {
  if (value instanceof Date) return `D${value.getTime()};`;
  if (value instanceof RegExp) return `R${text(value.source)}${text(value.flags)}`;
  if (value instanceof URL) return `U${text(value.href)}`;
  if (value instanceof URLSearchParams) return `Q${text(value.toString())}`;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return bytes(value);
  if (path.has(value)) return refuse('a cyclic value');
  path.add(value);
  let result: string;
  if (Array.isArray(value)) {
    let items = '';
    for (let at = 0; at < value.length; at++) items += at in value ? canonical(value[at], path) : 'h';
    result = `A${value.length}[${items}]`;
  } else if (value instanceof Map) {
    result = `M${sorted([...value].map(([k, v]) => canonical(k, path) + canonical(v, path)))}`;
  } else if (value instanceof Set) {
    result = `S${sorted([...value].map((item) => canonical(item, path)))}`;
  } else if (plain(value)) {
    if (Object.getOwnPropertySymbols(value).length > 0) refuse('an object with symbol keys');
    result = `O${sorted(Object.entries(value).map(([k, v]) => text(k) + canonical(v, path)))}`;
  } else result = refuse(`an instance of ${value.constructor?.name || 'a class'}`);
  path.delete(value);
  return result;
};

// Every form starts with its own letter and says its length or ends with its own mark, so no two values share a text.
const canonical = (value: unknown, path: Set<object>): string => {
  switch (typeof value) {
    case 'undefined':
      return 'u';
    case 'boolean':
      return value ? 't' : 'f';
    case 'number':
      return number(value);
    case 'bigint':
      return `b${value};`;
    case 'string':
      return text(value);
    case 'object':
      return value === null ? 'n' : object(value, path);
    default:
      return refuse(`a ${typeof value}`);
  }
};

/**
 * A text that is equal for two argument lists only when they are equal in types and content. The order of object keys,
 * Map entries and Set members does not matter; -0 is 0, NaN is NaN; `{ a: undefined }` is not `{}`.
 * @throws TypeError for functions, symbols, cyclic values and instances of classes it cannot see into.
 */
export const argumentsKey = (args: readonly unknown[]): string => {
  const whole = canonical([...args], new Set());
  return whole.length <= 120
    ? whole
    : `sha256:${createHash('sha256').update(JSON.stringify(whole)).digest('hex')}`;
};
