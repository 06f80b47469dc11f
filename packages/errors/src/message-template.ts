const maxInput = 512;
const maxOutput = 200;

/** A word that is a parameter as a whole, by its form; each pattern is anchored at both ends and runs over it once. */
const forms: readonly (readonly [string, RegExp])[] = [
  ['<email>', /^[^@\s]+@[^@\s]+\.[a-z]{2,}$/i],
  ['<url>', /^[a-z][a-z0-9+.-]*:\/\//i],
  ['<uuid>', /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i],
  [
    '<date>',
    /^(?:\d{4}-\d\d-\d\d(?:[T_]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\d\d?[./]\d\d?[./]\d{4})$/i,
  ],
  ['<time>', /^\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?Z?$/],
  ['<ip>', /^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?:\/\d{1,2})?$/],
  // At least two colons, and a bracket or a digit, as `A::b` is a name.
  ['<ip>', /^(?=[^:]*:[^:]*:)(?=\[|\D*\d)\[?[0-9a-f:.]{2,45}(?:%\w+)?(?:\](?::\d{1,5})?)?$/i],
  ['<n>', /^[+-]?\d+(?:[.,]\d+)*$/],
  ['<hex>', /^(?:0x[0-9a-f]+|(?=[a-f]*\d)[0-9a-f]{7,})$/i],
  ['<duration>', /^\d+(?:\.\d+)?(?:[nuµm]?s|sec|m|min|h|d)$/i],
  ['<size>', /^\d+(?:\.\d+)?(?:[KMGT]i?)?B$/i],
  // `order_01J9ZQ4N7R8S2T5V`, a nanoid: long, and digits among the letters.
  ['<id>', /^(?:[a-z]+_)?(?=\d|\D+\d\D*\d)[A-Za-z0-9]{16,}$/],
  // A top-level domain that no file ends in, or two dots; `store.ts`, `store.test.ts` and `user.name` stay.
  [
    '<hostname>',
    /^(?:localhost(?=:)|(?:[a-z0-9_-]+\.){1,8}(?:com|org|net|io|dev|app|cloud|local|internal|corp|example|test|svc|eu|de|uk))\.?(?::\d{1,5})?$/i,
  ],
  ['<hostname>', /^(?!.*\.(?:[cm]?[jt]sx?|json)(?::|$))(?:[a-z0-9-]+\.){2,8}[a-z]{2,}\.?(?::\d{1,5})?$/],
];

// What is a parameter though it has blanks in it, or has no form. An apostrophe inside a word opens and closes nothing.
const spans: readonly (readonly [string, RegExp])[] = [
  ['<text>', /(?<!\w)(?:"[^"\n]*"|'(?:[^'\n]|\b'\b)*'|`[^`\n]*`)(?!\w)/g],
  // As `Date` writes it in HTTP and in `toString()`.
  ['<date>', /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d\d? [A-Z]\w\w|[A-Z]\w\w \d\d?) \d{4} [\d:]{8}/g],
  ['<hostname>', /(?<=\b(?:ENOTFOUND|EAI_AGAIN) )[^\s<]+/g],
];

const numbers = /\d+(?:[.,:]\d+)*/g;
const opening = new Set('("\'<{=,;');
const closing = new Set(')"\'>},;:.!?');

const formOf = (text: string): string | undefined => forms.find(([, form]) => form.test(text))?.[0];
const partOf = (text: string): string => formOf(text) ?? text.replace(numbers, '<n>');

const bodyOf = (body: string): string => {
  const whole = formOf(body);
  if (whole !== undefined) return whole;
  // `since=2026-11-23T20:31:00Z`: the name stays, the value is looked at as a whole, then by its parts: `/users/17/cart`.
  const split = body.search(/[=:]/) + 1;
  const value = split > 0 && formOf(body.slice(split));
  return value
    ? partOf(body.slice(0, split)) + value
    : body
        .split(/([=:/|&?,;]+)/)
        .map(partOf)
        .join('');
};

const wordOf = (word: string): string => {
  let from = 0;
  let to = word.length;
  while (from < to && opening.has(word.charAt(from))) from++;
  while (to > from && closing.has(word.charAt(to - 1))) to--;
  return word.slice(0, from) + bodyOf(word.slice(from, to)) + word.slice(to);
};

/**
 * A message without what changes from one occurrence to the next: addresses, ids, dates, numbers, quoted text.
 * Looks at its first 512 characters only and at each word once; gives at most 200 characters. Not for codes or statuses.
 */
export const messageTemplate = (message: string): string => {
  let text = message.slice(0, maxInput);
  for (const [name, span] of spans) text = text.replace(span, name);
  const template = text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(wordOf)
    .join(' ');
  return template.length > maxOutput ? `${template.slice(0, maxOutput - 1)}…` : template;
};
