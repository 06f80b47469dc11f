import { type Mark, replaceMatches } from './replace-matches.ts';
import { normalizeKey, secretParameters } from './secret-keys.ts';

/** Stands where a secret was, unless a censor says otherwise. */
export const censored = '[REDACTED]';

type IsSecretKey = (key: string) => boolean;

const parameterNames = new Set(secretParameters);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

/** Does a query parameter of this name hold a secret? `filter[token]` and `user.token` name a token as well. */
export const isSecretParameter = (name: string, isSecretKey: IsSecretKey): boolean => {
  const plain = decoded(name);
  return [plain, ...plain.split(/[[\].]+/)].some(
    (part) => part !== '' && (isSecretKey(part) || parameterNames.has(normalizeKey(part))),
  );
};

// Every scan stops at the next '/', so the expression stays linear on hostile text.
const credentials = /:\/\/[^\s/?#]*@/g;
// In the beginning of a longer text the `@` may be behind its end.
const credentialsOrEnd = /:\/\/[^\s/?#]*(?:@|$)/g;

/** Replaces `user:password@` behind every `://`. */
export const hideUrlCredentials = (text: string, mark?: Mark, found?: () => void): string => {
  if (!text.includes('://') || (mark === undefined && !text.includes('@'))) return text;
  const told = (): string => {
    found?.();
    return `://${censored}@`;
  };
  return replaceMatches(text, mark === undefined ? credentials : credentialsOrEnd, told, mark);
};

// A name ends where the next parameter begins, so no character is scanned for two names.
const parameters = /([?&#])([^=&?#\s]{1,200})=[^&#\s"<>]*/g;

/** Replaces the values of secret parameters. One stands right behind `?`, `&` or `#`, which prose follows with a space. */
export const hideQuerySecrets = (
  text: string,
  isSecretKey: IsSecretKey,
  mark?: Mark,
  found?: (name: string) => void,
): string => {
  if (!text.includes('=')) return text;
  const told = ([, before = '', name = '']: RegExpExecArray): string | undefined => {
    if (!isSecretParameter(name, isSecretKey)) return undefined;
    found?.(name);
    return `${before}${name}=${censored}`;
  };
  return replaceMatches(text, parameters, told, mark);
};
