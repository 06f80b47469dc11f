import { wholeNumber } from './check-options.ts';
import { counters } from './counters.ts';
import { onlyKnown } from './only-known.ts';
import { quote, wellFormed } from './quote.ts';
import { noRedaction, type Redactor } from './redact.ts';
import type { PathState } from './redact-paths.ts';
import { jsonShape, type Shape } from './shape.ts';

/** Caps on what one record may hold; what is cut carries a marker. */
export interface Limits {
  /** Levels of nesting. Default 8. */
  maxDepth?: number | undefined;
  /** Keys of one object, items of one array. Default 256. */
  maxKeys?: number | undefined;
  /** UTF-16 units of one string, message and stack included. Default 16_384. */
  maxStringLength?: number | undefined;
  /** UTF-8 bytes of one line, its newline included. Default 262_144, at least 1_024. */
  maxLineBytes?: number | undefined;
}

export type FullLimits = { readonly [Name in keyof Limits]-?: number };

export const defaultLimits: FullLimits = {
  maxDepth: 8,
  maxKeys: 256,
  maxStringLength: 16_384,
  maxLineBytes: 262_144,
};

const least: FullLimits = { maxDepth: 1, maxKeys: 1, maxStringLength: 16, maxLineBytes: 1_024 };

/** @throws TypeError naming a limit that is unknown; RangeError naming one that is not an integer, or is too small. */
export const fullLimits = (limits: Limits = {}): FullLimits => {
  onlyKnown('limits', limits, Object.keys(defaultLimits));
  const full = { ...defaultLimits };
  for (const name of Object.keys(full) as Array<keyof Limits>)
    full[name] = wholeNumber(`limits.${name}`, limits[name], least[name], defaultLimits[name]);
  return full;
};

/** What is known of a field's name. */
export interface Key {
  /** The key as JSON text, with its colon. */
  readonly text: string;
  /** The same behind a comma. */
  readonly next: string;
  readonly secret: boolean;
  /** The text lost something, so that another key may have the same one. */
  readonly lossy: boolean;
  /** A name that the line uses itself, one that may be a method (`toJSON`) or several fields, or a lossy one: not for the fast way. */
  readonly odd: boolean;
}

const knownKeys = 4_096;
const shortText = 40;
/** What a string may need more for than quotes: escaping, and a look for secrets in URLs (`=` and `@`). */
const notable = /["\\=@\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/;

/** How values become text: what is secret, what is too much, and the keys seen so far. */
export class Rules {
  readonly redactor: Redactor;
  readonly limits: FullLimits;
  readonly shape: Shape;
  readonly root: PathState | undefined;
  readonly #longest: number;
  #safe: Rules | undefined;
  readonly #keys = new Map<string, Key>();

  constructor(redactor: Redactor, limits: FullLimits, shape: Shape = jsonShape) {
    this.redactor = redactor;
    this.limits = limits;
    this.shape = shape;
    this.root = redactor.root;
    // With patterns of its own each text has to be looked at.
    this.#longest = redactor.scrubs ? -1 : limits.maxStringLength;
  }

  /** For text that went through these rules before. */
  get withoutRedaction(): Rules {
    this.#safe ??= new Rules(noRedaction, this.limits, this.shape);
    return this.#safe;
  }

  key(name: string): Key {
    const known = this.#keys.get(name);
    return known === undefined ? this.#learn(name) : known;
  }

  #learn(name: string): Key {
    const shown = wellFormed(name.length > 1_024 ? this.#cut(name, 1_000) : this.redactor.hideSecrets(name));
    const lossy = shown !== name;
    const text = `${quote(shown)}:`;
    const key: Key = {
      text,
      next: `,${text}`,
      secret: this.redactor.isSecretKey(name),
      lossy,
      odd:
        lossy ||
        this.shape.reserved.has(name) ||
        name === 'toJSON' ||
        name === 'toLogRecord' ||
        (name === 'error' && this.shape.exception !== undefined),
    };
    if (this.#keys.size < knownKeys) this.#keys.set(name, key);
    return key;
  }

  /** Whether the text is written as it stands, between quotes. */
  isPlain(text: string): boolean {
    const { length } = text;
    if (length > this.#longest) return false;
    if (length >= shortText) return !notable.test(text);
    // Below some 40 characters a loop beats the start of a regular expression.
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(at);
      if (unit < 32 || unit === 34 || unit === 92 || unit === 61 || unit === 64 || unit > 126)
        return !notable.test(text);
    }
    return true;
  }

  /** A string as JSON text: secrets hidden first, then cut to its cap. */
  string(text: string): string {
    if (this.isPlain(text)) return `"${text}"`;
    // Without these a text holds no URL with a secret in it.
    const open = text.length <= this.#longest && !text.includes('=') && !text.includes('@');
    return open ? quote(text) : this.#unusual(text);
  }

  /** The beginning of a longer text, as JSON text. */
  beginning(text: string, length: number): string {
    if (text.length <= length) return this.string(text);
    counters.truncations++;
    return quote(this.#cut(text, length));
  }

  #unusual(text: string): string {
    const { maxStringLength } = this.limits;
    if (text.length <= maxStringLength) {
      const shown = this.redactor.hideSecrets(text);
      return this.redactor.scrubs && !notable.test(shown) ? `"${shown}"` : quote(shown);
    }
    return this.beginning(text, maxStringLength);
  }

  /** Secrets are hidden before the cut, with a margin in which one that straddles it is seen whole, and none of that margin is shown. */
  #cut(text: string, length: number): string {
    const mark = { at: length };
    const head = this.redactor.hideSecrets(text.slice(0, length + 2_048), mark);
    return `${head.slice(0, Math.min(mark.at, length))}…[${text.length - length} more]`;
  }
}
