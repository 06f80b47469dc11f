import { publishFailure } from '../events.ts';

const maxBytes = 8_192;
const maxMembers = 180;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,255}$/;

/** True for a name that a `baggage` header can carry. */
export const isBaggageName = (value: unknown): value is string =>
  typeof value === 'string' && token.test(value);

/** The values that came with a name of the list, or undefined when there are none. */
export type Baggage = Readonly<Record<string, string>>;

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/**
 * Reads a W3C `baggage` header. Whatever is not allowed, not valid, or a repetition is left out, and so are properties
 * behind a `;`. A header of more than 8,192 characters or 180 members is left out whole.
 */
export const parseBaggage = (value: unknown, allowed: ReadonlySet<string>): Baggage | undefined => {
  if (typeof value !== 'string' || allowed.size === 0 || value.length > maxBytes) return undefined;
  const members = value.split(',');
  if (members.length > maxMembers) return undefined;
  const found = new Map<string, string>();
  for (const text of members) {
    const [pair = ''] = text.split(';', 1);
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const name = pair.slice(0, equals).trim();
    const content = decoded(pair.slice(equals + 1).trim());
    if (content !== undefined && allowed.has(name) && !found.has(name)) found.set(name, content);
  }
  // fromEntries and not assignment: `__proto__` is a valid name.
  return found.size === 0 ? undefined : Object.freeze(Object.fromEntries(found));
};

/** Writes the allowed texts, numbers and booleans as a header; undefined when there are none. What does not fit is told. */
export const formatBaggage = (baggage: unknown, allowed: ReadonlySet<string>): string | undefined => {
  if (typeof baggage !== 'object' || baggage === null) return undefined;
  let header = '';
  let members = 0;
  for (const name of allowed) {
    const value: unknown = Object.hasOwn(baggage, name) ? Reflect.get(baggage, name) : undefined;
    if (!['string', 'number', 'boolean'].includes(typeof value)) continue;
    const text = `${members === 0 ? '' : ','}${name}=${encodeURIComponent(String(value).toWellFormed())}`;
    if (members === maxMembers || header.length + text.length > maxBytes) {
      const error = new RangeError(`baggage "${name}" is left out: the header may have ${maxBytes} bytes`);
      publishFailure({ source: 'baggage', error });
      continue;
    }
    header += text;
    members++;
  }
  return members === 0 ? undefined : header;
};
