// The whole public surface of @agent4/errors/express. It loads nothing of express: the shapes below are what it uses.
import { answerTo, checkOptions, type ErrorHandlerOptions, mergedVary, staleHeaders } from './http-answer.ts';

/** The parts of a request that are read; those of `express`, `connect` and `node:http` satisfy it. */
export interface RequestLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method?: string | undefined;
  readonly baseUrl?: string | undefined;
  readonly route?: { readonly path?: unknown } | undefined;
}

/** The parts of a response that are used. */
export interface ResponseLike {
  readonly headersSent: boolean;
  statusCode: number;
  getHeader(name: string): unknown;
  setHeader(name: string, value: string): unknown;
  removeHeader(name: string): void;
  end(body?: string): unknown;
}

export type { ErrorHandlerOptions };

const routeOf = ({ baseUrl, route }: RequestLike): string | undefined =>
  typeof route?.path === 'string' ? `${baseUrl ?? ''}${route.path}` : undefined;

/**
 * For `app.use(errorHandler({ onError }))` behind all routes: every failure is classified and answered from public parts
 * alone, as JSON or problem+json. Where the answer has begun already it reports the error and hands it on, so that
 * express closes the connection: a caller must not take half a body for a whole one.
 * @throws TypeError naming the option when one does not hold.
 */
export const errorHandler = <Request extends RequestLike = RequestLike>(
  options: ErrorHandlerOptions<Request> = {},
): ((error: unknown, request: Request, response: ResponseLike, next: (error: unknown) => void) => void) => {
  const checked = checkOptions(options);
  // Express knows an error handler by its four parameters.
  return (error, request, response, next) => {
    const { headers: sent, method } = request;
    const asked = { request, headers: sent, method, route: routeOf(request) };
    const { status, headers, body } = answerTo(error, asked, checked);
    if (response.headersSent) return next(error);
    for (const name of staleHeaders) response.removeHeader(name);
    for (const [name, value] of Object.entries(headers))
      response.setHeader(name, name === 'vary' ? mergedVary(response.getHeader('vary'), value) : value);
    response.setHeader('content-length', String(Buffer.byteLength(body)));
    response.statusCode = status;
    response.end(method === 'HEAD' ? undefined : body);
  };
};
