import type { FastifyInstance } from 'fastify';

/**
 * What is under way when the server closes is answered, and its connection ends with the answer.
 * What takes longer than `answerWithinMs` is cut off. Wants `forceCloseConnections: 'idle'`.
 */
export const installClosing = (app: FastifyInstance, answerWithinMs: number): void => {
  let closing = false;
  let cut: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    closing = true;
    cut = setTimeout(() => app.server.closeAllConnections(), answerWithinMs);
  });
  app.addHook('onClose', async () => clearTimeout(cut));
  // Else a kept-alive connection would hold up the end after its last answer.
  app.addHook('onSend', async (_request, reply) => {
    if (closing) void reply.header('connection', 'close');
  });
};
