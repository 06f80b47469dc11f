import { AppError, type AppErrorOptions } from '../app-error.ts';
import { classOf } from '../error-classes.ts';
import { isErrorCategory } from '../error-table.ts';
import type { FieldViolation } from '../field-violation.ts';
import type { PublicScalar } from '../public-text.ts';
import { isList, isObject, read, readList, readNumber, readString } from '../safe-read.ts';
import { type Pass, passOf, pay, type SerializeLimits, textIn } from './limits.ts';
import { keysOf, type PlainValue, plain } from './plain.ts';

// A name that came from outside is looked up here and nowhere else; any other makes a plain Error of that name.
const natives: ReadonlyMap<string, ErrorConstructor> = new Map<string, ErrorConstructor>([
  ['TypeError', TypeError],
  ['RangeError', RangeError],
  ['SyntaxError', SyntaxError],
  ['ReferenceError', ReferenceError],
  ['EvalError', EvalError],
  ['URIError', URIError],
]);

/** Own properties alone: what the data inherits is not data. */
const own = (data: unknown, key: string): unknown => {
  try {
    return isObject(data) && Object.hasOwn(data, key) ? read(data, key) : undefined;
  } catch {
    return undefined;
  }
};

const ownText = (data: unknown, key: string, pass: Pass, limit?: number): string | undefined => {
  const text = own(data, key);
  return typeof text === 'string' ? textIn(pass, text, limit) : undefined;
};

const isMap = (value: PlainValue | undefined): value is { readonly [key: string]: PlainValue } =>
  isObject(value) && !isList(value);

const violationsOf = (data: unknown, pass: Pass, depth: number): FieldViolation[] => {
  const copied = plain(own(data, 'violations'), pass, depth + 1);
  return readList(copied, 100).flatMap((one) => {
    const path = readString(one, 'path');
    const message = readString(one, 'message');
    if (path === undefined || message === undefined) return [];
    const params = scalarsOf(read(one, 'params') as PlainValue);
    return [{ path, code: readString(one, 'code') ?? 'INVALID', message, ...(params && { params }) }];
  });
};

const scalarsOf = (value: PlainValue | undefined): Record<string, string | number | boolean> | undefined => {
  if (!isMap(value)) return undefined;
  const kept: Record<string, string | number | boolean> = Object.create(null);
  for (const [key, one] of Object.entries(value)) if (!isObject(one) && one !== null) kept[key] = one;
  return kept;
};

const appError = (
  data: unknown,
  message: string,
  name: string,
  pass: Pass,
  depth: number,
  cause: object,
): Error | undefined => {
  const app = own(data, 'app');
  const category = own(app, 'category');
  if (!isErrorCategory(category)) return undefined;
  const stated = readList(own(app, 'stated'), 2);
  const retry = stated.includes('retry');
  const safety = own(app, 'safety');
  const details = plain(own(app, 'details'), pass, depth + 1);
  const params: Record<string, PublicScalar> | undefined = scalarsOf(
    plain(own(app, 'params'), pass, depth + 1),
  );
  const Class: new (message: string, options: object) => AppError =
    name === 'AppError' ? AppError : classOf[category];
  const options: AppErrorOptions & { category?: unknown } = {
    ...cause,
    // Stated again only where it was: a base AppError without a category takes its cause's verdict.
    ...(Class === AppError && stated.includes('category') ? { category } : {}),
    ...(retry ? { safety: safety as AppErrorOptions['safety'], retryable: safety !== 'never' } : {}),
    code: ownText(app, 'code', pass, 64),
    i18nKey: ownText(app, 'i18nKey', pass, 128),
    httpStatus: own(app, 'httpStatus') as number,
    severity: own(app, 'severity') as AppErrorOptions['severity'],
    retryAfterMs: readNumber(app, 'retryAfterMs'),
    details: isMap(details) ? details : undefined,
    params,
    violations: violationsOf(app, pass, depth),
  };
  const error = new Class(message, options);
  // It was rendered when the error was made; rendering it again would read a parameter's value as a template.
  const userMessage = ownText(app, 'userMessage', pass, 1000);
  if (userMessage !== undefined)
    Object.defineProperty(error, 'userMessage', {
      value: userMessage,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return error;
};

const hidden = (error: object, key: string, value: unknown): void => {
  Object.defineProperty(error, key, { value, enumerable: false, configurable: true, writable: true });
};

/** A cause in a box, so that an undefined one and none at all stay two things. */
const causeIn = (data: unknown, pass: Pass, depth: number): { cause?: unknown } => {
  if (depth > pass.maxDepth || !isObject(data) || pass.above.has(data) || !pay(pass)) return {};
  const inner = own(data, 'error');
  if (inner === undefined) {
    const value = plain(own(data, 'value'), pass, depth);
    return value === undefined ? {} : { cause: value };
  }
  return isObject(inner) && !pass.above.has(inner) ? { cause: errorOf(inner, pass, depth) } : {};
};

const errorOf = (data: object, pass: Pass, depth: number): Error => {
  pass.above.add(data);
  const name = ownText(data, 'name', pass, 128) || 'Error';
  const message = ownText(data, 'message', pass) ?? '';
  const stack = ownText(data, 'stack', pass);
  const cause = causeIn(own(data, 'cause'), pass, depth + 1);
  const list = own(data, 'errors');
  const errors = readList(list, pass.maxBreadth)
    .map((one) => causeIn(one, pass, depth + 1))
    .flatMap((one) => ('cause' in one ? [one.cause] : []));
  const error =
    appError(data, message, name, pass, depth, cause) ??
    (name === 'AggregateError'
      ? new AggregateError(errors, message, cause)
      : new (natives.get(name) ?? Error)(message, cause));
  if (isList(list) && name !== 'AggregateError') hidden(error, 'errors', errors);
  if (error.name !== name) hidden(error, 'name', name);
  // Without one of its own it must not bear the stack of this place.
  hidden(error, 'stack', stack ?? `${name}: ${message}`);
  const props = own(data, 'props');
  if (isObject(props))
    for (const key of keysOf(props, pass)) {
      // What an error has or inherits is not for data to replace: toString, toJSON, stack.
      const value =
        key in error || key === 'cause' || key === 'errors'
          ? undefined
          : plain(own(props, key), pass, depth + 1);
      if (value !== undefined)
        Object.defineProperty(error, key, { value, enumerable: true, configurable: true, writable: true });
    }
  pass.above.delete(data);
  return error;
};

/**
 * The error that `serializeError` wrote: an `AppError` of its class, a native error, or an `Error` of that name.
 * Total: any data gives an `Error`. Nothing in it becomes code: a name is looked up in a fixed table, objects have no
 * prototype, `__proto__`, `constructor` and `prototype` are dropped at every depth, and the limits hold here too.
 * @throws RangeError naming the option when a limit does not hold.
 */
export const deserializeError = (data: unknown, limits: SerializeLimits = {}): Error => {
  const pass = passOf(limits);
  if (typeof own(data, 'name') !== 'string' || typeof own(data, 'message') !== 'string')
    return new Error('The data holds no serialized error');
  return errorOf(data as object, pass, 0);
};
