// What breaks a line or a terminal and JSON leaves bare (DEL, C1, U+2028/9), and surrogates, of which one may be alone.
const exotic = /[\u007f-\u009f\u2028\u2029\ud800-\udfff]/;
const notEscapedByJson = /[\u007f-\u009f\u2028\u2029]/g;

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

export const wellFormed = (text: string): string => (text.isWellFormed() ? text : text.toWellFormed());

/** The text as one JSON string on one line, always well-formed. */
export const quote = (text: string): string =>
  exotic.test(text)
    ? JSON.stringify(wellFormed(text)).replace(notEscapedByJson, escapeUnit)
    : JSON.stringify(text);
