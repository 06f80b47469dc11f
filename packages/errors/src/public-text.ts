/** A value that may stand in public text. */
export type PublicScalar = string | number | boolean | bigint;

// Lone surrogates, C0, C1, line separators, bidirectional controls, zero-width marks and the byte order mark: none may reach a log line or a page.
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\p{Cs}]/gu;

/** One line of well-formed text without control characters, at most `limit` characters. */
export const cleanLine = (text: string, limit: number): string => {
  const bounded = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return bounded.replace(unsafe, ' ');
};

const scalar = (value: unknown): string | undefined => {
  if (typeof value === 'string') return cleanLine(value, 100);
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? cleanLine(String(value), 100)
    : undefined;
};

/** Fills `{name}` from own scalar params, each cleaned and cut to 100 characters. A name without a param stays as it is. */
export const renderPublicText = (
  template: string,
  params: Readonly<Record<string, unknown>> | undefined,
): string =>
  cleanLine(
    template.slice(0, 1000).replace(/\{(\w+)\}/g, (whole, name: string) => {
      try {
        return (params && Object.hasOwn(params, name) ? scalar(params[name]) : undefined) ?? whole;
      } catch {
        return whole;
      }
    }),
    1000,
  );
