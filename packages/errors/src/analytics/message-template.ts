const maxInput = 512;
const maxOutput = 200;

/** A word that is a parameter as a whole, by its form; each pattern is anchored at both ends and runs over it once. */
const forms: readonly (readonly [string, RegExp])[] = [
  ['<email>', /^[^@\s]+@[^@\s]+\.[a-z]{2,}$/i],
  ['<url>', /^[a-z][a-z0-9+.-]*:\/\//i],
  ['<uuid>', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i],
  ['<date>', /^\d{4}-\d\d-\d\d(?:[T_]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i],
  ['<date>', /^\d\d?[./]\d\d?[./]\d{4}$/],
  ['<time>', /^\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?Z?$/],
  ['<ip>', /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?(?:\/\d{1,2})?$/],
  ['<ip>', /^\[[0-9a-f:.]{2,45}(?:%\w+)?\](?::\d{1,5})?$/i],
  // Without brackets: at least two colons and a digit, as `A::b` is a name.
  ['<ip>', /^(?=[^:]*:[^:]*:)(?=\D*\d)[0-9a-f:.]{3,45}(?:%\w+)?$/i],
  ['<n>', /^[+-]?\d+(?:[.,]\d+)*$/],
  ['<hex>', /^(?:0x[0-9a-fA-F]+|(?=[a-f]*\d)[0-9a-f]{7,}|(?=[A-F]*\d)[0-9A-F]{7,})$/],
  ['<duration>', /^\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|sec|min)$/i],
  ['<size>', /^\d+(?:\.\d+)?(?:[KMGT]i?)?B$/i],
  // Two dots, or a top-level domain that no file ends in; `store.ts` and `user.name` stay.
  [
    '<hostname>',
    /^(?:[a-z0-9_-]+\.){1,8}(?:com|org|net|io|dev|app|cloud|local|internal|example|test|svc|eu|de|uk)\.?(?::\d{1,5})?$/i,
  ],
  ['<hostname>', /^localhost:\d{1,5}$/i],
];

const digits = /\d+/g;
// An apostrophe inside a word opens nothing.
const quotes = /(?<!\w)(?:"[^"\n]*"|'[^'\n]*'|`[^`\n]*`)(?!\w)/g;

const opening = new Set('("\'<{=,;');
const closing = new Set(')"\'>},;:.!?');

const formOf = (body: string): string | undefined => forms.find(([, form]) => form.test(body))?.[0];

const wordOf = (word: string): string => {
  let from = 0;
  let to = word.length;
  while (from < to && opening.has(word.charAt(from))) from++;
  while (to > from && closing.has(word.charAt(to - 1))) to--;
  const body = word.slice(from, to);
  const whole = formOf(body);
  if (whole !== undefined) return word.slice(0, from) + whole + word.slice(to);
  // `user_id=17`, `port:5432`, `key=a1b2c3d4`: the name stays, the value is looked at alone.
  const split = body.search(/[=:]/) + 1;
  const value = body.slice(split);
  return word.slice(0, from) + plain(body.slice(0, split)) + (formOf(value) ?? plain(value)) + word.slice(to);
};

const plain = (text: string): string => text.replace(digits, '<n>');

/**
 * A message without what changes from one occurrence to the next: addresses, ids, dates, numbers, quoted text.
 * Looks at its first 512 characters only and at each word once; gives at most 200 characters. Not for codes or statuses.
 */
export const messageTemplate = (message: string): string => {
  const text = message.slice(0, maxInput).replace(quotes, '<text>');
  const template = text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(wordOf)
    .join(' ');
  return template.length > maxOutput ? `${template.slice(0, maxOutput - 1)}…` : template;
};
