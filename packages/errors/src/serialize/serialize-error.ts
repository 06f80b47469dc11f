import { type AppError, isAppError } from '../app-error.ts';
import { constructorName, isObject, read, readList, readString } from '../safe-read.ts';
import { type Pass, passOf, pay, type SerializeLimits, textIn } from './limits.ts';
import { isErrorLike, type PlainValue, plain } from './plain.ts';

/** What an `AppError` knows beside its message. */
export interface SerializedAppError {
  category: string;
  code: string;
  userMessage: string;
  httpStatus: number;
  severity: string;
  safety: string;
  /** What its author stated, as against what came from the table: 'category', 'retry'. */
  stated: PlainValue;
  retryAfterMs?: number;
  i18nKey?: string;
  details?: PlainValue;
  params?: PlainValue;
  violations?: PlainValue;
}

/** A cause, or an error of an AggregateError: any value may stand there. */
export type SerializedCause = { error: SerializedError } | { value: PlainValue };

/** Plain data that JSON, a worker message or a queue carries. It holds the message, the details and the stack: for your own processes. */
export interface SerializedError {
  name: string;
  message: string;
  stack?: string;
  /** Of an `AppError`. */
  app?: SerializedAppError;
  /** Of any other error: the scalars that tell what it is (code, errno, syscall, status, ...) and what `include` names. */
  props?: Record<string, PlainValue>;
  cause?: SerializedCause;
  errors?: SerializedCause[];
  /** Something was left out: too deep, too broad, too long or a cycle. */
  truncated?: true;
}

export interface SerializeOptions extends SerializeLimits {
  /** Whether the stack comes along. Default true. */
  stack?: boolean | undefined;
  /** More own properties of errors that are not `AppError`, by name, values bounded: such as `['issues']`. Default none. */
  include?: readonly string[] | undefined;
}

const telling = [
  'code',
  'errno',
  'errcode',
  'syscall',
  'type',
  'status',
  'statusCode',
  'expose',
  'severity',
  'sqlState',
  'retryable',
  'safety',
  'retryAfterMs',
];

const propsOf = (error: object, pass: Pass, depth: number, include: unknown): SerializedError['props'] => {
  const props: Record<string, PlainValue> = Object.create(null);
  for (const key of telling) {
    const value = read(error, key);
    if (!['string', 'number', 'boolean'].includes(typeof value)) continue;
    const copied = plain(value, pass, depth);
    if (copied !== undefined) props[key] = copied;
  }
  for (const key of readList(include, 100)) {
    if (typeof key !== 'string' || key in Error.prototype || key === 'cause' || key === 'errors') continue;
    const copied = plain(read(error, key), pass, depth + 1);
    if (copied !== undefined) props[key] = copied;
  }
  return Object.keys(props).length === 0 ? undefined : props;
};

const appOf = (error: AppError, pass: Pass, depth: number): SerializedAppError => {
  const text = (key: string): string => textIn(pass, readString(error, key) ?? '');
  const retryAfterMs = read(error, 'retryAfterMs');
  const i18nKey = readString(error, 'i18nKey', 128);
  const app: SerializedAppError = {
    category: text('category'),
    code: text('code'),
    userMessage: text('userMessage'),
    httpStatus: Number(read(error, 'httpStatus')) || 500,
    severity: text('severity'),
    safety: text('safety'),
    stated: plain(read(error, 'stated'), pass, depth + 1) ?? [],
    ...(typeof retryAfterMs === 'number' && Number.isFinite(retryAfterMs) ? { retryAfterMs } : {}),
    ...(i18nKey === undefined ? {} : { i18nKey: textIn(pass, i18nKey) }),
  };
  for (const key of ['details', 'params', 'violations'] as const) {
    const copied = plain(read(error, key), pass, depth + 1);
    if (copied !== undefined && Object.keys(copied ?? {}).length > 0) app[key] = copied;
  }
  return app;
};

const causeOf = (
  value: unknown,
  pass: Pass,
  depth: number,
  options: SerializeOptions,
): SerializedCause | undefined => {
  if (value === undefined || typeof value === 'function') return undefined;
  if (isErrorLike(value) && (depth > pass.maxDepth || pass.above.has(value))) {
    pass.cut = true;
    return undefined;
  }
  if (isErrorLike(value)) return pay(pass) ? { error: dataOf(value, pass, depth, options) } : undefined;
  const copied = plain(value, pass, depth);
  return copied === undefined ? undefined : { value: copied };
};

const nameOf = (value: object): string => {
  const name = readString(value, 'name', 128) ?? '';
  // Many libraries leave `name` as it is; their class tells more.
  return (name === '' || name === 'Error' ? constructorName(value) : name) || 'Error';
};

const errorsOf = (
  value: object,
  pass: Pass,
  depth: number,
  options: SerializeOptions,
): SerializedCause[] | undefined => {
  const errors = readList(read(value, 'errors'), pass.maxBreadth);
  if (nameOf(value) !== 'AggregateError' && !errors.some(isErrorLike)) return undefined;
  if (read(read(value, 'errors'), 'length') !== errors.length) pass.cut = true;
  return errors.map((one) => causeOf(one, pass, depth + 1, options)).filter((one) => one !== undefined);
};

const dataOf = (value: object, pass: Pass, depth: number, options: SerializeOptions): SerializedError => {
  pass.above.add(value);
  const stack = options.stack === false ? undefined : readString(value, 'stack', 1_000_000);
  const data: SerializedError = {
    name: textIn(pass, nameOf(value), 128),
    message: textIn(pass, readString(value, 'message', 1_000_000) ?? ''),
    ...(stack === undefined ? {} : { stack: textIn(pass, stack) }),
  };
  if (isAppError(value)) data.app = appOf(value, pass, depth);
  else {
    const props = propsOf(value, pass, depth, options.include);
    if (props !== undefined) data.props = props;
  }
  const cause = causeOf(read(value, 'cause'), pass, depth + 1, options);
  if (cause !== undefined) data.cause = cause;
  const errors = errorsOf(value, pass, depth, options);
  if (errors !== undefined) data.errors = errors;
  pass.above.delete(value);
  return data;
};

const told = (value: unknown): string =>
  typeof value === 'symbol' ? 'a symbol' : typeof value === 'function' ? 'a function' : String(value);

/**
 * Plain data of any thrown value, for a worker, a queue or a file; `deserializeError` makes an error of it again.
 * Total and bounded; calls nothing of the value's own; what is no object becomes an error named NonError.
 * It holds what `createErrorResponse` hides: never send it to a caller.
 * @throws RangeError naming the option when a limit does not hold.
 */
export const serializeError = (value: unknown, options: SerializeOptions = {}): SerializedError => {
  const pass = passOf(options);
  const data =
    isObject(value) && typeof value !== 'function'
      ? dataOf(value, pass, 0, options)
      : { name: 'NonError', message: textIn(pass, told(value)) };
  return pass.cut ? { ...data, truncated: true } : data;
};
