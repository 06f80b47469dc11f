import type { FastifyPluginAsync } from 'fastify';

/** What the operator's routes answer from. */
export interface Operations {
  health: () => Promise<{ status: string }>;
  metrics: () => Promise<{ contentType: string; text: string }>;
}

/**
 * `/health/live`: the process answers. `/health/ready`: it can serve; 503 names the failing part.
 * `/metrics`: Prometheus text.
 */
export const operationRoutes =
  ({ health, metrics }: Operations): FastifyPluginAsync =>
  async (app) => {
    app.get('/health/live', { schema: { hide: true } }, async () => ({ status: 'up' }));
    app.get('/health/ready', { schema: { hide: true } }, async (_request, reply) => {
      const report = await health();
      return reply.code(report.status === 'down' ? 503 : 200).send(report);
    });
    app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
      const { contentType, text } = await metrics();
      return reply.type(contentType).send(text);
    });
  };
