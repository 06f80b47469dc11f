/** Where `pnpm start` listens with no setting. */
export const DEFAULT_URL = 'http://127.0.0.1:8765';

/** A flag that can not be used; the text names it, what it must be and what was given. */
export class UsageError extends Error {
  static {
    Object.defineProperty(UsageError.prototype, 'name', { value: 'UsageError' });
  }
  readonly code = 'USAGE';
}

/** Text of a file or a server on one line of a terminal: no escape sequence, no line break, not endless. */
export const printable = (text: string, maxCharacters = 200): string => {
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, ' ').trim();
  return line.length > maxCharacters ? `${line.slice(0, maxCharacters)}…`.toWellFormed() : line;
};

/**
 * The address of a server without its trailing slash.
 * @throws UsageError when it is not http(s), or holds a password, a query or a fragment.
 */
export const serverUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    `${url.username}${url.password}${url.search}${url.hash}` !== ''
  )
    throw new UsageError(
      `--url must be an http or https address such as ${DEFAULT_URL}, got "${printable(text)}"`,
    );
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
};

/** Why a call of the system failed: its code where there is one. `fetch` hides it in `cause`. */
export const failureOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return printable(String(error));
  const { name, code, message, cause } = error as Record<string, unknown>;
  if (name === 'TimeoutError') return 'no answer in time';
  if (typeof code === 'string') return printable(code);
  return cause === undefined ? printable(String(message)) : failureOf(cause);
};

/** What to tell somebody whose server does not answer. */
export const notReachable = (url: string, reason: string): string =>
  `no server answers at ${url} (${reason}); start it with "pnpm start", or name another with --url`;
