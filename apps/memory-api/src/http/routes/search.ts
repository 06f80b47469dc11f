import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { searchAnswer, searchBody, toSearchAnswer } from '../../contract/search.ts';
import type { SearchService } from '../../domain/search-service.ts';
import { clientGone } from '../client-gone.ts';

export const searchRoutes =
  (search: SearchService): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/search',
      { schema: { tags: ['memories'], body: searchBody, response: { 200: searchAnswer } } },
      async ({ body }, reply) => {
        const found = await search.search(
          {
            userId: body.user_id,
            query: body.query,
            limit: body.limit,
            filter: {
              appIds: body.app_ids ?? [],
              categoryNames: body.categories ?? [],
              from: typeof body.from_date === 'number' ? body.from_date * 1000 : undefined,
              to: typeof body.to_date === 'number' ? body.to_date * 1000 + 999 : undefined,
            },
          },
          clientGone(reply),
        );
        return toSearchAnswer(found);
      },
    );
  };
