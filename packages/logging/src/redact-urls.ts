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

/** Replaces `user:password@` behind every `://`. */
export const hideUrlCredentials = (text: string): string =>
  text.includes('://') && text.includes('@') ? text.replace(credentials, `://${censored}@`) : text;

// A name ends where the next parameter begins, so no character is scanned for two names.
const parameters = /([?&#])([^=&?#\s]{1,200})=[^&#\s"<>]*/g;

/** Replaces the values of secret parameters. One stands right behind `?`, `&` or `#`, which prose follows with a space. */
export const hideQuerySecrets = (text: string, isSecretKey: IsSecretKey): string =>
  text.includes('=')
    ? text.replace(parameters, (whole, mark: string, name: string) =>
        isSecretParameter(name, isSecretKey) ? `${mark}${name}=${censored}` : whole,
      )
    : text;
