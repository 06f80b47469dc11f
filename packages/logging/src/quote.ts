// What a JSON string may not hold bare, plus what breaks a line or a terminal: DEL, C1, U+2028/9. Surrogates go
// the slow way because only there a pair can be told from a lone one.
const special = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/;
const notEscapedByJson = /[\u007f-\u009f\u2028\u2029]/g;
const loneSurrogate = /\p{Surrogate}/gu;

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

export const wellFormed = (text: string): string => text.replace(loneSurrogate, '\ufffd');

/** The text as one JSON string on one line, always well-formed. */
export const quote = (text: string): string =>
  special.test(text) ? JSON.stringify(wellFormed(text)).replace(notEscapedByJson, escapeUnit) : `"${text}"`;
