import { isErrorLike } from './error-entries.ts';
import { peek, snapshot } from './peek.ts';
import type { Rules } from './rules.ts';
import { Walk } from './walk.ts';

/** A log call, whatever the order of its arguments was. */
interface Call {
  message: string;
  fields: Record<string, unknown> | undefined;
}

const isFields = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || isErrorLike(value)) return false;
  try {
    return Object.prototype.toString.call(value) === '[object Object]';
  } catch {
    // A revoked proxy: the copy of its fields will say that it cannot be read.
    return true;
  }
};

/** The usual second argument: an object without a class that does not say itself how it is shown. */
export const isPlainFields = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return false;
    const { toJSON, toLogRecord } = value as Record<string, unknown>;
    return (
      typeof toJSON !== 'function' && typeof toLogRecord !== 'function' && !(Symbol.toStringTag in value)
    );
  } catch {
    return false;
  }
};

/** The caller's object, or a plain one in its place when it has its own idea of its fields. */
const fieldsOf = (value: Record<string, unknown>): Record<string, unknown> => {
  const toJSON = peek(value, 'toJSON');
  if (typeof toJSON !== 'function') return value;
  try {
    const made: unknown = Reflect.apply(toJSON, value, ['']);
    return isFields(made) ? made : { args: [made] };
  } catch {
    return value;
  }
};

const textOf = (value: unknown, rules: Rules): string => {
  if (typeof value === 'string') return value;
  if (isErrorLike(value)) {
    const message = peek(value, 'message');
    return typeof message === 'string' ? message : '';
  }
  if (typeof value === 'symbol' || typeof value === 'function')
    return JSON.parse(new Walk(rules, 4_096).value(value) ?? '""');
  if (typeof value !== 'object' || value === null) return String(value);
  return new Walk(rules, rules.limits.maxStringLength).value(value) ?? '';
};

/** Adds under the name, or under the next free one: an argument never overwrites a field of the same name. */
const addFree = (fields: Record<string, unknown>, name: string, value: unknown): void => {
  let free = name;
  for (let turn = 2; Object.hasOwn(fields, free); turn++) free = `${name}${turn}`;
  fields[free] = value;
};

const isNumeric = (value: unknown): boolean =>
  typeof value === 'number' ||
  typeof value === 'bigint' ||
  (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)));

/** The value as the token wants it; undefined when it is not for such a token. */
const filled = (token: string, value: unknown, rules: Rules): string | undefined => {
  switch (token) {
    case 's':
      // Fields and errors stay whole unless an object was asked for.
      return typeof value === 'object' && value !== null ? undefined : textOf(value, rules);
    case 'j':
    case 'o':
    case 'O':
      return new Walk(rules, rules.limits.maxStringLength).value(value) ?? 'undefined';
    case 'd':
    case 'f':
    case 'i':
      if (!isNumeric(value)) return undefined;
      return token === 'i' && typeof value !== 'bigint' ? String(Math.trunc(Number(value))) : String(value);
    default:
      return undefined;
  }
};

/** Fills the tokens of a text, taking what it uses off `args`; a token without a value that fits stays as it is. */
const interpolate = (text: string, args: unknown[], rules: Rules): string => {
  let filledText = '';
  let from = 0;
  let used = 0;
  for (let at = text.indexOf('%'); at >= 0 && at < text.length - 1; at = text.indexOf('%', at + 2)) {
    const token = text.charAt(at + 1);
    let shown: string | undefined;
    if (token === '%') shown = '%';
    else if (used < args.length) {
      shown = filled(token, args[used], rules);
      if (shown !== undefined) used++;
    }
    if (shown === undefined) continue;
    filledText += text.slice(from, at) + shown;
    from = at + 2;
  }
  args.splice(0, used);
  return filledText + text.slice(from);
};

const hasTokens = (text: string): boolean => text.includes('%') && /%[sdifjoO]/.test(text);

/** Reads the arguments behind the level. All orders that winston's and pino's users know are understood, nothing is lost. */
export const readCall = (args: readonly unknown[], rules: Rules): Call => {
  const [first, second] = args;
  if (typeof first === 'string') {
    if (args.length === 1) return { message: first, fields: undefined };
    if (args.length === 2) {
      if (second === undefined || isPlainFields(second)) return { message: first, fields: second };
      // A text that comes from a user may hold `%o`: sole fields are never swallowed by it.
      if (isFields(second)) return { message: first, fields: fieldsOf(second) };
    }
  }
  if (args.length === 0) return { message: '', fields: undefined };
  const message = typeof first === 'string' ? filledByScalars(first, args, rules) : undefined;
  return message === undefined ? readAny(args, rules) : { message, fields: undefined };
};

/** The text with its tokens filled, when the other arguments are plain values and all of them have found their place. */
const filledByScalars = (text: string, args: readonly unknown[], rules: Rules): string | undefined => {
  for (let at = 1; at < args.length; at++) {
    const value = args[at];
    if ((typeof value === 'object' && value !== null) || typeof value === 'function') return undefined;
  }
  if (!text.includes('%')) return undefined;
  const rest = args.slice(1);
  const filled = interpolate(text, rest, rules);
  return rest.length === 0 ? filled : undefined;
};

const readAny = (args: readonly unknown[], rules: Rules): Call => {
  const fields: Record<string, unknown> = Object.create(null);
  const rest = [...args];
  const errors: unknown[] = [];
  const others: unknown[] = [];
  let message: string | undefined;
  const first = rest.shift();

  const addFields = (value: Record<string, unknown>): void => {
    Object.assign(fields, snapshot(fieldsOf(value)));
  };
  const addFirst = (): void => {
    if (isErrorLike(first)) {
      errors.push(first);
    } else if (isFields(first)) {
      addFields(first);
    } else {
      message = textOf(first, rules);
    }
  };
  addFirst();
  if (message === undefined && typeof rest[0] === 'string') message = rest.shift() as string;
  if (message === undefined && isFields(first) && Object.hasOwn(fields, 'message')) {
    const own = fields.message;
    delete fields.message;
    message = textOf(own, rules);
    if (isErrorLike(own)) errors.push(own);
  }
  if (message === undefined) message = isErrorLike(first) ? textOf(first, rules) : '';
  if (rest.length > 0 && hasTokens(message)) message = interpolate(message, rest, rules);

  for (const value of rest) {
    if (value === undefined) continue;
    if (isErrorLike(value)) errors.push(value);
    else if (isFields(value)) addFields(value);
    else others.push(value);
  }
  for (const error of errors) addFree(fields, 'error', error);
  if (others.length > 0) addFree(fields, 'args', others);
  return { message, fields };
};
