/** An error's text may hold a password or a host; its code or its class does not. Never throws. */
export const errorCode = (error: unknown): string => {
  try {
    const { code, name } = error as { code?: unknown; name?: unknown };
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,39}$/.test(code)) return code;
    if (typeof name === 'string' && /^[A-Za-z]{1,40}$/.test(name)) return name;
  } catch {
    // Null, undefined or a hostile getter: nothing is known.
  }
  return 'unknown error';
};
