import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { describe } from '../describe.ts';
import { onlyKnown } from '../only-known.ts';

export interface EncryptionOptions {
  /** Keys by id, each 32 bytes, or those in base64. All are read with. An id is letters, digits, `.`, `_`, `-`. */
  keys: Readonly<Record<string, Uint8Array | string>>;
  /** The id of the key that is written with. */
  write: string;
}

const [ivBytes, tagBytes, keyBytes] = [12, 16, 32];

const secrets = (keys: EncryptionOptions['keys']): Map<string, Buffer> => {
  if (typeof keys !== 'object' || keys === null)
    throw new TypeError(`keys must be an object of keys by id, got ${describe(keys)}`);
  return new Map(
    Object.entries(keys).map(([id, key]) => {
      if (!/^[\w.-]+$/.test(id))
        throw new TypeError(
          `keys: an id must be letters, digits, '.', '_' or '-', got ${JSON.stringify(id)}`,
        );
      const secret =
        typeof key === 'string'
          ? Buffer.from(key, 'base64')
          : key instanceof Uint8Array
            ? Buffer.from(key)
            : undefined;
      // Never the key itself in a message.
      if (secret?.length !== keyBytes)
        throw new RangeError(`keys: ${JSON.stringify(id)} must be ${keyBytes} bytes, or those in base64`);
      return [id, secret] as const;
    }),
  );
};

/**
 * Encrypts what a store holds with AES-256-GCM: `new Keyv({ store, encryption: encryption({ keys, write }) })`, Keyv 6.
 * To change the key: add the new one to `keys` everywhere, then make it `write` everywhere, then drop the old one once
 * its entries have run out; a mark of `clear` or of a tag that can no longer be read then voids what is older. What cannot be decrypted (an unknown key, a changed text, a plain one) throws a
 * SyntaxError, which the cache counts as a corrupt entry: a miss. Keys of entries, which stores need, stay readable.
 * @throws TypeError or RangeError naming the key by id for one that is not 32 bytes; also when `write` names none.
 */
export function encryption(options: EncryptionOptions): {
  encrypt(text: string): string;
  decrypt(text: string): string;
} {
  onlyKnown('encryption', options, ['keys', 'write']);
  const byId = secrets(options.keys);
  const { write } = options;
  const current = byId.get(write);
  if (current === undefined)
    throw new TypeError(`write must be the id of one of keys, got ${describe(write)}`);

  return {
    encrypt(text) {
      if (typeof text !== 'string')
        throw new TypeError('encryption() needs a serialized text: it is made for keyv 6 with serialization');
      const head = `aes1:${write}:`;
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', current, iv).setAAD(Buffer.from(head));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return head + Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
    },
    decrypt(text) {
      const found = /^(aes1:([\w.-]+):)(.*)$/s.exec(text);
      if (found === null) throw new SyntaxError('An entry is not encrypted by encryption()');
      const [, head, id, body] = found;
      const secret = byId.get(id!);
      if (secret === undefined) throw new SyntaxError(`An entry is encrypted with the unknown key "${id}"`);
      const raw = Buffer.from(body!, 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', secret, raw.subarray(0, ivBytes), {
          authTagLength: tagBytes,
        })
          .setAAD(Buffer.from(head!))
          .setAuthTag(raw.subarray(ivBytes, ivBytes + tagBytes));
        return decipher.update(raw.subarray(ivBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
      } catch (cause) {
        throw new SyntaxError(`An entry cannot be decrypted with key "${id}"`, { cause });
      }
    },
  };
}
