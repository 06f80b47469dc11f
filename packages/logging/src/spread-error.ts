import { errorEntries, isErrorLike } from './error-entries.ts';
import { peek } from './peek.ts';
import type { Rules } from './rules.ts';
import type { Walk } from './walk.ts';

/**
 * An error as several fields: name, message and stack under names of their own, the rest of it as an object under `error`.
 * Undefined for what is no error, speaks for itself, or is hidden as a whole.
 */
export const spreadError = (
  error: unknown,
  rules: Rules,
  walk: Walk,
): Array<readonly [name: string, text: string]> | undefined => {
  const { exception, error: words } = rules.shape;
  if (exception === undefined || !isErrorLike(error)) return undefined;
  const state = rules.root?.step('error');
  if (state?.hit === true || typeof peek(error, 'toLogRecord') === 'function') return undefined;
  const spread = [words.name, words.message, words.stack];
  const entries = errorEntries(error, words);
  const parts: Array<readonly [string, string]> = [];
  const rest: Array<[string, unknown]> = [];
  for (let at = 0; at < entries.length; at += 2) {
    const name = entries[at] as string;
    const value = entries[at + 1];
    if (!spread.includes(name)) {
      rest.push([name, value]);
      continue;
    }
    const text = walk.field(rules.key(name), name, value, state, 1);
    if (text !== undefined) parts.push([exception + name, text]);
  }
  if (rest.length > 0) parts.push(['error', walk.members(rest, 0, state)]);
  return parts;
};
