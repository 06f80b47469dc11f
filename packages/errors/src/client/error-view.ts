import type { FieldViolation } from '../field-violation.ts';
import { read, readNumber, readString } from '../safe-read.ts';
import { readDocument } from './document.ts';
import { codeOfFailure, online } from './failure.ts';
import { header, waitIn } from './headers.ts';
import { codeOfStatus, passing, texts } from './texts.ts';

/**
 * Who can do something: `offline`, the person's connection; `caller`, the person, by sending something else;
 * `server`, nobody here, wait or report; `cancelled`, nobody, it was called off: show nothing.
 */
export type ErrorKind = 'offline' | 'server' | 'caller' | 'cancelled';

/** What a page shows of a failure. Plain data; every text is one line without control characters, and data, not markup. */
export interface ErrorView {
  readonly kind: ErrorKind;
  /** At most 1,000 characters. */
  readonly message: string;
  /** UPPER_SNAKE: the server's, else OFFLINE, NETWORK_FAILED, TIMEOUT, CANCELLED, a status' usual one, or UNKNOWN. */
  readonly code: string;
  /** The HTTP status; undefined when no answer came or the body alone was given and does not say. */
  readonly status: number | undefined;
  /** What is wrong, by JSON Pointer into what was sent; '' is the whole. Has no prototype. At most 100 a body. */
  readonly fields: Readonly<Record<string, readonly FieldViolation[]>>;
  /** Whether trying again may help. Whether it may be done twice is for the page to know. */
  readonly canRetry: boolean;
  /** At most an hour. */
  readonly retryAfterMs: number | undefined;
  /** `now() + retryAfterMs`, for `countdown`. */
  readonly retryAt: number | undefined;
  readonly requestId: string | undefined;
}

export interface ErrorViewOptions {
  /** Your text by code, such as `{ OFFLINE: 'Keine Verbindung' }`; it wins over the server's and ours. */
  messages?: Readonly<Record<string, string>> | undefined;
  /** The signal of the call: an error that is its reason is a cancellation, a bare string too. */
  signal?: AbortSignal | undefined;
  /** Milliseconds since 1970. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** Whether there is a connection; false means offline. Default `navigator.onLine`. */
  online?: (() => boolean | undefined) | undefined;
}

/** What came with a body: the parts of a `Response` that count. */
export interface Answer {
  status?: unknown;
  headers?: unknown;
}

const callerCategories: ReadonlySet<unknown> = new Set([
  'VALIDATION',
  'NOT_FOUND',
  'CONFLICT',
  'AUTHENTICATION',
  'AUTHORIZATION',
  'RATE_LIMIT',
  'PRECONDITION',
]);

const kindOf = (category: unknown, status = 0): ErrorKind => {
  if (category === 'CANCELLED' || status === 499) return 'cancelled';
  // A change that was rolled back is a 409 and nothing the person did.
  if (status >= 500 || category === 'ABORTED') return 'server';
  return callerCategories.has(category) || status >= 400 ? 'caller' : 'server';
};

/** The view of a body with the answer it came in. */
export const viewOf = (document: unknown, answer: Answer, options: ErrorViewOptions): ErrorView => {
  const said = readDocument(document);
  const given = readNumber(answer, 'status') ?? said.status;
  const status = given !== undefined && given >= 100 && given <= 599 ? Math.trunc(given) : undefined;
  const code = said.code ?? codeOfStatus.get(status) ?? 'UNKNOWN';
  return build(code, said.message, {
    kind: kindOf(said.category, status),
    status,
    fields: said.fields,
    canRetry: said.retryable ?? passing.has(status),
    headers: read(answer, 'headers'),
    retryAfterMs: said.retryAfterMs,
    requestId: said.requestId,
    options,
  });
};

interface Parts extends Pick<ErrorView, 'kind' | 'status' | 'fields' | 'canRetry'> {
  headers?: unknown;
  retryAfterMs?: number | undefined;
  requestId?: string | undefined;
  options: ErrorViewOptions;
}

const build = (code: string, message: string | undefined, parts: Parts): ErrorView => {
  const { headers, options, kind, status, fields, canRetry } = parts;
  const { messages, now = Date.now } = options;
  const wait = canRetry ? (parts.retryAfterMs ?? waitIn(headers, now)) : undefined;
  // Longer waits are cut: a server may name days, and a page that says so helps nobody.
  const retryAfterMs = wait === undefined ? undefined : Math.min(Math.ceil(wait), 3_600_000);
  return {
    kind,
    // A code is UPPER_SNAKE, so it never names anything an object inherits.
    message: messages?.[code] ?? message ?? texts[code] ?? 'Something went wrong.',
    code,
    status,
    fields,
    canRetry,
    retryAfterMs,
    retryAt: retryAfterMs === undefined ? undefined : now() + retryAfterMs,
    requestId: parts.requestId ?? header(headers, 'x-request-id') ?? header(headers, 'x-correlation-id'),
  };
};

/**
 * What to show of a thrown error or of a body already parsed. Total: any value gives a view, a hostile one a general one.
 * A `Response` gives the view of its status and headers; `readError` reads its body too.
 */
export const toErrorView = (input: unknown, options: ErrorViewOptions = {}): ErrorView => {
  const failure = codeOfFailure(input, options.online ?? online, options.signal);
  if (failure !== undefined)
    return build(failure, undefined, {
      kind: failure === 'OFFLINE' ? 'offline' : failure === 'CANCELLED' ? 'cancelled' : 'server',
      status: undefined,
      fields: Object.create(null),
      canRetry: failure !== 'CANCELLED',
      options,
    });
  const response = read(input, 'response');
  const answer = (readNumber(response, 'status') === undefined ? input : response) as Answer;
  const thrown = readString(input, 'stack', 1) !== undefined;
  // An error of a client library carries the body as `data`; its own message is for developers.
  const body = read(response, 'data') ?? (thrown ? read(input, 'data') : input);
  return viewOf(body, answer, options);
};
