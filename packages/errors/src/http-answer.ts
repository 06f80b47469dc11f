import { createErrorResponse } from './error-response.ts';
import { handleError } from './handle-error.ts';
import type { LocaleOptions } from './locale.ts';
import { read } from './safe-read.ts';
import type { StructuredError } from './structured-error.ts';

/** What the error handlers of the frameworks take; `Request` is the framework's own. */
export interface ErrorHandlerOptions<Request> extends Pick<LocaleOptions, 'catalogs' | 'defaultLocale'> {
  /** `json`, `problem`, or `negotiate` (default): problem+json for who asks for it in `Accept`, else json. */
  format?: 'json' | 'problem' | 'negotiate' | undefined;
  /** The id to show and to log. Default: `request.id` when it is a string. */
  requestId?: ((request: Request) => string | undefined) | undefined;
  /** Told of every error once, before the answer leaves: log here. What it throws becomes a process warning. */
  onError?: ((error: StructuredError, request: Request) => void) | undefined;
  /** Name of this service, for logs. */
  service?: string | undefined;
  /** The languages wanted, for `catalogs`. Default: the request's `Accept-Language`. */
  locale?: ((request: Request) => string | undefined) | undefined;
}

type Options<Request> = ErrorHandlerOptions<Request>;

/** Checks the options once, when the handler is made. */
export const checkOptions = <Request>(options: Options<Request>): Options<Request> => {
  const { format, requestId, onError, locale } = options;
  if (!['json', 'problem', 'negotiate', undefined].includes(format))
    throw new TypeError(`format must be 'json', 'problem' or 'negotiate', got ${String(format)}`);
  for (const [name, value] of Object.entries({ requestId, onError, locale }))
    if (value !== undefined && typeof value !== 'function')
      throw new TypeError(`${name} must be a function, got ${typeof value}`);
  return options;
};

/** Quality of a media type that is named, 0 when it is not; a wildcard names nothing. */
const quality = (accept: string, type: string): number => {
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    if (name !== type) continue;
    const q = parameters.find((part) => part.startsWith('q='));
    const value = q === undefined ? 1 : Number(q.slice(2));
    return value >= 0 && value <= 1 ? value : 0;
  }
  return 0;
};

/** Whether `Accept` asks for problem details, at least as much as for JSON. */
const wantsProblem = (accept: unknown): boolean => {
  if (typeof accept !== 'string') return false;
  const text = accept.slice(0, 1024);
  const wanted = quality(text, 'application/problem+json');
  return wanted > 0 && wanted >= quality(text, 'application/json');
};

export interface Asked<Request> {
  request: Request;
  headers: object;
  method: string | undefined;
  /** The route's pattern, never the address: that has ids and secrets in it. */
  route: string | undefined;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The headers that told of the body there would have been. */
export const staleHeaders = [
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'etag',
  'last-modified',
] as const;

/** `Vary` with what is there already, each name once. */
export const mergedVary = (present: unknown, added: string): string => {
  const names = `${Array.isArray(present) ? present.join(',') : String(present ?? '')},${added}`
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()].join(', ');
};

/** A function of the user's is asked; what it throws changes no answer. */
const ask = <Request>(
  options: Options<Request>,
  name: 'requestId' | 'locale',
  request: Request,
  fallback: unknown,
): string | undefined => {
  try {
    const said: unknown = options[name] ? options[name](request) : fallback;
    return typeof said === 'string' && said !== '' ? said : undefined;
  } catch (error) {
    warn(name, error);
    return undefined;
  }
};

const warn = (name: string, error: unknown): void => {
  const text = handleError(error).rootCause.message;
  process.emitWarning(`${name} of an error handler threw: ${text}`, { code: 'AGENT4_ERRORS_HANDLER' });
};

/** Handles an error for a request and writes the answer; the framework's file only sends it. */
export const answerTo = <Request>(
  error: unknown,
  asked: Asked<Request>,
  options: Options<Request>,
): HttpAnswer => {
  const { format = 'negotiate', onError, service, catalogs, defaultLocale } = options;
  const { request, method, route } = asked;
  const requestId = ask(options, 'requestId', request, read(request, 'id'));
  const structured = handleError(error, {
    correlationId: requestId,
    operation: route === undefined ? method : `${method ?? ''} ${route}`.trim(),
    service,
  });
  try {
    onError?.(structured, request);
  } catch (thrown) {
    warn('onError', thrown);
  }
  const chosen =
    format === 'negotiate' ? (wantsProblem(read(asked.headers, 'accept')) ? 'problem' : 'json') : format;
  const { status, headers, body } = createErrorResponse(structured, {
    format: chosen,
    requestId,
    catalogs,
    defaultLocale,
    locale: catalogs && ask(options, 'locale', request, read(asked.headers, 'accept-language')),
  });
  return {
    status,
    headers: {
      ...headers,
      ...(format === 'negotiate' ? { vary: mergedVary(headers.vary, 'Accept') } : {}),
    },
    body: JSON.stringify(body),
  };
};
