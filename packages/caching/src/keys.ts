import { createHash } from 'node:crypto';
import { describe } from './describe.ts';

/** Keys and tags are non-empty strings; anything else is a mistake of the caller and says so. */
export const checkKey = (key: unknown, what = 'key'): void => {
  if (typeof key !== 'string' || key === '')
    throw new TypeError(`${what} must be a non-empty string, got ${key === '' ? "''" : describe(key)}`);
};

/** The keys, each once and checked, in their order. A text is none, though it can be iterated. */
export const uniqueKeys = (keys: Iterable<string>): string[] => {
  if (typeof keys === 'string' || typeof keys?.[Symbol.iterator] !== 'function')
    throw new TypeError(`keys must be an array of strings, or another iterable, got ${describe(keys)}`);
  const unique = [...new Set(keys)];
  for (const key of unique) checkKey(key);
  return unique;
};

export const checkTags = (tags: readonly string[] | undefined): readonly string[] | undefined => {
  if (tags === undefined) return undefined;
  if (!Array.isArray(tags)) throw new TypeError(`tags must be an array of strings, got ${describe(tags)}`);
  for (const tag of tags) checkKey(tag, 'tag');
  return tags.length === 0 ? undefined : [...new Set(tags)];
};

// Stores limit or damage some names: memcached takes 250 bytes without blanks and control characters, SQL columns hold
// 255, NUL and lone surrogates get lost. What may suffer travels as a digest.
const maxNameBytes = 250;
const maxNamespaceBytes = 120;
const unsafe = /[\p{Cc}\s]|\p{Surrogate}/u;

const safe = (name: string, maxBytes: number): boolean =>
  !unsafe.test(name) && (name.length <= maxBytes / 3 || Buffer.byteLength(name) <= maxBytes);

const digest = (text: string): string =>
  `#${createHash('sha256').update(JSON.stringify(text)).digest('hex')}`;

/**
 * The names of a namespace inside a store, at most 250 bytes each. The namespace is escaped, so it holds no `:`, and the
 * first `:` ends it: no namespace and key can be mistaken for another pair.
 */
export class StoreKeys {
  readonly #prefix: string;
  readonly cleared: string;

  constructor(namespace: string) {
    const escaped = namespace.replace(/[%:#]/g, encodeURIComponent);
    this.#prefix = `${safe(escaped, maxNamespaceBytes) ? escaped : digest(namespace)}:`;
    this.cleared = `${this.#prefix}cleared`;
  }

  entry(key: string): string {
    return this.#name('k', key);
  }

  /** Is this the name of an entry of this namespace? */
  isEntry(name: string): boolean {
    return name.startsWith(`${this.#prefix}k`);
  }

  tag(tag: string): string {
    return this.#name('t', tag);
  }

  #name(kind: 'k' | 't', text: string): string {
    const name = `${this.#prefix}${kind}=${text}`;
    return safe(name, maxNameBytes) ? name : `${this.#prefix}${kind}${digest(text)}`;
  }
}
