import { censored } from './redact-urls.ts';
import { type Mark, Rewrite } from './replace-matches.ts';

// `"name":` with its quotes escaped as often as the JSON was made a string again: `\"name\":`, `\\\"name\\\":`.
const member = /(?<!\\)((?:\\{7}|\\{3}|\\)?)"([^"\\]{1,100})\1"[ \t\r\n]{0,16}:[ \t\r\n]{0,16}/g;
const scalar = /[^\s,}\]]*/y;

/** Where the string that opens at `from` ends, behind its quote; the end of the text when it is not closed. */
const stringEnd = (text: string, from: number, escapes: number): number => {
  for (let at = text.indexOf('"', from + escapes + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let run = 0;
    while (text[at - 1 - run] === '\\') run++;
    // A backslash inside of the value is written as 2 * (escapes + 1) of them.
    if (run % (2 * (escapes + 1)) === escapes) return at + 1;
  }
  return text.length;
};

/** Where the object or list that opens at `from` ends; the end of the text when it is not closed. */
const containerEnd = (text: string, from: number, escapes: number): number => {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const unit = text[at];
    if (unit === '"') at = stringEnd(text, at - escapes, escapes) - 1;
    else if (unit === '{' || unit === '[') depth++;
    else if ((unit === '}' || unit === ']') && --depth === 0) return at + 1;
  }
  return text.length;
};

const valueEnd = (text: string, from: number, quote: string): number => {
  if (text.startsWith(quote, from)) return stringEnd(text, from, quote.length - 1);
  if (text[from] === '{' || text[from] === '[') return containerEnd(text, from, quote.length - 1);
  scalar.lastIndex = from;
  return from + (scalar.exec(text)?.[0].length ?? 0);
};

/** Replaces the values of secret keys in JSON that is kept as text, whole or cut off. Each character is read a fixed number of times. */
export const hideJsonSecrets = (
  text: string,
  isSecretKey: (key: string) => boolean,
  mark?: Mark,
  found?: (name: string) => void,
): string => {
  if (!text.includes('"')) return text;
  let rewrite: Rewrite | undefined;
  let from = 0;
  for (;;) {
    member.lastIndex = from;
    const match = member.exec(text);
    if (match === null) return rewrite?.done() ?? text;
    const [whole, escapes = '', name = ''] = match;
    const start = match.index + whole.length;
    from = start;
    if (!isSecretKey(name)) continue;
    const quote = `${escapes}"`;
    from = valueEnd(text, start, quote);
    found?.(name);
    rewrite ??= new Rewrite(text, mark);
    rewrite.put(start, from, `${quote}${censored}${quote}`);
  }
};
