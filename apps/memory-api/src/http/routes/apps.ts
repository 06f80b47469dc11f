import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as contract from '../../contract/apps.ts';
import { userQuery } from '../../contract/memories.ts';
import type { AppService } from '../../domain/app-service.ts';

export const appRoutes =
  (apps: AppService): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/',
      {
        schema: { tags: ['apps'], querystring: contract.listAppsQuery, response: { 200: contract.appList } },
      },
      async ({ query }) => {
        const page = { page: query.page, size: query.page_size };
        const found = await apps.list({
          ...page,
          name: query.name,
          isActive: query.is_active,
          userId: query.user_id,
          sortBy: query.sort_by,
          descending: query.sort_direction === 'desc',
        });
        return contract.toAppList(found, page);
      },
    );

    app.get(
      '/:app_id',
      { schema: { tags: ['apps'], params: contract.appParams, response: { 200: contract.appDetails } } },
      async ({ params }) => contract.toAppDetails(await apps.details(params.app_id)),
    );

    app.get(
      '/:app_id/memories',
      {
        schema: {
          tags: ['apps'],
          params: contract.appParams,
          querystring: contract.appPageQuery,
          response: { 200: contract.appMemoryPage },
        },
      },
      async ({ params, query }) => {
        const page = { page: query.page, size: query.page_size };
        return contract.toAppMemoryPage(await apps.memories(params.app_id, page), page);
      },
    );

    app.get(
      '/:app_id/accessed',
      {
        schema: {
          tags: ['apps'],
          params: contract.appParams,
          querystring: contract.appPageQuery,
          response: { 200: contract.appAccessedPage },
        },
      },
      async ({ params, query }) => {
        const page = { page: query.page, size: query.page_size };
        return contract.toAppAccessedPage(await apps.accessed(params.app_id, page), page);
      },
    );

    app.put(
      '/:app_id',
      {
        schema: {
          tags: ['apps'],
          params: contract.appParams,
          querystring: contract.setActiveQuery,
          response: { 200: contract.appChanged },
        },
      },
      async ({ params, query }) => {
        await apps.setActive(params.app_id, query.is_active);
        return { status: 'success' as const, message: 'Updated app details successfully' };
      },
    );
  };

export const userRoutes =
  (apps: AppService): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/',
      {
        schema: {
          tags: ['users'],
          body: contract.createUserBody,
          response: { 200: contract.userAnswer, 201: contract.userAnswer },
        },
      },
      async ({ body }, reply) => {
        const { user, created } = await apps.ensureUser(body.user_id);
        return reply.code(created ? 201 : 200).send({ id: user.id, user_id: user.userId });
      },
    );
  };

export const statsRoutes =
  (apps: AppService): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/',
      { schema: { tags: ['stats'], querystring: userQuery, response: { 200: contract.statsAnswer } } },
      async ({ query }) => contract.toStats(await apps.stats(query.user_id)),
    );
  };
