import { describe } from './describe.ts';
import { onlyKnown } from './only-known.ts';
import { pathsOf } from './pattern-paths.ts';
import { type Mark, replaceMatches } from './replace-matches.ts';
import {
  type BuiltInPattern,
  type SecretPatternName,
  secretPatterns,
  usualPatterns,
} from './secret-patterns.ts';

/** A kind of secret that is known by what it looks like, wherever it stands in a text. */
export interface SecretPattern {
  /** Given to the censor as the key, and named by audit events. */
  readonly name: string;
  /**
   * What is hidden, every match of it; use lookarounds for what must stand beside it. It must be bounded, so that no text can
   * make it slow: no `*`, `+` or `{n,}` (write `{1,64}`), and at most 5,000 ways to match from one place. Flags g and y do not count.
   */
  readonly pattern: RegExp;
}

/** `default` stands for all built-in patterns but `email` and `iban`. */
export type PatternsOption = boolean | ReadonlyArray<'default' | SecretPatternName | SecretPattern>;

const maxPaths = 5_000;
const knownNames = ['default', ...Object.keys(secretPatterns)];

const checkOwn = (option: string, value: unknown): void => {
  onlyKnown(option, value, ['name', 'pattern']);
  const { name, pattern } = value as { name?: unknown; pattern?: unknown };
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`${option}.name must be a non-empty string, got ${describe(name)}`);
  if (!(pattern instanceof RegExp))
    throw new TypeError(`${option}.pattern must be a RegExp, got ${describe(pattern)}`);
  const paths = pathsOf(pattern.source, pattern.flags);
  if (paths === Number.POSITIVE_INFINITY)
    throw new RangeError(
      `${option}.pattern must be bounded, {1,64} in the place of * + {1,}, got ${describe(pattern)}`,
    );
  if (paths > maxPaths)
    throw new RangeError(
      `${option}.pattern must match in at most ${maxPaths} ways from one place, got ${describe(pattern)} with ${paths}`,
    );
  if (new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).test(''))
    throw new RangeError(`${option}.pattern must not match the empty text, got ${describe(pattern)}`);
};

/** @throws TypeError or RangeError naming the pattern that is unknown, wrong or unbounded. */
export const checkPatterns = (value: unknown): void => {
  if (value === undefined || typeof value === 'boolean') return;
  if (!Array.isArray(value))
    throw new TypeError(`redact.patterns must be true, false or an array, got ${describe(value)}`);
  for (const [at, item] of value.entries()) {
    if (typeof item === 'object' && item !== null) checkOwn(`redact.patterns[${at}]`, item);
    else if (typeof item !== 'string' || !knownNames.includes(item))
      throw new RangeError(
        `redact.patterns[${at}] must be one of ${knownNames.join(', ')} or { name, pattern }, got ${describe(item)}`,
      );
  }
};

interface Compiled {
  readonly name: string;
  readonly pattern: RegExp;
  readonly hint: RegExp | undefined;
  readonly accept: ((match: string) => number) | undefined;
}

/** Patterns that are ruled out together, by one look or two at the text. */
interface Group {
  readonly first: RegExp | undefined;
  readonly hint: RegExp | undefined;
  readonly patterns: readonly Compiled[];
}

const builtIn = (names: readonly SecretPatternName[], group: BuiltInPattern['group']): Compiled[] =>
  names
    .filter((name) => secretPatterns[name].group === group)
    .map((name) => {
      const { pattern, hint, accept } = secretPatterns[name];
      return { name, pattern, hint: new RegExp(hint), accept };
    });

const together = (patterns: readonly Compiled[], first?: RegExp): Group => ({
  first,
  hint: new RegExp(patterns.map(({ hint }) => hint!.source).join('|')),
  patterns,
});

const groupsOf = (names: readonly SecretPatternName[], own: readonly SecretPattern[]): Group[] =>
  [
    together(builtIn(names, 'word')),
    together(builtIn(names, 'sign'), /[_-]/),
    ...builtIn(names, 'alone').map((pattern) => together([pattern])),
    ...own.map(({ name, pattern: { source, flags } }) => {
      // A copy: the caller's may have methods of its own, or be used while we use it.
      const pattern = new RegExp(source, `${flags.replace(/[gy]/g, '')}g`);
      return {
        first: undefined,
        hint: undefined,
        patterns: [{ name, pattern, hint: undefined, accept: undefined }],
      };
    }),
  ].filter(({ patterns }) => patterns.length > 0);

/** Hides what looks like a secret. `shown` gives what stands in its place. */
export type Scrub = (text: string, shown: (match: string, name: string) => string, mark?: Mark) => string;

/** The layers add up, from the last `false` on. @returns undefined when no pattern is asked for. */
export const compileScrub = (layers: ReadonlyArray<PatternsOption | undefined>): Scrub | undefined => {
  const names = new Set<SecretPatternName>();
  const own = new Map<string, SecretPattern>();
  for (const layer of layers) {
    if (layer === false) {
      names.clear();
      own.clear();
    }
    for (const item of layer === true ? ['default' as const] : layer || []) {
      if (item === 'default') for (const name of usualPatterns) names.add(name);
      else if (typeof item === 'string') names.add(item);
      else own.set(`${item.name} ${String(item.pattern)}`, item);
    }
  }
  const groups = groupsOf(
    (Object.keys(secretPatterns) as SecretPatternName[]).filter((name) => names.has(name)),
    [...own.values()],
  );
  if (groups.length === 0) return undefined;
  return (text, shown, mark) => {
    let clean = text;
    for (const { first, hint, patterns } of groups) {
      if (first?.test(clean) === false || hint?.test(clean) === false) continue;
      for (const each of patterns)
        if (each.hint?.test(clean) !== false) clean = applied(each, clean, shown, mark);
    }
    return clean;
  };
};

const applied = (
  { name, pattern, accept }: Compiled,
  text: string,
  shown: (match: string, name: string) => string,
  mark: Mark | undefined,
): string => {
  const told = ([match]: RegExpExecArray): string | undefined => {
    const length = accept === undefined ? match.length : accept(match);
    return length === 0 ? undefined : shown(match.slice(0, length), name) + match.slice(length);
  };
  return replaceMatches(text, pattern, told, mark, accept !== undefined);
};
