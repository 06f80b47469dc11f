// The whole public surface of @agent4/errors/fastify. It loads nothing of fastify: the shapes below are what it uses.
import { answerTo, checkOptions, type ErrorHandlerOptions, mergedVary, staleHeaders } from './http-answer.ts';

/** The parts of a `FastifyRequest` that are read. */
export interface RequestLike {
  readonly id: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly routeOptions: { readonly url?: string | undefined };
}

/** The parts of a `FastifyReply` that are used. */
export interface ReplyLike {
  readonly sent: boolean;
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  getHeader(name: string): unknown;
  removeHeader(name: string): unknown;
  send(payload: Buffer): unknown;
}

export type { ErrorHandlerOptions };

/**
 * For `app.setErrorHandler(errorHandler({ onError }))`: every failure of a route is classified and answered from public
 * parts alone, as JSON or problem+json. Call `setErrorHandler` before the routes and plugins it is for.
 * @throws TypeError naming the option when one does not hold.
 */
export const errorHandler = <Request extends RequestLike = RequestLike>(
  options: ErrorHandlerOptions<Request> = {},
): ((error: unknown, request: Request, reply: ReplyLike) => void) => {
  const checked = checkOptions(options);
  return (error, request, reply) => {
    const asked = {
      request,
      headers: request.headers,
      method: request.method,
      route: request.routeOptions.url,
    };
    const { status, headers, body } = answerTo(error, asked, checked);
    if (reply.sent) return;
    for (const name of staleHeaders) reply.removeHeader(name);
    for (const [name, value] of Object.entries(headers))
      reply.header(name, name === 'vary' ? mergedVary(reply.getHeader('vary'), value) : value);
    reply.code(status);
    // Bytes, not an object: a response schema or a serializer of the route is for its results and would drop members.
    reply.send(Buffer.from(body));
  };
};
