const maxValue = 400;

// Control and format characters (ANSI, C1, bidi, zero width, tags), line and paragraph separators, lone surrogates.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const escaped = (unit: string): string => {
  const code = unit.codePointAt(0) ?? 0;
  return (
    named[unit] ?? (code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`)
  );
};

/** The text with everything that a terminal or an eye would not show as itself written as an escape. */
export const visible = (text: string): string => text.replace(unseen, escaped);

/** The beginning of a text that is too long, and how much there was. */
export const cut = (text: string, length: number = maxValue): string =>
  text.length > length ? `${text.slice(0, length)}…[${text.length - length} more]` : text;

const bare = /^[\p{L}\p{N}_./:@+%#-][\p{L}\p{N}_./:@+%#~-]*$/u;

const quoted = (text: string): string => {
  const shown = cut(text);
  return bare.test(shown) ? shown : `"${visible(shown.replace(/["\\]/g, '\\$&'))}"`;
};

const written = (value: unknown, left: { units: number }): string => {
  if (left.units <= 0) return '…';
  if (typeof value === 'object' && value !== null) {
    const list = Array.isArray(value);
    const parts: string[] = [];
    for (const [key, item] of Object.entries(value)) {
      if (left.units <= 0) {
        parts.push('…');
        break;
      }
      const name = list ? '' : `${quoted(key)}: `;
      left.units -= name.length + 2;
      parts.push(name + written(item, left));
    }
    return list ? `[${parts.join(', ')}]` : `{${parts.join(', ')}}`;
  }
  const text = typeof value === 'string' ? quoted(value) : String(value);
  left.units -= text.length;
  return text;
};

/** A value of a parsed JSON line on one line, without quotes where none are needed, cut when it is long. */
export const compact = (value: unknown): string => written(value, { units: maxValue });
