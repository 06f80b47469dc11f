import type { AppError } from './app-error.ts';
import { classOf } from './error-classes.ts';
import { errorTable, isErrorCategory, isErrorStatus } from './error-table.ts';
import type { FieldViolation } from './field-violation.ts';
import { handleError } from './handle-error.ts';
import { type LocaleOptions, translator } from './locale.ts';
import { cleanLine } from './public-text.ts';
import { defined, read, readList, readNumber, readString } from './safe-read.ts';
import { isStructuredError, type PublicError, type StructuredError } from './structured-error.ts';
import { violation } from './violations.ts';

/** Body of the `json` format. */
export interface ErrorBody {
  error: {
    code: string;
    message: string;
    category: string;
    retryable: boolean;
    retryAfterMs?: number;
    requestId?: string;
    violations?: readonly FieldViolation[];
  };
}

/** An RFC 9457 problem document with our extension members. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  category: string;
  retryable: boolean;
  retryAfterMs?: number;
  requestId?: string;
  violations?: readonly FieldViolation[];
}

export interface ErrorResponseOptions extends LocaleOptions {
  /** `json` (default) or `problem` for `application/problem+json`. */
  format?: 'json' | 'problem' | undefined;
  /** The id to show. Default: the structured error's correlation id. */
  requestId?: string | undefined;
}

export interface ErrorResponse<Body> {
  /** 400 to 599. */
  status: number;
  headers: Record<string, string>;
  body: Body;
}

interface Shown {
  view: PublicError;
  title: string;
  /** The language of the message; undefined when none was negotiated. */
  language: string | undefined;
  extras: { retryAfterMs?: number; requestId?: string; violations?: readonly FieldViolation[] };
}

/** The one place that decides what leaves; every wire is written from this. A value not handled yet is handled here. */
const shown = (error: unknown, options: LocaleOptions & { requestId?: string | undefined }): Shown => {
  const structured = isStructuredError(error) ? error : handleError(error);
  const view = structured.public;
  const given = readString(options, 'requestId', 512) ?? structured.correlationId;
  const { title, i18nKey } = errorTable[view.category];
  const translate = translator(options);
  const heading = translate?.(i18nKey, view.params);
  // An author's text that nobody translated says more than a translated title.
  const found = translate?.(view.i18nKey, view.params) ?? (view.titled ? heading : undefined);
  const violations = view.violations.map((one) => ({
    ...one,
    message: translate?.(`violation.${one.code}`, one.params)?.text ?? one.message,
  }));
  return {
    view: found ? { ...view, message: found.text } : view,
    title: heading?.text ?? title,
    language: translate && (found?.tag ?? translate.fallback),
    extras: defined({
      retryAfterMs: view.retryAfterMs,
      requestId: given ? cleanLine(given, 128) : undefined,
      violations: violations[0] && violations,
    }),
  };
};

const problem = ({ view, title, extras }: Shown): ProblemDetails => {
  const { status, message: detail, code, category, retryable } = view;
  return { type: errorTable[category].type, title, status, detail, code, category, retryable, ...extras };
};

/** The problem document (RFC 9457) of an error. `type` is a URN, the same for one category. */
export const toProblemDetails = (
  error: StructuredError,
  options: LocaleOptions & { requestId?: string | undefined } = {},
): ProblemDetails => problem(shown(error, options));

export function createErrorResponse(
  error: StructuredError,
  options: ErrorResponseOptions & { format: 'problem' },
): ErrorResponse<ProblemDetails>;
export function createErrorResponse(
  error: StructuredError,
  options?: ErrorResponseOptions & { format?: 'json' | undefined },
): ErrorResponse<ErrorBody>;
export function createErrorResponse(
  error: StructuredError,
  options?: ErrorResponseOptions,
): ErrorResponse<ErrorBody | ProblemDetails>;
/**
 * What to answer: status, headers and a body built from public parts alone: the category, the code, the author's
 * public text or the category's, violations, the request id, in the caller's language where `catalogs` has it. No message, cause, stack or detail of the error gets in.
 */
export function createErrorResponse(
  error: StructuredError,
  options: ErrorResponseOptions = {},
): ErrorResponse<ErrorBody | ProblemDetails> {
  const result = shown(error, options);
  const { code, message, category, retryable, status, retryAfterMs } = result.view;
  const asProblem = read(options, 'format') === 'problem';
  return {
    status,
    headers: defined({
      'content-type': asProblem ? 'application/problem+json' : 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'retry-after': retryAfterMs === undefined ? undefined : `${Math.ceil(retryAfterMs / 1000)}`,
      'content-language': result.language,
      vary: result.language && 'Accept-Language',
    }),
    body: asProblem ? problem(result) : { error: { code, message, category, retryable, ...result.extras } },
  };
}

/** The `error` member of a JSON-RPC 2.0 response. */
export const toJsonRpcError = (
  error: StructuredError,
  options: { requestId?: string | undefined } = {},
): { code: number; message: string; data: Omit<ErrorBody['error'], 'message'> } => {
  const { view, extras } = shown(error, options);
  const { code, category, retryable, message } = view;
  return { code: errorTable[category].jsonRpcCode, message, data: { code, category, retryable, ...extras } };
};

/** An MCP tool result that tells the model what went wrong in safe words, so that it can mend its call or wait. */
export const toMcpToolResult = (
  error: StructuredError,
  options: { requestId?: string | undefined } = {},
): { isError: true; content: { type: 'text'; text: string }[] } => {
  const { view, extras } = shown(error, options);
  const lines = [`${view.message} (${view.code})`];
  for (const { path, message } of view.violations) lines.push(`- ${path || '(input)'} ${message}`);
  if (view.retryAfterMs !== undefined) lines.push(`Try again in ${Math.ceil(view.retryAfterMs / 1000)} s.`);
  else if (view.retryable) lines.push('Trying again may help.');
  if (extras.requestId !== undefined) lines.push(`Request id: ${extras.requestId}`);
  return { isError: true, content: [{ type: 'text', text: lines.join('\n') }] };
};

const categoryOf = (document: unknown): PublicError['category'] => {
  const named = read(document, 'category');
  if (isErrorCategory(named)) return named;
  const type = readString(document, 'type', 256);
  const status = read(document, 'status');
  const rows = Object.values(errorTable);
  return (
    rows.find((row) => row.type === type)?.category ??
    rows.find((row) => row.httpStatus === status)?.category ??
    (isErrorStatus(status) && status < 500 ? 'VALIDATION' : 'EXTERNAL_SERVICE')
  );
};

/**
 * The error a problem document tells of, for the side that received it. Members of a wrong type are ignored (RFC 9457),
 * any value is taken. The sender's texts go into `message` and `details`, for logs: passing it on shows our own words.
 */
export const fromProblemDetails = (document: unknown): AppError => {
  const category = categoryOf(document);
  const text = readString(document, 'detail') ?? readString(document, 'title') ?? errorTable[category].title;
  const member = (key: string): string | undefined => readString(document, key, 512);
  return new classOf[category](text, {
    category,
    // The constructor leaves out what does not hold.
    code: read(document, 'code'),
    httpStatus: read(document, 'status'),
    retryable: read(document, 'retryable'),
    retryAfterMs: readNumber(document, 'retryAfterMs'),
    violations: readList(read(document, 'violations'), 100).map((one) =>
      violation(readString(one, 'path', 512) ?? '', read(one, 'code')),
    ),
    details: defined({
      type: member('type'),
      title: member('title'),
      instance: member('instance'),
      requestId: member('requestId'),
    }),
  } as ConstructorParameters<typeof AppError>[1]);
};
