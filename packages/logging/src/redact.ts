import { describe } from './describe.ts';
import { onlyKnown } from './only-known.ts';
import { isPath, type PathState, PathTree } from './redact-paths.ts';
import { censored, hideQuerySecrets, hideUrlCredentials } from './redact-urls.ts';
import { normalizeKey, secretKeys } from './secret-keys.ts';

export interface RedactOptions {
  /** Places to censor, from the top of the record: `user.email`, `*` for one step, `**` for any number of steps. */
  paths?: readonly string[] | undefined;
  /** Key names to censor anywhere, added to the default ones; case and the separators `-`, `_`, `.`, space do not count. */
  keys?: readonly string[] | undefined;
  /** Stands in the place of the value. Default `[REDACTED]`, also when the function throws or gives an object. */
  censor?: string | ((value: unknown, key: string) => string | number | boolean | null) | undefined;
}

/** Says, while a value is walked, what must not be shown. Compiled once per configuration. */
export interface Redactor {
  readonly root: PathState | undefined;
  isSecretKey(key: string): boolean;
  censor(value: unknown, key: string): string | number | boolean | null;
  /** Hides what is secret inside a text: `user:password@` and the values of secret query parameters. */
  hideSecrets(text: string): string;
  /** Whether `hideSecrets` may find something in any text, not just in one that has `=` or `@`. */
  readonly scrubs: boolean;
}

export const noRedaction: Redactor = {
  root: undefined,
  isSecretKey: () => false,
  censor: () => censored,
  hideSecrets: (text) => text,
  scrubs: false,
};

const checkStrings = (option: string, value: unknown): void => {
  if (value === undefined) return;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string' && item.length > 0))
    throw new TypeError(`${option} must be an array of non-empty strings, got ${describe(value)}`);
};

/** @throws TypeError naming the option that is unknown or wrong. */
export const checkRedact = (value: RedactOptions | false | undefined): void => {
  if (value === undefined || value === false) return;
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`redact must be an object or false, got ${describe(value)}`);
  onlyKnown('redact', value, ['paths', 'keys', 'censor']);
  checkStrings('redact.paths', value.paths);
  for (const path of value.paths ?? [])
    if (!isPath(path))
      throw new TypeError(
        `redact.paths must be steps such as user.email, list[0].x, a.*.b or **.b, none of them empty, got ${JSON.stringify(path)}`,
      );
  checkStrings('redact.keys', value.keys);
  const { censor } = value;
  if (censor !== undefined && typeof censor !== 'string' && typeof censor !== 'function')
    throw new TypeError(`redact.censor must be a string or a function, got ${describe(censor)}`);
};

/** The later options add paths and keys; the last censor counts; the last `false` switches redaction off. */
export const compileRedactor = (layers: ReadonlyArray<RedactOptions | false | undefined>): Redactor => {
  const given = layers.filter((layer) => layer !== undefined);
  if (given.at(-1) === false) return noRedaction;
  const options = given.filter((layer) => layer !== false);
  const keys = new Set(secretKeys);
  for (const { keys: more } of options) for (const key of more ?? []) keys.add(normalizeKey(key));
  const isSecretKey = (key: string): boolean => keys.has(normalizeKey(key));
  const paths = options.flatMap((layer) => [...(layer.paths ?? [])]);
  const censor = options.findLast((layer) => layer.censor !== undefined)?.censor ?? censored;
  return {
    root: paths.length === 0 ? undefined : PathTree.from(paths),
    isSecretKey,
    censor: (value, key) => {
      if (typeof censor === 'string') return censor;
      try {
        const shown: unknown = censor(value, key);
        return shown === null || ['string', 'number', 'boolean'].includes(typeof shown)
          ? (shown as string | number | boolean | null)
          : censored;
      } catch {
        return censored;
      }
    },
    hideSecrets: (text) => hideQuerySecrets(hideUrlCredentials(text), isSecretKey),
    scrubs: false,
  };
};
