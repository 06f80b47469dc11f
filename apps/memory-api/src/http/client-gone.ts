import type { FastifyReply } from 'fastify';

/**
 * Aborts when the client leaves before the answer is out.
 * Not fastify's own `request.signal`: that follows the request's 'close', which comes as soon as the body is read.
 */
export const clientGone = (reply: FastifyReply): AbortSignal => {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new DOMException('The client left', 'AbortError'));
  });
  return controller.signal;
};
