/**
 * In how many ways an expression can match from one place, at most: the product of its choices. Each way is at most as long
 * as the expression, so this bounds the steps a hostile text can cost. Infinity for `*`, `+` and `{n,}`.
 */
export const pathsOf = (source: string, flags: string): number => new Paths(source, flags).all();

const quantifier = /\{(\d+)(,(\d*))?\}/y;
const groupOpening = /\(\?(?:<?[=!]|<[^>=!]*>|[a-z-]*:)/y;

class Paths {
  readonly #source: string;
  readonly #unicode: boolean;
  readonly #sets: boolean;
  #at = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#sets = flags.includes('v');
    this.#unicode = this.#sets || flags.includes('u');
  }

  all(): number {
    let total = this.#sequence();
    while (this.#source[this.#at] === '|') {
      this.#at++;
      total += this.#sequence();
    }
    return total;
  }

  #sequence(): number {
    let product = 1;
    while (this.#at < this.#source.length && this.#source[this.#at] !== '|' && this.#source[this.#at] !== ')')
      product *= this.#repeated(this.#atom());
    return product;
  }

  #atom(): number {
    const unit = this.#source[this.#at];
    if (unit === '\\') {
      this.#escape();
    } else if (unit === '[') {
      this.#set();
    } else if (unit === '(') {
      groupOpening.lastIndex = this.#at;
      this.#at += groupOpening.exec(this.#source)?.[0].length ?? 1;
      const paths = this.all();
      this.#at++;
      return paths;
    } else {
      this.#at++;
    }
    return 1;
  }

  #escape(): void {
    const next = this.#source[this.#at + 1] ?? '';
    this.#at += 2;
    const closing = next === 'k' && this.#source[this.#at] === '<' ? '>' : undefined;
    const braces = this.#unicode && 'upPq'.includes(next) && this.#source[this.#at] === '{' ? '}' : undefined;
    const end = closing ?? braces;
    if (end !== undefined) this.#at = this.#source.indexOf(end, this.#at) + 1;
  }

  #set(): void {
    let depth = 0;
    do {
      const unit = this.#source[this.#at];
      if (unit === '\\') this.#at++;
      else if (unit === '[' && (depth === 0 || this.#sets)) depth++;
      else if (unit === ']') depth--;
      this.#at++;
    } while (depth > 0 && this.#at < this.#source.length);
  }

  #repeated(paths: number): number {
    const [least, most] = this.#range();
    if (least === 1 && most === 1) return paths;
    if (this.#source[this.#at] === '?') this.#at++;
    if (most === Number.POSITIVE_INFINITY) return most;
    if (paths === 1) return most - least + 1;
    let total = 0;
    for (let times = least; times <= most && total < 1e9; times++) total += paths ** times;
    return total;
  }

  #range(): [least: number, most: number] {
    const unit = this.#source[this.#at];
    if (unit === '*' || unit === '+' || unit === '?') {
      this.#at++;
      return [unit === '+' ? 1 : 0, unit === '?' ? 1 : Number.POSITIVE_INFINITY];
    }
    quantifier.lastIndex = this.#at;
    const found = unit === '{' ? quantifier.exec(this.#source) : null;
    if (found === null) return [1, 1];
    this.#at += found[0].length;
    const least = Number(found[1]);
    if (found[2] === undefined) return [least, least];
    return [least, found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3])];
  }
}
