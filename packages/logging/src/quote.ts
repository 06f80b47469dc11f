// What breaks a line or a terminal and JSON leaves bare (DEL, C1, U+2028/9), and surrogates, of which one may be alone.
const exotic = /[\u007f-\u009f\u2028\u2029\ud800-\udfff]/;
const notEscapedByJson = /[\u007f-\u009f\u2028\u2029]/g;

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

export const wellFormed = (text: string): string => (text.isWellFormed() ? text : text.toWellFormed());

/** Plain ASCII without DEL, found out natively: a long text is not looked at character by character. */
const isAscii = (text: string): boolean =>
  Buffer.byteLength(text) === text.length && !text.includes('\u007f');

/** The text as one JSON string on one line, always well-formed. */
export const quote = (text: string): string =>
  isAscii(text) || !exotic.test(text)
    ? JSON.stringify(text)
    : JSON.stringify(wellFormed(text)).replace(notEscapedByJson, escapeUnit);

/** Stands where a value is left out, as JSON text. */
export const marker = (text: string): string => quote(`[${text}]`);
