import { types } from 'node:util';
import { counters } from './counters.ts';
import { errorEntries, isErrorLike } from './error-entries.ts';
import { isPrimitive, peek, unreadable } from './peek.ts';
import { quote } from './quote.ts';
import type { PathState } from './redact-paths.ts';
import type { Rules } from './rules.ts';

const marker = (text: string): string => quote(`[${text}]`);
const truncated = marker('Truncated');

/** Turns the values of one record into JSON text. Total: what cannot be read becomes a marker, its neighbours stay. */
export class Walk {
  readonly #rules: Rules;
  /** UTF-16 units that the record may still take. */
  #left: number;
  readonly #ancestors: object[] = [];

  constructor(rules: Rules, budget: number) {
    this.#rules = rules;
    this.#left = budget;
  }

  /** `"key":value`, or undefined where JSON has no such member. `key` is the name as it stands in the caller's object. */
  member(key: string, value: unknown, state: PathState | undefined, depth = 0): string | undefined {
    if (value === undefined) return undefined;
    const { text, secret } = this.#rules.key(key);
    const below = state === undefined ? undefined : state.step(key);
    if (secret || below?.hit) return `${text}:${this.#censor(value, key)}`;
    const shown = this.value(value, depth, below);
    return shown === undefined ? undefined : `${text}:${shown}`;
  }

  value(value: unknown, depth = 0, state?: PathState): string | undefined {
    if (value === undefined) return undefined;
    if (this.#left <= 0) {
      counters.truncations++;
      return truncated;
    }
    if (typeof value === 'object' && value !== null) {
      const height = this.#ancestors.length;
      try {
        return this.#object(value, depth, state);
      } catch {
        this.#ancestors.length = height;
        counters.unreadable++;
        return unreadable.text;
      }
    }
    const text = this.#scalar(value);
    this.#left -= text.length;
    return text;
  }

  #scalar(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return this.#rules.string(value);
      case 'number':
        return Number.isFinite(value) ? `${value}` : 'null';
      case 'boolean':
        return value ? 'true' : 'false';
      case 'function': {
        const name = peek(value, 'name');
        return this.#rules.string(
          `[Function ${typeof name === 'string' && name !== '' ? name : '(anonymous)'}]`,
        );
      }
      case 'object':
        return 'null';
      default:
        return this.#rules.string(String(value));
    }
  }

  #censor(value: unknown, key: string): string {
    const shown = this.#rules.redactor.censor(value, key);
    return typeof shown === 'string' ? quote(shown) : this.#scalar(shown);
  }

  #object(value: object, depth: number, state: PathState | undefined): string | undefined {
    if (this.#ancestors.includes(value)) return marker('Circular');
    if (depth >= this.#rules.limits.maxDepth) return marker(Array.isArray(value) ? 'Array' : 'Object');
    this.#ancestors.push(value);
    const text = this.#container(value, depth, state);
    this.#ancestors.pop();
    return text;
  }

  #container(value: object, depth: number, state: PathState | undefined): string | undefined {
    if (Array.isArray(value)) return this.#list(value, value.length, depth, state);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      const special = this.#special(value, depth, state);
      if (special !== undefined) return special;
    }
    // A method of the object's own choosing: only one is asked, and only once, so that it cannot go on for ever.
    for (const name of ['toLogRecord', 'toJSON']) {
      const method = peek(value, name);
      if (typeof method !== 'function') continue;
      const shown: unknown = Reflect.apply(method, value, name === 'toJSON' ? [''] : []);
      if (shown === value) break;
      if (typeof shown !== 'object' || shown === null) return this.value(shown, depth, state) ?? 'null';
      if (this.#ancestors.includes(shown)) return marker('Circular');
      this.#ancestors.push(shown);
      const text = Array.isArray(shown)
        ? this.#list(shown, shown.length, depth, state)
        : (this.#special(shown, depth, state) ?? this.#properties(shown, depth, state));
      this.#ancestors.pop();
      return text;
    }
    return this.#properties(value, depth, state);
  }

  /** The types whose own enumerable properties do not tell what they hold. */
  #special(value: object, depth: number, state: PathState | undefined): string | undefined {
    if (isErrorLike(value)) return this.members(errorEntries(value), depth, state);
    if (types.isDate(value)) {
      const time = Date.prototype.getTime.call(value);
      return Number.isNaN(time) ? 'null' : quote(new Date(time).toISOString());
    }
    if (types.isMap(value)) return this.#map(value, depth, state);
    if (types.isSet(value)) {
      const size = Reflect.get(Set.prototype, 'size', value) as number;
      return this.#list(this.#first(Set.prototype.values.call(value)), size, depth, state);
    }
    if (ArrayBuffer.isView(value)) return this.#view(value, depth, state);
    if (types.isAnyArrayBuffer(value)) return this.#bytes(new Uint8Array(value));
    if (types.isRegExp(value)) return this.#rules.string(RegExp.prototype.toString.call(value));
    if (types.isBoxedPrimitive(value))
      return this.value(Reflect.apply(peek(value, 'valueOf') as () => unknown, value, []), depth, state);
    if (types.isPromise(value)) return marker('Promise');
    if (types.isWeakMap(value) || types.isWeakSet(value)) return marker('Weak collection');
    if (types.isExternal(value)) return marker('External');
    return undefined;
  }

  #first<T>(values: Iterator<T>): T[] {
    const found: T[] = [];
    for (
      let next = values.next();
      !next.done && found.length < this.#rules.limits.maxKeys;
      next = values.next()
    )
      found.push(next.value);
    return found;
  }

  #map(map: Map<unknown, unknown>, depth: number, state: PathState | undefined): string {
    const size = Reflect.get(Map.prototype, 'size', map) as number;
    const entries = this.#first(Map.prototype.entries.call(map));
    if (entries.every((entry): entry is [string, unknown] => typeof entry[0] === 'string'))
      return this.members(entries, depth, state, size - entries.length);
    // Pairs keep keys of any type; a key that is text is redacted by all the same.
    const pairs = entries.map(([key, item]) => {
      if (typeof key !== 'string') {
        // A path steps through such an entry by its key's text; an object has none, only * and ** step through it.
        const name = isPrimitive(key) ? String(key) : '';
        const below = state?.step(name);
        const told = below?.hit ? this.#censor(item, name) : this.value(item, depth + 1, below);
        return `[${this.value(key, depth + 1, below) ?? 'null'},${told ?? 'null'}]`;
      }
      const shown = this.value(key, depth + 1) ?? 'null';
      const member = this.member(key, item, state, depth + 1) ?? `${this.#rules.key(key).text}:null`;
      return `[${shown},${member.slice(this.#rules.key(key).text.length + 1)}]`;
    });
    if (size > entries.length) pairs.push(marker(`${size - entries.length} more`));
    return `[${pairs.join(',')}]`;
  }

  #view(view: ArrayBufferView, depth: number, state: PathState | undefined): string {
    if (view instanceof Uint8Array || view instanceof DataView || view instanceof Uint8ClampedArray)
      return this.#bytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    const numbers = view as unknown as ArrayLike<unknown>;
    return this.#list(numbers, numbers.length, depth, state);
  }

  #bytes(bytes: Uint8Array): string {
    const shown = Buffer.from(bytes.subarray(0, 192)).toString('base64');
    const text = `{"bytes":${bytes.byteLength},"base64":${quote(bytes.byteLength > 192 ? `${shown}…` : shown)}}`;
    this.#left -= text.length;
    return text;
  }

  #list(list: ArrayLike<unknown>, size: number, depth: number, state: PathState | undefined): string {
    const count = Math.min(size, this.#rules.limits.maxKeys);
    let text = '[';
    let at = 0;
    for (; at < count && this.#left > 0; at++) {
      const key = String(at);
      const below = state?.step(key);
      const item = peek(list, at);
      const shown = below?.hit ? this.#censor(item, key) : this.value(item, depth + 1, below);
      text += at === 0 ? (shown ?? 'null') : `,${shown ?? 'null'}`;
      this.#left -= 1;
    }
    if (at < size) counters.truncations++;
    if (at < size) text += `${at === 0 ? '' : ','}${marker(`${size - at} more`)}`;
    return `${text}]`;
  }

  #properties(value: object, depth: number, state: PathState | undefined): string {
    const keys = Object.keys(value);
    const { maxKeys } = this.#rules.limits;
    const more = Math.max(0, keys.length - maxKeys);
    if (more > 0) keys.length = maxKeys;
    return this.members(
      keys.map((key): [string, unknown] => [key, peek(value, key)]),
      depth,
      state,
      more,
    );
  }

  /** An object of these members; `more` says how many were left out before. Keys that become equal as text are told apart. */
  members(
    entries: ReadonlyArray<[string, unknown]>,
    depth: number,
    state: PathState | undefined,
    more = 0,
  ): string {
    // Keys of one object differ, and so do their texts, unless a text had to lose something.
    const used = entries.some(([key]) => this.#rules.key(key).lossy) ? new Set<string>() : undefined;
    let text = '{';
    let left = more;
    for (const [at, [key, value]] of entries.entries()) {
      if (this.#left <= 0) {
        left += entries.length - at;
        break;
      }
      const member = this.member(used ? distinct(key, this.#rules, used) : key, value, state, depth + 1);
      if (member === undefined) continue;
      this.#left -= 4;
      text += text === '{' ? member : `,${member}`;
    }
    if (left > 0) counters.truncations++;
    if (left > 0 && !entries.some(([key]) => key === '…'))
      text += `${text === '{' ? '' : ','}"…":${marker(`${left} more`)}`;
    return `${text}}`;
  }
}

/** The key, with a number behind it where its JSON text was used already (two lone surrogates look the same). */
export const distinct = (
  key: string,
  rules: Rules,
  used: { has(text: string): boolean; add(text: string): unknown },
): string => {
  let name = key;
  for (let turn = 2; used.has(rules.key(name).text); turn++) name = `${key.slice(0, 900)}#${turn}`;
  used.add(rules.key(name).text);
  return name;
};
