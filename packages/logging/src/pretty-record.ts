import { type Paint, painter } from './pretty-colours.ts';
import { compact, cut, visible } from './pretty-values.ts';

const indent = '    ';
const maxHead = 2_000;
const maxMessage = 4_000;
const maxStackLines = 40;
const maxErrors = 10;

const isoTime = /^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/;
const ids = new Set(['correlationId', 'requestId', 'traceId', 'spanId', 'parentSpanId', 'traceFlags']);

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isError = (value: unknown): value is Fields =>
  isFields(value) && typeof value.message === 'string' && typeof value.stack === 'string';

/** The fields as `key=value`, until the line is wide enough. */
const pairs = (entries: ReadonlyArray<[string, unknown]>, paint: Paint, width: number): string => {
  let text = '';
  let used = 0;
  for (const [at, [key, value]] of entries.entries()) {
    if (used > width) return `${text} ${paint.dim(`…[${entries.length - at} more]`)}`;
    const name = visible(cut(key));
    const shown = compact(value);
    used += name.length + shown.length + 2;
    text += ` ${ids.has(key) ? paint.dim(`${name}=${shown}`) : `${paint.dim(`${name}=`)}${shown}`}`;
  }
  return text;
};

/** An error below its record: stack, own fields, then what caused it. Every line is indented, so that none passes for a record. */
const errorLines = (label: string, error: Fields, paint: Paint, margin: string): string[] => {
  const { name, message, stack, cause, errors, ...own } = error;
  const lines = typeof stack === 'string' && stack !== '' ? stack.split('\n') : [];
  const title = `${typeof name === 'string' ? name : 'Error'}: ${typeof message === 'string' ? message : ''}`;
  if (lines.length === 0 || (typeof message === 'string' && !String(stack).includes(message)))
    lines.unshift(title);
  const shown = lines.slice(0, maxStackLines).map((line) => visible(cut(line, maxMessage)));
  if (lines.length > maxStackLines) shown.push(`…[${lines.length - maxStackLines} more]`);
  const [first = '', ...rest] = shown;
  const out = [
    `${margin}${label}${paint.error(first)}`,
    ...rest.map((line) => paint.dim(`${margin}${line}`)),
  ];
  const fields = Object.entries(own);
  if (fields.length > 0) out.push(`${margin} ${pairs(fields, paint, maxHead)}`);
  const below = (what: string, value: unknown): void => {
    if (isFields(value) && typeof value.message === 'string')
      out.push(...errorLines(`${what}: `, value, paint, margin + indent));
    else out.push(`${margin}${indent}${what}: ${compact(value)}`);
  };
  if (cause !== undefined) below('cause', cause);
  const list: readonly unknown[] = Array.isArray(errors) ? errors : [];
  for (const [at, each] of list.slice(0, maxErrors).entries()) below(`errors[${at}]`, each);
  if (list.length > maxErrors) out.push(`${margin}${indent}…[${list.length - maxErrors} more]`);
  return out;
};

/**
 * One of our JSON lines as people read it: time (UTC), level, logger, message, fields, ids; errors below. It shows what the line
 * has and nothing else, so redaction and limits hold. What could steer a terminal is written as an escape.
 */
export const prettyRecord = (line: string, colour: boolean): string => {
  if (!line.startsWith('{"timestamp":"')) return line;
  let record: Fields;
  try {
    record = JSON.parse(line) as Fields;
  } catch {
    return line;
  }
  const { timestamp, level, logger, message, ...fields } = record;
  const paint = painter(colour, String(level));
  const entries = Object.entries(fields);
  const errors = entries.filter(([, value]) => isError(value)) as Array<[string, Fields]>;
  const inline = entries.filter(([, value]) => !isError(value));
  const ordered = [...inline.filter(([key]) => !ids.has(key)), ...inline.filter(([key]) => ids.has(key))];
  const time = isoTime.test(String(timestamp))
    ? String(timestamp).slice(11, 23)
    : visible(cut(String(timestamp)));
  const name = visible(cut(compact(level)).toUpperCase()).padEnd(5);
  const text = typeof message === 'string' ? visible(cut(message, maxMessage)) : compact(message);
  let out = `${paint.dim(time)} ${paint.level(name)} ${paint.dim(visible(cut(String(logger))))}  ${text}`;
  if (ordered.length > 0) out += ` ${pairs(ordered, paint, maxHead)}`;
  for (const [key, error] of errors) {
    const label = key === 'error' ? '' : `${visible(cut(key))}: `;
    out += `\n${errorLines(label, error, paint, indent).join('\n')}`;
  }
  return out;
};
