import { randomUUID } from 'node:crypto';
import { type AppError, isAppError } from './app-error.ts';
import { causesOf } from './causes.ts';
import type { Classification } from './classify.ts';
import { errorTable, isErrorCategory, isErrorStatus, isPublicCode } from './error-table.ts';
import type { FieldViolation } from './field-violation.ts';
import { fingerprintOf } from './fingerprint.ts';
import { logDetails } from './log-details.ts';
import { logLine, logLines } from './log-text.ts';
import { cleanLine, renderPublicText } from './public-text.ts';
import {
  constructorName,
  defined,
  isList,
  isObject,
  keysOf,
  read,
  readList,
  readString,
} from './safe-read.ts';
import { stackText } from './stack-frames.ts';
import { violation, violationsIn } from './violations.ts';

/** One error of the chain as logs may have it. */
export interface ErrorSummary {
  /** Class name. */
  name: string;
  /** The error's own code, foreign codes included; for logs. */
  code?: string;
  message: string;
}

/** What may be shown to anybody: nothing in here comes from a message, a cause or a stack. */
export interface PublicError {
  readonly code: string;
  readonly category: Classification['category'];
  readonly status: number;
  readonly message: string;
  /** Its key in a catalogue of another language: the definition's, else the code. */
  readonly i18nKey: string;
  /** Whether `message` is the category's title and not the author's text. */
  readonly titled: boolean;
  readonly params: FieldViolation['params'];
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly violations: readonly FieldViolation[];
}

export interface StructuredErrorParts {
  readonly error: unknown;
  readonly classification: Classification;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly correlationId: string | undefined;
  readonly operation: string | undefined;
  readonly service: string | undefined;
}

const summaryOf = (error: unknown): ErrorSummary => {
  if (!isObject(error)) {
    const text = typeof error === 'string' ? error : typeof error === 'symbol' ? 'a symbol' : String(error);
    return { name: error === null ? 'null' : typeof error, message: logLine(text.slice(0, 2048), 1024) };
  }
  const name = readString(error, 'name', 128) ?? '';
  const code = read(error, 'code');
  return defined({
    name: logLine((name === 'Error' || name === '' ? constructorName(error) : name) || 'Error', 128),
    code: typeof code === 'string' || typeof code === 'number' ? logLine(`${code}`, 128) : undefined,
    message: logLine(readString(error, 'message') ?? '', 1024),
  });
};

const stackOf = (error: unknown): string | undefined => {
  const stack = stackText(error);
  return stack && logLines(stack, 8192);
};

const scalarsOf = (params: unknown, most = 8): FieldViolation['params'] => {
  if (!isObject(params)) return undefined;
  const kept: Record<string, string | number | boolean> = {};
  for (const key of keysOf(params).slice(0, most)) {
    const value = read(params, key);
    if (typeof value === 'string') kept[cleanLine(key, 64)] = cleanLine(value, 100);
    else if (typeof value === 'number' || typeof value === 'boolean') kept[cleanLine(key, 64)] = value;
  }
  return kept;
};

/** Violations an author put on an `AppError`: public by declaration, cleaned all the same. */
const declared = (error: AppError): FieldViolation[] =>
  readList(read(error, 'violations'), 100).map((one) => {
    const plain = violation(cleanLine(readString(one, 'path', 512) ?? '', 512), read(one, 'code'));
    const message = readString(one, 'message', 512);
    return defined({
      ...plain,
      message: message === undefined ? plain.message : cleanLine(message, 500),
      params: scalarsOf(read(one, 'params')),
    });
  });

const publicOf = (
  error: unknown,
  classification: Classification,
  causes: () => readonly unknown[],
): PublicError => {
  const { category, httpStatus, retry } = classification;
  const row = errorTable[category];
  // Where an AppError inside decided, its code and its text are the ones to show.
  const within = classification.evidence.rule === 'app-error' && !isAppError(error);
  const own = within ? causes().find(isAppError) : isAppError(error) ? error : undefined;
  const code = read(own, 'code');
  const text = readString(own, 'userMessage');
  const decided = readList(read(own, 'stated'), 2).includes('category') || own === undefined;
  const title = row.title;
  let violations = own === undefined ? [] : declared(own);
  // A validator's findings are our caller's only where the error as a whole is.
  if (violations.length === 0 && category === 'VALIDATION')
    violations =
      [error, ...causes()].map((one) => violationsIn(one)?.violations).find((list) => list !== undefined) ??
      [];
  // A base AppError without a text of its own bears INTERNAL's title; its cause's category speaks better.
  const fallback = !decided && text === errorTable.INTERNAL.title;
  const usual = own === undefined || (!decided && code === errorTable.INTERNAL.code);
  const titled = text === undefined || text === '' || text === title || fallback;
  const shownCode = !usual && isPublicCode(code) ? code : row.code;
  return {
    code: shownCode,
    category,
    status: httpStatus,
    message: titled ? title : renderPublicText(text, undefined),
    i18nKey: readString(own, 'i18nKey', 128) ?? shownCode,
    titled,
    params: scalarsOf(read(own, 'params'), 32),
    retryable: retry.retryable,
    retryAfterMs: retry.afterMs,
    violations,
  };
};

const structuredBrand = Symbol.for('agent4.errors.StructuredError');

/** True for a structured error of any copy of this package that is whole; what only bears its brand is no such thing. Never throws. */
export const isStructuredError = (value: unknown): value is StructuredError => {
  if (read(value, structuredBrand) !== true) return false;
  const view = read(value, 'public');
  return (
    isErrorCategory(read(view, 'category')) &&
    isErrorStatus(read(view, 'status')) &&
    isList(read(view, 'violations')) &&
    isErrorCategory(read(read(value, 'classification'), 'category'))
  );
};

/**
 * A thrown value made sense of. Its parts are behind accessors of the prototype, so that spreading one into a response
 * spreads nothing; `toJSON` and `toLogRecord` are for logs, `createErrorResponse` makes what a caller may see.
 */
export class StructuredError {
  readonly #parts: StructuredErrorParts;
  #causes: readonly unknown[] | undefined;
  #public: PublicError | undefined;
  #id: string | undefined;
  #fingerprint: string | undefined;

  static {
    Object.defineProperty(StructuredError.prototype, structuredBrand, { value: true });
  }

  constructor(parts: StructuredErrorParts) {
    this.#parts = parts;
  }

  /** Read when first asked for: an answer needs none of them. */
  #chain(): readonly unknown[] {
    this.#causes ??= causesOf(this.#parts.error);
    return this.#causes;
  }

  /** Unique to this occurrence. */
  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }
  /** ISO 8601, UTC. */
  get timestamp(): string {
    return new Date(this.#parts.at).toISOString();
  }
  get correlationId(): string | undefined {
    return this.#parts.correlationId;
  }
  /** Equal for equal faults: `v1:` and 32 hex digits. */
  get fingerprint(): string {
    this.#fingerprint ??= fingerprintOf(this.#parts.error, this.#chain());
    return this.#fingerprint;
  }
  get classification(): Classification {
    return this.#parts.classification;
  }
  /** What may be shown. */
  get public(): PublicError {
    const { error, classification } = this.#parts;
    this.#public ??= publicOf(error, classification, () => this.#chain());
    return this.#public;
  }
  /** The causes from the outermost in, at most 10, without the error itself. */
  get causes(): ErrorSummary[] {
    return this.#chain().map(summaryOf);
  }
  /** The innermost cause known; the error itself when it has none. */
  get rootCause(): ErrorSummary {
    return summaryOf(this.#chain().at(-1) ?? this.#parts.error);
  }

  /** For logs: an allow-list, URL logins and well-known secrets masked, no stack, no headers, no config, no bodies. */
  toJSON(): Record<string, unknown> {
    const { classification, error, correlationId, operation, service } = this.#parts;
    const { retry, evidence, ...verdict } = classification;
    const { causes, id, timestamp, fingerprint } = this;
    const { code, violations } = this.public;
    return defined({
      id,
      timestamp,
      correlationId,
      service,
      operation,
      code,
      ...verdict,
      retry: { ...retry },
      error: summaryOf(error),
      causes: causes[0] && causes,
      violations: violations[0] && violations.map((one) => ({ path: one.path, code: one.code })),
      fingerprint,
      evidence: { ...evidence },
    });
  }

  /** `toJSON` with the stack and, of an `AppError`, its details (bounded; keys such as headers, config, body left out). */
  toLogRecord(): Record<string, unknown> {
    const { error } = this.#parts;
    const details = isAppError(error) ? logDetails(read(error, 'details')) : undefined;
    return defined({ ...this.toJSON(), details, stack: stackOf(error) });
  }

  /** Attributes by OpenTelemetry's semantic conventions; `error.type` has few values and suits metrics. */
  toOtelAttributes(): Record<string, string | number | boolean> {
    const { classification, error, correlationId } = this.#parts;
    const { name, message } = summaryOf(error);
    const { category, statusCode, severity, fault, retry } = classification;
    return defined({
      'error.type': this.public.code,
      'exception.type': name,
      'exception.message': message,
      'exception.stacktrace': stackOf(error),
      'agent4.error.category': category,
      'agent4.error.status_code': statusCode,
      'agent4.error.severity': severity,
      'agent4.error.fault': fault,
      'agent4.error.retryable': retry.retryable,
      'agent4.error.fingerprint': this.fingerprint,
      'agent4.correlation_id': correlationId,
    });
  }
}
