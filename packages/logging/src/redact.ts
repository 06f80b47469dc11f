import { describe } from './describe.ts';
import { onlyKnown } from './only-known.ts';
import { audited } from './redact-audit.ts';
import { hideJsonSecrets } from './redact-json.ts';
import { isPath, type PathState, PathTree } from './redact-paths.ts';
import { censored, hideQuerySecrets, hideUrlCredentials } from './redact-urls.ts';
import type { Mark } from './replace-matches.ts';
import { checkPatterns, compileScrub, type PatternsOption } from './scrubber.ts';
import { normalizeKey, secretKeys } from './secret-keys.ts';

export interface RedactOptions {
  /** Places to censor, from the top of the record: `user.email`, `*` for one step, `**` for any number of steps. */
  paths?: readonly string[] | undefined;
  /** Key names to censor anywhere, added to the default ones; case and the separators `-`, `_`, `.`, space do not count. */
  keys?: readonly string[] | undefined;
  /**
   * Stands in the place of the value. Default `[REDACTED]`, also when the function throws or gives an object. For what a pattern
   * finds it gets the match and the pattern's name; what is cut from a URL or from JSON kept as text is always `[REDACTED]`.
   */
  censor?: string | ((value: unknown, key: string) => string | number | boolean | null) | undefined;
  /**
   * Looks for secrets in every text (message, fields, errors and their stacks, keys and values of Maps, bindings, context), by what they
   * look like, and for values of secret keys in JSON kept as text. `true` for the built-in set; or a list of `'default'`, built-in
   * names and patterns of your own, which add to those of `configureLogging`; `false` drops them. Default none.
   */
  patterns?: PatternsOption | undefined;
  /** Publishes on `agent4:logging:redaction` what was hidden, never its value. It stays hidden. Default false. */
  audit?: boolean | undefined;
}

/** Says, while a value is walked, what must not be shown. Compiled once per configuration. */
export interface Redactor {
  readonly root: PathState | undefined;
  isSecretKey(key: string): boolean;
  censor(value: unknown, key: string): string | number | boolean | null;
  /**
   * Hides what is secret inside a text: `user:password@`, the values of secret query parameters, and what the patterns find.
   * @param mark A place in the text, moved to where it is afterwards.
   */
  hideSecrets(text: string, mark?: Mark): string;
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
  onlyKnown('redact', value, ['paths', 'keys', 'censor', 'patterns', 'audit']);
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
  checkPatterns(value.patterns);
  if (value.audit !== undefined && typeof value.audit !== 'boolean')
    throw new TypeError(`redact.audit must be true or false, got ${describe(value.audit)}`);
};

type Censor = Redactor['censor'];

const safeCensor = (censor: NonNullable<RedactOptions['censor']>): Censor => {
  if (typeof censor === 'string') return () => censor;
  return (value, key) => {
    try {
      const shown: unknown = censor(value, key);
      return shown === null || ['string', 'number', 'boolean'].includes(typeof shown)
        ? (shown as string | number | boolean | null)
        : censored;
    } catch {
      return censored;
    }
  };
};

/** The later options add paths, keys and patterns; the last censor counts; the last `false` switches redaction off. */
export const compileRedactor = (layers: ReadonlyArray<RedactOptions | false | undefined>): Redactor => {
  const given = layers.filter((layer) => layer !== undefined);
  if (given.at(-1) === false) return noRedaction;
  const options = given.filter((layer) => layer !== false);
  const keys = new Set(secretKeys);
  for (const { keys: more } of options) for (const key of more ?? []) keys.add(normalizeKey(key));
  const isSecretKey = (key: string): boolean => keys.has(normalizeKey(key));
  const paths = options.flatMap((layer) => [...(layer.paths ?? [])]);
  const root = paths.length === 0 ? undefined : PathTree.from(paths);
  const censor = safeCensor(options.findLast((layer) => layer.censor !== undefined)?.censor ?? censored);
  const audit = options.findLast((layer) => layer.audit !== undefined)?.audit ?? false;
  const scrub = compileScrub(options.map(({ patterns }) => patterns));
  const auditor = audit ? audited(root, isSecretKey, censor) : undefined;

  const hideInUrls = (text: string, mark?: Mark): string => {
    const safe = hideUrlCredentials(text, mark, auditor && (() => auditor.found('url', 'credentials')));
    return hideQuerySecrets(safe, isSecretKey, mark, auditor && ((name) => auditor.found('url', name)));
  };
  const hideAll = (text: string, mark?: Mark): string => {
    const before = mark?.at;
    try {
      const plain = hideInUrls(text, mark);
      const found = auditor && ((name: string) => auditor.found('json', name));
      const parsed = hideJsonSecrets(plain, isSecretKey, mark, found);
      const shown = (match: string, name: string): string => {
        auditor?.found('pattern', name);
        return String(censor(match, name));
      };
      return scrub!(parsed, shown, mark);
    } catch {
      // An engine that gives up on a text has not looked at all of it.
      if (mark !== undefined && before !== undefined) mark.at = censored.length;
      return censored;
    }
  };
  return {
    root: auditor?.root ?? root,
    isSecretKey,
    censor: auditor?.censor ?? censor,
    hideSecrets: scrub === undefined ? hideInUrls : hideAll,
    scrubs: scrub !== undefined,
  };
};
