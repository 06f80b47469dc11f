import { counters } from './counters.ts';
import { describe } from './describe.ts';
import { onlyKnown } from './only-known.ts';
import { quote, wellFormed } from './quote.ts';
import { noRedaction, type Redactor } from './redact.ts';

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
  for (const name of Object.keys(full) as Array<keyof Limits>) {
    const value = limits[name];
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < least[name])
      throw new RangeError(`limits.${name} must be an integer >= ${least[name]}, got ${describe(value)}`);
    full[name] = value;
  }
  return full;
};

interface Key {
  /** The key as JSON text, without the colon. */
  text: string;
  secret: boolean;
  /** The text lost something, so that another key may have the same one. */
  lossy: boolean;
}

const knownKeys = 4_096;

/** How values become text: what is secret, what is too much, and the keys seen so far. */
export class Rules {
  readonly redactor: Redactor;
  readonly limits: FullLimits;
  #safe: Rules | undefined;
  readonly #keys = new Map<string, Key>();

  constructor(redactor: Redactor, limits: FullLimits) {
    this.redactor = redactor;
    this.limits = limits;
  }

  /** For text that went through these rules before. */
  get withoutRedaction(): Rules {
    this.#safe ??= new Rules(noRedaction, this.limits);
    return this.#safe;
  }

  key(name: string): Key {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const cut = name.length > 1_024 ? `${name.slice(0, 1_000)}…[${name.length - 1_000} more]` : name;
    const shown = wellFormed(this.redactor.hideUrlSecrets(cut));
    const key = { text: quote(shown), secret: this.redactor.isSecretKey(name), lossy: shown !== name };
    if (this.#keys.size < knownKeys) this.#keys.set(name, key);
    return key;
  }

  /** A string as JSON text: secrets in URLs hidden first, then cut to its cap. */
  string(text: string): string {
    const { maxStringLength } = this.limits;
    if (text.length <= maxStringLength) return quote(this.redactor.hideUrlSecrets(text));
    counters.truncations++;
    // The margin lets a credential that straddles the cut be seen whole.
    const head = this.redactor.hideUrlSecrets(text.slice(0, maxStringLength + 2_048));
    return quote(`${head.slice(0, maxStringLength)}…[${text.length - maxStringLength} more]`);
  }
}
