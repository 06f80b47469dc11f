import { compileRedactor, hideUrlCredentials } from '../redact.ts';

const redactor = compileRedactor([
  // In a query these short names are credentials (OAuth codes, signed URLs); elsewhere they are ordinary words.
  {
    keys: [
      'code',
      'key',
      'sig',
      'signature',
      'auth',
      'session',
      'sid',
      'xamzsignature',
      'xamzsecuritytoken',
      'xamzcredential',
    ],
  },
]);

const maxLength = 2_048;

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

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
      // `filter[token]` and `user.token` name a token as well.
      const names = [decoded(name), ...decoded(name).split(/[[\].]+/)].filter((part) => part !== '');
      return names.some((part) => redactor.isSecretKey(part)) ? `${name}=[REDACTED]` : parameter;
    })
    .join('&');
  const text = hideUrlCredentials(at < 0 ? path : `${path}?${shown}`);
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
};
