/** A place in a text. It moves along when what stands before it is replaced, and behind a replacement that covers it. */
export interface Mark {
  at: number;
}

/** A text being rewritten from its beginning to its end. */
export class Rewrite {
  readonly #text: string;
  readonly #mark: Mark | undefined;
  #out = '';
  /** Up to here the text is written, replaced or not. */
  #kept = 0;
  #moved: number | undefined;

  constructor(text: string, mark: Mark | undefined) {
    this.#text = text;
    this.#mark = mark;
  }

  /** Puts `shown` in the place of what stands from `start` to `end`, behind the replacement before. */
  put(start: number, end: number, shown: string): void {
    this.#keep(start);
    this.#out += shown;
    this.#kept = end;
    if (this.#mark !== undefined && this.#mark.at <= end) this.#moved ??= this.#out.length;
  }

  #keep(end: number): void {
    if (this.#mark !== undefined && this.#mark.at <= end)
      this.#moved ??= this.#out.length + this.#mark.at - this.#kept;
    this.#out += this.#text.slice(this.#kept, end);
  }

  /** The text as it is now. To be called once, at the end. */
  done(): string {
    this.#keep(this.#text.length);
    if (this.#mark !== undefined) this.#mark.at = this.#moved ?? this.#out.length;
    return this.#out;
  }
}

/**
 * Replaces the matches of a global expression.
 * @param told What stands in the match's place; undefined leaves it.
 * @param again Whether a match that is left may hide one that starts inside it.
 */
export const replaceMatches = (
  text: string,
  pattern: RegExp,
  told: (match: RegExpExecArray) => string | undefined,
  mark?: Mark,
  again = false,
): string => {
  let rewrite: Rewrite | undefined;
  let from = 0;
  for (;;) {
    // Set anew each time: what `told` calls may be a user's censor, that logs, and so uses the same expression.
    pattern.lastIndex = from;
    const match = pattern.exec(text);
    if (match === null) return rewrite?.done() ?? text;
    const start = match.index;
    const end = start + match[0].length;
    const shown = told(match);
    from = end > start && (shown !== undefined || !again) ? end : start + 1;
    if (shown === undefined) continue;
    rewrite ??= new Rewrite(text, mark);
    rewrite.put(start, end, shown);
  }
};
