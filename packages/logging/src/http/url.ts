import { hideUrlCredentials, isSecretParameter } from '../redact-urls.ts';
import { normalizeKey, secretKeys } from '../secret-keys.ts';

const keys = new Set(secretKeys);
const isSecretKey = (key: string): boolean => keys.has(normalizeKey(key));

const maxLength = 2_048;

/** The path and query of a request with the values of secret parameters cut, at most 2,048 characters. */
export const loggedUrl = (url: string): string => {
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  const query = at < 0 ? '' : url.slice(at + 1);
  const shown = query
    .split('&')
    .map((parameter) => {
      const equals = parameter.indexOf('=');
      if (equals < 0) return parameter;
      const name = parameter.slice(0, equals);
      return isSecretParameter(name, isSecretKey) ? `${name}=[REDACTED]` : parameter;
    })
    .join('&');
  const text = hideUrlCredentials(at < 0 ? path : `${path}?${shown}`);
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
};
