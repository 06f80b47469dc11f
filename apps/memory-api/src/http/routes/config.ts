import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import {
  asksForChange,
  type ConfigDocument,
  configDocument,
  embedderPart,
  llmPart,
  openmemoryPart,
  vectorStorePart,
} from '../../contract/config.ts';
import { httpErrors } from '../errors.ts';

/**
 * OpenMemory kept its settings, keys included, in the database, where any caller could read and write them.
 * Here the operator sets them by environment: the settings page is shown what runs, and is told so when it
 * wants something else. Saving it unchanged succeeds.
 */
export const configRoutes =
  (config: ConfigDocument): FastifyPluginAsyncZod =>
  async (app) => {
    const unchanged = <T>(asked: unknown, present: T): T => {
      if (asksForChange(asked, present)) throw httpErrors.CONFIG_READ_ONLY();
      return present;
    };

    const whole = { tags: ['config'], response: { 200: configDocument } };
    app.get('/', { schema: whole }, async () => config);
    app.post('/reset', { schema: whole }, async () => config);
    for (const method of ['PUT', 'PATCH'] as const)
      app.route({
        method,
        url: '/',
        schema: { ...whole, body: configDocument },
        handler: async ({ body }) => unchanged(body, config),
      });

    const part = (url: string, schema: z.ZodType, present: unknown): void => {
      const described = { tags: ['config'], response: { 200: schema } };
      app.get(url, { schema: described }, async () => present);
      app.put(url, { schema: { ...described, body: schema } }, async ({ body }) => unchanged(body, present));
    };
    part('/openmemory', openmemoryPart, config.openmemory);
    part('/mem0/llm', llmPart, config.mem0?.llm);
    part('/mem0/embedder', embedderPart, config.mem0?.embedder);
    part('/mem0/vector_store', vectorStorePart, config.mem0?.vector_store);
  };
