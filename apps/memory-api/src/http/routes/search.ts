import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { toRangeMs } from '../../contract/fields.ts';
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
              ...toRangeMs(body),
            },
          },
          clientGone(reply),
        );
        return toSearchAnswer(found);
      },
    );
  };
