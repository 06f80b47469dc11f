import { counters } from './counters.ts';
import { distinct } from './distinct-key.ts';
import { lazyOf } from './lazy.ts';
import { peek, unreadable } from './peek.ts';
import { marker, quote } from './quote.ts';
import type { PathState } from './redact-paths.ts';
import type { Key, Rules } from './rules.ts';
import { specialText } from './walk-special.ts';

const truncated = marker('Truncated');
const objectPrototype = Object.prototype;

/** Turns the values of one record into JSON text. Total: what cannot be read becomes a marker, its neighbours stay. */
export class Walk {
  rules: Rules;
  /** UTF-16 units that the record may still take. */
  #left: number;
  readonly #ancestors: object[] = [];

  constructor(rules: Rules, budget: number) {
    this.rules = rules;
    this.#left = budget;
  }

  /** False once the record has all the room it may take. */
  get hasRoom(): boolean {
    return this.#left > 0;
  }

  /** Counts text that was written without the walk. */
  spend(length: number): void {
    this.#left -= length;
  }

  /** Makes a walk that has ended ready for another record. */
  reset(rules: Rules, budget: number): this {
    this.rules = rules;
    this.#left = budget;
    this.#ancestors.length = 0;
    return this;
  }

  /** The value of a field as text, or undefined where JSON has no such member. `name` is the key as the caller wrote it. */
  field(
    key: Key,
    name: string,
    value: unknown,
    state: PathState | undefined,
    depth: number,
  ): string | undefined {
    if (value === undefined) return undefined;
    const below = state === undefined ? undefined : state.step(name);
    if (key.secret || below?.hit) return this.censor(value, name);
    return this.value(value, depth, below);
  }

  value(value: unknown, depth = 0, state?: PathState): string | undefined {
    if (value === undefined) return undefined;
    if (this.#left <= 0) return truncated;
    if (typeof value === 'object' && value !== null) return this.#object(value, depth, state);
    const text = this.#scalar(value);
    this.#left -= text.length;
    return text;
  }

  #scalar(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return this.rules.string(value);
      case 'number':
        return Number.isFinite(value) ? `${value}` : 'null';
      case 'boolean':
        return value ? 'true' : 'false';
      case 'function': {
        const name = peek(value, 'name');
        return this.rules.string(
          `[Function ${typeof name === 'string' && name !== '' ? name : '(anonymous)'}]`,
        );
      }
      case 'object':
        return 'null';
      default:
        return this.rules.string(String(value));
    }
  }

  censor(value: unknown, key: string): string {
    const shown = this.rules.redactor.censor(value, key);
    return typeof shown === 'string' ? quote(shown) : this.#scalar(shown);
  }

  #object(value: object, depth: number, state: PathState | undefined): string | undefined {
    const ancestors = this.#ancestors;
    const height = ancestors.length;
    for (let at = 0; at < height; at++) if (ancestors[at] === value) return marker('Circular');
    try {
      if (depth >= this.rules.limits.maxDepth) {
        counters.truncations++;
        return marker(Array.isArray(value) ? 'Array' : 'Object');
      }
      ancestors.push(value);
      const text = this.#container(value, depth, state);
      ancestors.pop();
      return text;
    } catch {
      ancestors.length = height;
      counters.unreadable++;
      return unreadable.text;
    }
  }

  #container(value: object, depth: number, state: PathState | undefined): string | undefined {
    if (Array.isArray(value)) return this.list(value, value.length, depth, state);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === objectPrototype || prototype === null)
      return this.#plain(value as Readonly<Record<string, unknown>>, depth, state);
    return specialText(this, value, depth, state) ?? this.#own(value, depth, state);
  }

  /** An object without a class, the case there is most of: one pass, no copy. What is odd in it goes the careful way. */
  #plain(
    value: Readonly<Record<string, unknown>>,
    depth: number,
    state: PathState | undefined,
  ): string | undefined {
    const rules = this.rules;
    const names = Object.keys(value);
    const { length } = names;
    if (length === 0) {
      const make = lazyOf(value);
      return make === undefined ? '{}' : this.value(make(), depth, state);
    }
    if (length > rules.limits.maxKeys) return this.#own(value, depth, state);
    const before = this.#left;
    let text = '';
    for (let at = 0; at < length; at++) {
      const name = names[at] as string;
      const key = rules.key(name);
      if (key.odd && !this.#harmless(key, name, value)) {
        this.#left = before;
        return this.#own(value, depth, state);
      }
      let item: unknown;
      try {
        item = value[name];
      } catch {
        counters.unreadable++;
        item = unreadable.value;
      }
      const shown = this.field(key, name, item, state, depth + 1);
      if (shown === undefined) continue;
      text += (text === '' ? key.text : key.next) + shown;
      this.#left -= 4;
      if (this.#left <= 0 && at < length - 1) {
        counters.truncations++;
        return `{${text},"…":${marker(`${length - 1 - at} more`)}}`;
      }
    }
    return `{${text}}`;
  }

  /** A key that is odd at the top of a record only, or a `toJSON` that is no method. */
  #harmless(key: Key, name: string, value: Readonly<Record<string, unknown>>): boolean {
    if (key.lossy) return false;
    return (name !== 'toJSON' && name !== 'toLogRecord') || typeof peek(value, name) !== 'function';
  }

  /** An object that may have a say in how it is shown, or has more, or stranger keys than most. */
  #own(value: object, depth: number, state: PathState | undefined): string | undefined {
    // Only one method is asked, and only once, so that it cannot go on for ever.
    for (const name of ['toLogRecord', 'toJSON']) {
      const method = peek(value, name);
      if (typeof method !== 'function') continue;
      const shown: unknown = Reflect.apply(method, value, name === 'toJSON' ? [''] : []);
      if (shown === value) break;
      if (typeof shown !== 'object' || shown === null) return this.value(shown, depth, state) ?? 'null';
      if (this.#ancestors.includes(shown)) return marker('Circular');
      this.#ancestors.push(shown);
      const text = Array.isArray(shown)
        ? this.list(shown, shown.length, depth, state)
        : (specialText(this, shown, depth, state) ?? this.#properties(shown, depth, state));
      this.#ancestors.pop();
      return text;
    }
    return this.#properties(value, depth, state);
  }

  /** An array of these items; `size` says how many there are in all. */
  list(list: ArrayLike<unknown>, size: number, depth: number, state: PathState | undefined): string {
    const count = Math.min(size, this.rules.limits.maxKeys);
    let text = '[';
    let at = 0;
    for (; at < count && this.#left > 0; at++) {
      let item: unknown;
      try {
        item = list[at];
      } catch {
        counters.unreadable++;
        item = unreadable.value;
      }
      const key = state === undefined ? '' : String(at);
      const below = state === undefined ? undefined : state.step(key);
      const shown = below?.hit ? this.censor(item, key) : this.value(item, depth + 1, below);
      text += at === 0 ? (shown ?? 'null') : `,${shown ?? 'null'}`;
      this.#left -= 1;
    }
    if (at < size) {
      counters.truncations++;
      text += `${at === 0 ? '' : ','}${marker(`${size - at} more`)}`;
    }
    return `${text}]`;
  }

  #properties(value: object, depth: number, state: PathState | undefined): string {
    const keys = Object.keys(value);
    const { maxKeys } = this.rules.limits;
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
    const used = entries.some(([key]) => this.rules.key(key).lossy) ? new Set<string>() : undefined;
    let text = '{';
    let left = more;
    for (const [at, [key, value]] of entries.entries()) {
      if (this.#left <= 0) {
        left += entries.length - at;
        break;
      }
      const name = used ? distinct(key, this.rules, used) : key;
      const known = this.rules.key(name);
      const shown = this.field(known, name, value, state, depth + 1);
      if (shown === undefined) continue;
      this.#left -= 4;
      text += (text === '{' ? known.text : known.next) + shown;
    }
    if (left > 0) {
      counters.truncations++;
      if (!entries.some(([key]) => key === '…'))
        text += `${text === '{' ? '' : ','}"…":${marker(`${left} more`)}`;
    }
    return `${text}}`;
  }
}
