import { createHash } from 'node:crypto';

const text = (value: string): string => `s${value.length}:${value}`;

const refuse = (what: string): never => {
  throw new TypeError(`cached(): ${what} cannot be part of a cache key; give a key function`);
};

const number = (value: number): string => `d${Object.is(value, -0) ? 0 : value};`;

const sorted = (items: string[]): string => `${items.length}{${items.sort().join('')}}`;

const base64 = (view: ArrayBufferView): string =>
  text(Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64'));

type Form = (value: never, path: Set<object>) => string;

const array = (value: readonly unknown[], path: Set<object>): string => {
  let items = '';
  let present = 0;
  for (let at = 0; at < value.length; at++) {
    const there = at in value;
    if (there) present++;
    items += there ? canonical(value[at], path) : 'h';
  }
  if (ownKeys(value) !== present + 1) refuse('an array with fields');
  return `A${value.length}[${items}]`;
};

const plain = (value: object, path: Set<object>): string => {
  const entries = Object.entries(value);
  if (ownKeys(value) !== entries.length) refuse('an object with symbol keys or hidden fields');
  return `O${sorted(entries.map(([k, v]) => text(k) + canonical(v, path)))}`;
};

const ownKeys = (value: object): number => Reflect.ownKeys(value).length;

/** A form for instances of exactly one class, which have `fields` own keys and no more. */
const exactly =
  (fields: number, form: Form): Form =>
  (value: object, path: Set<object>) =>
    ownKeys(value) === fields ? form(value as never, path) : refuse('an instance with fields of its own');

const views = [
  ...[Buffer, Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array, Int8Array, Int16Array, Int32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView],
];

// By prototype: a subclass may hold what the form of its base does not tell.
const forms = new Map<unknown, Form>([
  [Object.prototype, plain],
  [null, plain],
  [Array.prototype, array],
  [Date.prototype, exactly(0, (value: Date) => `D${value.getTime()};`)],
  // Its one field is `lastIndex`.
  [RegExp.prototype, exactly(1, (value: RegExp) => `R${text(value.source)}${text(value.flags)}`)],
  [URL.prototype, exactly(0, (value: URL) => `U${text(value.href)}`)],
  [URLSearchParams.prototype, exactly(0, (value: URLSearchParams) => `Q${text(value.toString())}`)],
  [
    ArrayBuffer.prototype,
    exactly(0, (value: ArrayBuffer) => `BArrayBuffer:${base64(new Uint8Array(value))}`),
  ],
  [
    Map.prototype,
    exactly(
      0,
      (value: Map<unknown, unknown>, path) =>
        `M${sorted([...value].map(([k, v]) => canonical(k, path) + canonical(v, path)))}`,
    ),
  ],
  [
    Set.prototype,
    exactly(0, (value: Set<unknown>, path) => `S${sorted([...value].map((item) => canonical(item, path)))}`),
  ],
  ...views.map(({ name, prototype }): [unknown, Form] => [
    prototype,
    (value: ArrayBufferView) => `B${name}:${base64(value)}`,
  ]),
]);

const object = (value: object, path: Set<object>): string => {
  const form = forms.get(Object.getPrototypeOf(value));
  if (form === undefined) return refuse(`an instance of ${value.constructor?.name || 'a class'}`);
  if (path.has(value)) return refuse('a cyclic value');
  path.add(value);
  const result = form(value as never, path);
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
 * A text that is equal for two argument lists exactly when they are equal in types and content; above 120 characters a
 * SHA-256 digest of it. The order of object keys, Map entries and Set members does not matter; -0 is 0, NaN is NaN;
 * `{ a: undefined }` is not `{}`; an object without a prototype is as one with; `lastIndex` of a RegExp does not count.
 * @throws TypeError for what it cannot see into: functions, symbols, cyclic values, instances of other classes than the
 * built-in ones for data (subclasses of those too), and values with hidden fields or fields beside their content. Fields
 * added to a buffer or typed array are not looked at.
 */
export const argumentsKey = (args: readonly unknown[]): string => {
  const whole = canonical([...args], new Set());
  return whole.length <= 120
    ? whole
    : `sha256:${createHash('sha256').update(JSON.stringify(whole)).digest('hex')}`;
};
