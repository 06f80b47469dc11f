// A message may carry what must not be kept: a login in a URL, a bearer token, a key. Each pattern starts at a fixed
// word and runs over one class of characters, so the work is linear in the (bounded) text.
const secrets: readonly (readonly [RegExp, string])[] = [
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]{0,400}@/gi, '$1***@'],
  [/\b(Bearer|Basic|Digest|Negotiate) +[\w.~+/=-]{6,}/gi, '$1 ***'],
  [/\b(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|ant[-_]|proj[-_])?[\w-]{12,}/g, '***'],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{12,}/g, '***'],
  [/\b(?:gh[pousr]|xox[abprs])[-_][\w-]{10,}/g, '***'],
  [/\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g, '***'],
  [
    /((?:password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|authorization|cookie|session)["']?\s{0,4}[=:]\s{0,4}["']?)[^\s"'&,;]{1,400}/gi,
    '$1***',
  ],
];

/** A word that each of `secrets` begins with or holds: most texts have none and are not searched seven times. */
const suspect =
  /:\/\/[^/]*@|(?:bearer|basic|digest|negotiate) |[spr]k[-_]|A[KS]IA|gh[pousr][-_]|xox|eyJ|pass|pwd|secret|token|key|authorization|cookie|session/i;

/** Text for a log: at most `limit` characters, URL logins and well-known secrets masked. Line breaks stay. */
const logText = (text: string, limit: number): string => {
  let safe = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  if (suspect.test(safe)) for (const [pattern, by] of secrets) safe = safe.replace(pattern, by);
  return safe.toWellFormed();
};

// Everything but tab and line feed that could move a terminal's cursor or turn text around.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** One line for a log: line breaks and control characters become spaces. */
export const logLine = (text: string, limit: number): string =>
  logText(text, limit)
    .replace(controls, ' ')
    .replace(/[\t\n]+/g, ' ');

/** Many lines for a log (a stack): controls go, line breaks stay. */
export const logLines = (text: string, limit: number): string => logText(text, limit).replace(controls, ' ');
