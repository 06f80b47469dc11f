/** The built-in patterns; `email` and `iban` are applied only when they are named. */
export type SecretPatternName =
  | 'bearer'
  | 'basic'
  | 'jwt'
  | 'aws'
  | 'github'
  | 'gitlab'
  | 'slack'
  | 'stripe'
  | 'openai'
  | 'anthropic'
  | 'google'
  | 'npm'
  | 'pem'
  | 'card'
  | 'email'
  | 'iban';

export interface BuiltInPattern {
  readonly pattern: RegExp;
  /** What a text must have for the pattern to be tried, as the source of an expression. Those of one group are looked for at once. */
  readonly hint: string;
  /** `word`: the hint is letters of which texts have few. `sign`: it has a `_` or `-`, which is looked for first. */
  readonly group: 'word' | 'sign' | 'alone';
  /** How many characters of the match are secret, counted from its start; 0 for none. Default all of them. */
  readonly accept?: (match: string) => number;
}

// A run of characters is entered at its start alone (the lookbehinds), so that each expression stays linear.
const behindScheme = (scheme: string, value: string): RegExp =>
  new RegExp(`(?<=(?<![A-Za-z0-9])(?:${scheme})[ \\t]{1,4})${value}`, 'g');

/** Not `Bearer authentication`: a token has a digit, a sign or a change of case, or is long. */
const isToken = (text: string): boolean =>
  text.length >= 24 || /[\d._~+/=-]/.test(text.slice(0, -1)) || /[a-z][A-Z]/.test(text);

const isBasic = (text: string): boolean => Buffer.from(text, 'base64').includes(0x3a);

const luhn = (digits: string): boolean => {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48;
    const twice = at % 2 === 1 ? digit * 2 : digit;
    sum += twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
};

/** Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay, Maestro; clocks in ms and ns start with 1. */
const cardIssuer =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|62\d{14,17}|(?:50|5[6-8]|6[37])\d{10,17})$/;

/** The longest beginning of the digits and separators that is a card number. */
const cardLength = (text: string): number => {
  let digits = '';
  // Where each digit ends; a number ends at a separator or at the end of the text.
  const ends: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 48 || unit > 57) continue;
    digits += text[at];
    ends.push(at + 1);
  }
  for (let count = ends.length; count >= 12; count--) {
    const end = ends[count - 1] ?? 0;
    if (ends[count] === end + 1) continue;
    const number = digits.slice(0, count);
    if (cardIssuer.test(number) && luhn(number)) return end;
  }
  return 0;
};

const ibanLength = (text: string): number => {
  for (let end = text.length; end > 14; end--) {
    const next = text[end];
    if (next !== undefined && next !== ' ') continue;
    const plain = text.slice(0, end).replaceAll(' ', '');
    if (plain.length < 15) return 0;
    let rest = 0;
    for (const unit of plain.slice(4) + plain.slice(0, 4))
      for (const digit of String(Number.parseInt(unit, 36))) rest = (rest * 10 + Number(digit)) % 97;
    if (rest === 1) return text.slice(0, end).trimEnd().length;
  }
  return 0;
};

const whole =
  (is: (match: string) => boolean) =>
  (match: string): number =>
    is(match) ? match.length : 0;

export const secretPatterns: Readonly<Record<SecretPatternName, BuiltInPattern>> = {
  pem: {
    // Also one that is cut off: it goes to the end of the text.
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    hint: 'PRIV',
    group: 'word',
  },
  jwt: { pattern: /(?<![\w-])eyJ[\w-]{6,}(?:\.[\w-]*){1,4}/g, hint: 'eyJ', group: 'word' },
  bearer: {
    pattern: behindScheme('[Bb]earer|BEARER', '[\\w.~+/=-]{8,}'),
    hint: 'earer|EARER',
    group: 'word',
    accept: whole(isToken),
  },
  basic: {
    pattern: behindScheme('[Bb]asic|BASIC', '[A-Za-z0-9+/_-]{4,}={0,2}'),
    hint: 'asic|ASIC',
    group: 'word',
    accept: whole(isBasic),
  },
  aws: {
    pattern:
      /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])|(?<=[Ss](?:ecret|ECRET)_?[Aa](?:ccess|CCESS)_?[Kk](?:ey|EY)["'\\\s:=]{1,8})[A-Za-z0-9/+]{40}/g,
    hint: 'A[KSBC][IC]A|ccess|CCESS',
    group: 'word',
  },
  github: {
    pattern: /(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})/g,
    hint: 'gh[pousr]_|github_pat_',
    group: 'sign',
  },
  gitlab: {
    pattern: /(?<![\w-])gl(?:pat|ptt|dt|rt|cbt|ft|soat)-[\w-]{20,}/g,
    hint: 'gl[a-z]{2,4}-',
    group: 'sign',
  },
  slack: {
    pattern:
      /(?<![\w-])(?:xox[abeoprs]|xapp)-[\w-]{10,}|(?<=hooks\.slack\.com\/(?:services|workflows|triggers)\/)[\w/]{10,}/g,
    hint: 'xox|xapp|slack',
    group: 'word',
  },
  stripe: {
    pattern: /(?<![A-Za-z0-9_])(?:(?:sk|rk)_(?:live|test)_|whsec_)[A-Za-z0-9+/]{10,}/g,
    hint: '[sr]k_(?:live|test)_|whsec_',
    group: 'sign',
  },
  anthropic: { pattern: /(?<![\w-])sk-ant-[\w-]{10,}/g, hint: 'sk-ant-', group: 'sign' },
  openai: { pattern: /(?<![\w-])sk-(?!ant-)[\w-]{20,}/g, hint: 'sk-', group: 'sign' },
  google: {
    pattern: /(?<![\w-])(?:AIza[\w-]{35}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,})/g,
    hint: 'AIza|GOCS|ya29',
    group: 'word',
  },
  npm: { pattern: /(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}/g, hint: 'npm_', group: 'sign' },
  card: {
    pattern: /(?<![\d+])(?<!\d\.)\d(?:[ -]?\d){11,18}(?!\d)/g,
    hint: '\\d(?:[ -]?\\d){11}',
    group: 'alone',
    accept: cardLength,
  },
  email: {
    pattern: /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,128}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}[\p{L}]{2,24}/gu,
    hint: '@',
    group: 'alone',
  },
  iban: {
    pattern: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?/g,
    hint: '[A-Z]{2}\\d{2} ?[A-Z0-9]{4}',
    group: 'alone',
    accept: ibanLength,
  },
};

/** What `patterns: true` applies. */
export const usualPatterns: readonly SecretPatternName[] = (
  Object.keys(secretPatterns) as SecretPatternName[]
).filter((name) => name !== 'email' && name !== 'iban');
