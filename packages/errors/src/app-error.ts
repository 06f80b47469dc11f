import {
  type ErrorCategory,
  type ErrorSeverity,
  errorTable,
  isErrorCategory,
  isPublicCode,
  isSafety,
  type RetrySafety,
} from './error-table.ts';
import type { FieldViolation } from './field-violation.ts';
import { type PublicScalar, renderPublicText } from './public-text.ts';
import { defined, isList, read } from './safe-read.ts';
import { statedVerdict } from './stated-verdict.ts';

/** What every class of this package takes. Nothing here makes a constructor throw: what does not hold is left out. */
export interface AppErrorOptions {
  /** Public, stable, UPPER_SNAKE, at most 63 characters. Default: the category's code. */
  code?: string | undefined;
  /** What led to this. Logged and classified, never shown. */
  cause?: unknown;
  /** For logs only. */
  details?: Record<string, unknown> | undefined;
  /** Public values for the `{name}` places of `userMessage`. */
  params?: Readonly<Record<string, PublicScalar>> | undefined;
  /** Public text. Default: the category's title. The constructor's `message` is for logs and is never shown. */
  userMessage?: string | undefined;
  /** Key of the text in catalogues of other languages. Default: the code. */
  i18nKey?: string | undefined;
  /** Public: what is wrong, field by field. */
  violations?: readonly FieldViolation[] | undefined;
  /** Whether the call may be made again. Default: what `safety` says, else the category. */
  retryable?: boolean | undefined;
  /** When it may be made again. Default: the category's; `idempotent-only` when only `retryable: true` is given. */
  safety?: RetrySafety | undefined;
  /** Earliest time of the next call, in milliseconds from now. */
  retryAfterMs?: number | undefined;
  /** 400 to 599. Default: the category's. */
  httpStatus?: number | undefined;
  /** Default: the category's. */
  severity?: ErrorSeverity | undefined;
}

const brandOf = (className: string): symbol => Symbol.for(`agent4.errors.${className}`);
const brands = new WeakMap<object, symbol>();
const appErrorBrand = brandOf('AppError');
const internalBrand = brandOf('InternalError');

/** Gives a class its name (on the prototype, so right in the stack), its category and its brand. */
export const brandClass = (target: { prototype: object }, name: string, category: ErrorCategory): void => {
  const fixed = { enumerable: false, configurable: true, writable: true };
  Object.defineProperties(target.prototype, {
    name: { value: name, ...fixed },
    category: { value: category, ...fixed },
    [brandOf(name)]: { value: true, ...fixed },
  });
  Object.defineProperty(target, 'name', { value: name, configurable: true });
  brands.set(target, brandOf(name));
};

/** What a value gives, unless it throws: a symbol has no text, `in` wants an object, a proxy does what it likes. */
const attempt = <T>(work: () => T, otherwise: T): T => {
  try {
    return work();
  } catch {
    return otherwise;
  }
};

const isString = (value: unknown): value is string => typeof value === 'string';
const isWait = (value: unknown): value is number => typeof value === 'number' && value >= 0;

/**
 * An error that knows its category, its public code and text, and whether a retry makes sense.
 * Throw one of its classes, or this one for a code of your own without a category: then it takes its cause's verdict.
 * `instanceof` works across copies of this package and across realms.
 */
export class AppError extends Error {
  static {
    brandClass(AppError, 'AppError', 'INTERNAL');
  }

  declare readonly category: ErrorCategory;
  readonly code: string;
  readonly userMessage: string;
  readonly httpStatus: number;
  readonly severity: ErrorSeverity;
  readonly retryable: boolean;
  readonly safety: RetrySafety;
  readonly retryAfterMs: number | undefined;
  readonly details: Record<string, unknown> | undefined;
  readonly params: Readonly<Record<string, PublicScalar>> | undefined;
  readonly violations: readonly FieldViolation[];
  readonly #stated: readonly ('category' | 'retry')[];
  readonly #i18nKey: string | undefined;

  constructor(message: string, options: AppErrorOptions & { category?: ErrorCategory | undefined } = {}) {
    super(
      typeof message === 'string' || message === undefined ? message : attempt(() => String(message), ''),
      attempt(() => 'cause' in options, false) ? { cause: read(options, 'cause') } : undefined,
    );
    const given = <T>(key: keyof typeof options, holds: (value: unknown) => value is T): T | undefined => {
      const value = read(options, key);
      return holds(value) ? value : undefined;
    };
    const category = given('category', isErrorCategory);
    if (category) Object.defineProperty(this, 'category', { value: category, enumerable: false });
    const row = errorTable[this.category];
    const { safety, httpStatus, severity } = statedVerdict(options, this.category);
    this.safety = safety;
    this.retryable = safety !== 'never';
    this.code = given('code', isPublicCode) ?? row.code;
    this.httpStatus = httpStatus;
    this.severity = severity;
    this.retryAfterMs = given('retryAfterMs', isWait);
    this.params = read(options, 'params') as AppErrorOptions['params'];
    this.userMessage = renderPublicText(given('userMessage', isString) ?? row.title, this.params);
    this.details = read(options, 'details') as AppErrorOptions['details'];
    this.violations = (given('violations', isList) ?? []) as FieldViolation[];
    const stated: ('category' | 'retry')[] = [];
    if (category || this.category !== 'INTERNAL' || read(this, internalBrand) === true)
      stated.push('category');
    if (typeof read(options, 'retryable') === 'boolean' || given('safety', isSafety)) stated.push('retry');
    this.#stated = stated;
    this.#i18nKey = given('i18nKey', isString);
  }

  // Behind accessors, so that a copy of an error's own properties in a log does not have them.
  /** The facts its author stated, as against those that came from the table. */
  get stated(): readonly ('category' | 'retry')[] {
    return this.#stated;
  }
  /** Key of the text in catalogues, when it is not the code. */
  get i18nKey(): string | undefined {
    return this.#i18nKey;
  }

  /** The public view: what may be shown. It has no message, no details, no cause and no stack. */
  toJSON(): Record<string, unknown> {
    const { name, code, category, userMessage, retryable, retryAfterMs, violations } = this;
    return defined({
      name,
      code,
      category,
      userMessage,
      retryable,
      retryAfterMs,
      violations: violations[0] && violations,
    });
  }
}

Object.defineProperty(AppError, Symbol.hasInstance, {
  value: function hasInstance(this: object, value: unknown): boolean {
    const brand = brands.get(this);
    // A user's own subclass has no brand of its own, so it keeps the language's rule.
    return brand === undefined
      ? Function.prototype[Symbol.hasInstance].call(this, value)
      : read(value, brand) === true;
  },
});

/** True for an `AppError` of any class, from any copy of this package and any realm. Never throws. */
export const isAppError = (value: unknown): value is AppError => read(value, appErrorBrand) === true;
