import { types } from 'node:util';
import { errorEntries, isErrorLike } from './error-entries.ts';
import { isPrimitive, peek } from './peek.ts';
import { marker, quote } from './quote.ts';
import type { PathState } from './redact-paths.ts';
import type { Walk } from './walk.ts';

/** The types whose own enumerable properties do not tell what they hold; undefined for all others. */
export const specialText = (
  walk: Walk,
  value: object,
  depth: number,
  state: PathState | undefined,
): string | undefined => {
  if (isErrorLike(value)) return errorText(walk, value, depth, state);
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value);
    return Number.isNaN(time) ? 'null' : quote(new Date(time).toISOString());
  }
  if (types.isMap(value)) return mapText(walk, value, depth, state);
  if (types.isSet(value)) {
    const size = Reflect.get(Set.prototype, 'size', value) as number;
    return walk.list(first(Set.prototype.values.call(value), walk.rules.limits.maxKeys), size, depth, state);
  }
  if (ArrayBuffer.isView(value)) return viewText(walk, value, depth, state);
  if (types.isAnyArrayBuffer(value)) return bytesText(walk, new Uint8Array(value));
  if (types.isRegExp(value)) return walk.rules.string(RegExp.prototype.toString.call(value));
  if (types.isBoxedPrimitive(value))
    return walk.value(Reflect.apply(peek(value, 'valueOf') as () => unknown, value, []), depth, state);
  if (types.isPromise(value)) return marker('Promise');
  if (types.isWeakMap(value) || types.isWeakSet(value)) return marker('Weak collection');
  if (types.isExternal(value)) return marker('External');
  return undefined;
};

const errorText = (walk: Walk, error: object, depth: number, state: PathState | undefined): string => {
  const rules = walk.rules;
  const entries = errorEntries(error, rules.shape.error);
  let text = '';
  for (let at = 0; at < entries.length; at += 2) {
    const name = entries[at] as string;
    const key = rules.key(name);
    // Own fields may have any name: those that need care are written with it, and the rest again.
    if (key.lossy || !walk.hasRoom) return walk.members(pairs(entries), depth, state);
    const shown = walk.field(key, name, entries[at + 1], state, depth + 1);
    if (shown !== undefined) text += (text === '' ? key.text : key.next) + shown;
    walk.spend(4);
  }
  return `{${text}}`;
};

const first = <T>(values: Iterator<T>, most: number): T[] => {
  const found: T[] = [];
  for (let next = values.next(); !next.done && found.length < most; next = values.next())
    found.push(next.value);
  return found;
};

const mapText = (
  walk: Walk,
  map: Map<unknown, unknown>,
  depth: number,
  state: PathState | undefined,
): string => {
  const size = Reflect.get(Map.prototype, 'size', map) as number;
  const entries = first(Map.prototype.entries.call(map), walk.rules.limits.maxKeys);
  if (entries.every((entry): entry is [string, unknown] => typeof entry[0] === 'string'))
    return walk.members(entries, depth, state, size - entries.length);
  // Pairs keep keys of any type; a key that is text is redacted by all the same.
  const pairs = entries.map(([key, item]) => {
    if (typeof key !== 'string') {
      // A path steps through such an entry by its key's text; an object has none, only * and ** step through it.
      const name = isPrimitive(key) ? String(key) : '';
      const below = state?.step(name);
      const told = below?.hit ? walk.censor(item, name) : walk.value(item, depth + 1, below);
      return `[${walk.value(key, depth + 1, below) ?? 'null'},${told ?? 'null'}]`;
    }
    const shown = walk.value(key, depth + 1) ?? 'null';
    const told = walk.field(walk.rules.key(key), key, item, state, depth + 1) ?? 'null';
    return `[${shown},${told}]`;
  });
  if (size > entries.length) pairs.push(marker(`${size - entries.length} more`));
  return `[${pairs.join(',')}]`;
};

const viewText = (walk: Walk, view: ArrayBufferView, depth: number, state: PathState | undefined): string => {
  if (view instanceof Uint8Array || view instanceof DataView || view instanceof Uint8ClampedArray)
    return bytesText(walk, new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  const numbers = view as unknown as ArrayLike<unknown>;
  return walk.list(numbers, numbers.length, depth, state);
};

const bytesText = (walk: Walk, bytes: Uint8Array): string => {
  const shown = Buffer.from(bytes.subarray(0, 192)).toString('base64');
  const text = `{"bytes":${bytes.byteLength},"base64":${quote(bytes.byteLength > 192 ? `${shown}…` : shown)}}`;
  walk.spend(text.length);
  return text;
};

const pairs = (flat: readonly unknown[]): Array<[string, unknown]> =>
  Array.from({ length: flat.length / 2 }, (_, at) => [flat[at * 2] as string, flat[at * 2 + 1]]);
