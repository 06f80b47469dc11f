import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { describe } from './describe.ts';
import { onlyKnown } from './only-known.ts';

export interface HmacCensorOptions {
  /** The secret that makes pseudonyms unguessable: at least 16 bytes, a text counting as UTF-8. Copied, and never shown. */
  key: string | Uint8Array;
  /** Characters of the pseudonym, 8 to 43 (64 for `hex`). Default 16. */
  length?: number | undefined;
  /** Default `base64url`. */
  encoding?: 'base64url' | 'hex' | undefined;
}

const digestLength = { base64url: 43, hex: 64 };

const keyOf = (key: unknown): KeyObject => {
  // The value is in no message: it is a secret, even a wrong one.
  if (typeof key !== 'string' && !(key instanceof Uint8Array))
    throw new TypeError(`hmacCensor key must be a string or a Uint8Array, got ${typeof key}`);
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  if (bytes.byteLength < 16)
    throw new RangeError(`hmacCensor key must have at least 16 bytes, got ${bytes.byteLength}`);
  return createSecretKey(bytes);
};

/** Plain data with its keys in order, so that equal objects are one text. A Map would be `{}` whatever it holds. */
const ordered = (_name: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('no plain data');
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
};

/**
 * A censor that puts a pseudonym in the value's place: `hmac:string:wPmZkXCZ7AoS0lk1`. The same value of the same type has the same one
 * wherever it stands, so records can be followed without showing whom they are about; without the key nobody can tell
 * the value, nor try values out. An object that is no plain data becomes `[REDACTED]`.
 * @throws TypeError or RangeError naming the option that is unknown or wrong; the key is never shown.
 */
export const hmacCensor = (options: HmacCensorOptions): ((value: unknown) => string) => {
  onlyKnown('hmacCensor', options, ['key', 'length', 'encoding']);
  const { length = 16, encoding = 'base64url' } = options;
  if (encoding !== 'base64url' && encoding !== 'hex')
    throw new RangeError(`hmacCensor encoding must be base64url or hex, got ${describe(encoding)}`);
  const most = digestLength[encoding];
  if (!Number.isInteger(length) || length < 8 || length > most)
    throw new RangeError(`hmacCensor length must be an integer from 8 to ${most}, got ${describe(length)}`);
  const key = keyOf(options.key);
  return (value) => {
    const type = value === null ? 'null' : typeof value;
    const text = type === 'object' ? JSON.stringify(value, ordered) : String(value);
    const digest = createHmac('sha256', key).update(`${type}:${text}`).digest(encoding);
    return `hmac:${type}:${digest.slice(0, length)}`;
  };
};
