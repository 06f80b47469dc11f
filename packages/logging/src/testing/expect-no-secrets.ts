import { describe } from '../describe.ts';
import { type Encoding, encodingsOf } from './encodings.ts';
import { textsIn } from './texts-in.ts';

/** A secret that was found: its name, the encoding it was in, and the place. The secret itself is not in it. */
export interface FoundSecret {
  /** Its name, or its number when the secrets are a list: `secrets[3]`. */
  readonly secret: string;
  readonly encoding: Encoding['name'];
  /** Where in the outputs: `lines[4]`, `infos[0].error.stack`, `stderr`. */
  readonly where: string;
}

/** The planted values, as a list or by name; each a text of at least 4 characters. */
export type Secrets = readonly string[] | Readonly<Record<string, string>>;

const namedSecrets = (secrets: Secrets): Array<[name: string, secret: string]> => {
  if (typeof secrets !== 'object' || secrets === null)
    throw new TypeError(`secrets must be an array or an object of texts, got ${describe(secrets)}`);
  const named = Object.entries(secrets).map(([name, secret]): [string, string] => [
    Array.isArray(secrets) ? `secrets[${name}]` : name,
    secret,
  ]);
  if (named.length === 0) throw new RangeError('secrets must not be empty: the proof would prove nothing');
  for (const [name, secret] of named)
    if (typeof secret !== 'string' || secret.length < 4)
      throw new RangeError(
        `${name} must be a text of at least 4 characters, which ordinary output does not have by chance`,
      );
  return named;
};

/**
 * Looks for secrets in everything that was captured: texts and lists of them, records given to transports, Maps, errors, bytes.
 * Also finds them escaped for JSON or a URL, in base64 (at any offset), in hex, and split over the items of a list.
 * @param outputs By name: `{ lines, infos, stderr }`.
 * @throws TypeError or RangeError when the secrets are no texts of at least 4 characters, or there are none; or no output at all.
 */
export const findSecrets = (secrets: Secrets, outputs: Readonly<Record<string, unknown>>): FoundSecret[] => {
  const named = namedSecrets(secrets);
  if (typeof outputs !== 'object' || outputs === null || Object.keys(outputs).length === 0)
    throw new TypeError('outputs must be an object of what was captured, such as { lines }');
  const texts = textsIn(outputs);
  const found: FoundSecret[] = [];
  for (const [secret, value] of named) {
    const encodings = encodingsOf(value);
    for (const { where, text } of texts) {
      const lower = text.toLowerCase();
      const seen = encodings.find(({ parts, anyCase }) =>
        parts.some((part) => (anyCase ? lower.includes(part.toLowerCase()) : text.includes(part))),
      );
      if (seen !== undefined) found.push({ secret, encoding: seen.name, where });
    }
  }
  return found;
};

/**
 * Proves that none of the secrets is in any of the outputs.
 * @throws Error that lists which secret was found where, and in which encoding; it does not show the secrets. As `findSecrets` does, too.
 */
export const expectNoSecrets = (secrets: Secrets, outputs: Readonly<Record<string, unknown>>): void => {
  const found = findSecrets(secrets, outputs);
  if (found.length === 0) return;
  const listed = found
    .slice(0, 50)
    .map(({ secret, encoding, where }) => `  ${secret} (${encoding}) in ${where}`);
  if (found.length > 50) listed.push(`  and ${found.length - 50} more`);
  throw new Error(`${found.length} places show a secret:\n${listed.join('\n')}`);
};
