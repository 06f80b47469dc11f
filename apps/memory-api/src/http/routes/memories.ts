import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { toRangeMs } from '../../contract/fields.ts';
import * as contract from '../../contract/memories.ts';
import { domainErrors } from '../../domain/errors.ts';
import type { MemoryService } from '../../domain/memory-service.ts';
import type { MemorySort, StateSelection } from '../../domain/memory-store.ts';

const FILTER_SORT: Readonly<Record<string, MemorySort>> = {
  memory: 'content',
  app_name: 'app_name',
  created_at: 'created_at',
};
const LIST_SORT: ReadonlySet<string> = new Set(['content', 'created_at', 'updated_at', 'state']);

const sortOf = (
  column: string | null | undefined,
  direction: string | null | undefined,
): { by: MemorySort; descending: boolean } => {
  // Only both fields together sort.
  if (!column || !direction) return { by: 'created_at', descending: true };
  const by = Object.hasOwn(FILTER_SORT, column) ? FILTER_SORT[column] : undefined;
  if (by === undefined) throw domainErrors.SORT_COLUMN_UNKNOWN();
  if (direction !== 'asc' && direction !== 'desc') throw domainErrors.SORT_DIRECTION_UNKNOWN();
  return { by, descending: direction === 'desc' };
};

/** The first that was given counts. */
const selectionOf = (body: z.output<typeof contract.stateBody>): StateSelection => {
  if (body.global_pause) return { kind: 'all' };
  if (body.app_id) return { kind: 'app', appId: body.app_id };
  if (body.memory_ids && body.memory_ids.length > 0)
    return { kind: 'ids', ids: body.memory_ids, unknown: body.all_for_app ? 'ignore' : 'refuse' };
  if (body.category_ids && body.category_ids.length > 0)
    return { kind: 'categories', ids: body.category_ids };
  throw domainErrors.NOTHING_SELECTED();
};

const names = (list: string | undefined): string[] =>
  (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

export const memoryRoutes =
  (memories: MemoryService): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/',
      {
        schema: {
          tags: ['memories'],
          querystring: contract.listQuery,
          response: { 200: contract.memoryPage },
        },
      },
      async ({ query }) => {
        const { page, size } = query;
        const found = await memories.list({
          userId: query.user_id,
          filter: {
            states: ['active'],
            appIds: query.app_id === undefined ? [] : [query.app_id],
            categoryNames: names(query.categories),
            contains: query.search_query,
            ...toRangeMs(query),
          },
          sort: LIST_SORT.has(query.sort_column ?? '')
            ? { by: query.sort_column as MemorySort, descending: query.sort_direction !== 'asc' }
            : { by: 'created_at', descending: true },
          page,
          size,
        });
        return contract.toPage(found, { page, size });
      },
    );

    app.post(
      '/',
      {
        schema: {
          tags: ['memories'],
          headers: contract.idempotencyHeader,
          body: contract.createBody,
          response: { 200: contract.memoryRow },
        },
      },
      async ({ body, headers }, reply) => {
        const { memory, replayed } = await memories.remember({
          userId: body.user_id,
          text: body.text,
          app: body.app,
          metadata: body.metadata,
          idempotencyKey: headers['idempotency-key'],
        });
        if (replayed) void reply.header('idempotency-replayed', 'true');
        return contract.toRow(memory);
      },
    );

    app.post(
      '/filter',
      { schema: { tags: ['memories'], body: contract.filterBody, response: { 200: contract.memoryPage } } },
      async ({ body }) => {
        const { page, size } = body;
        const found = await memories.list({
          userId: body.user_id,
          filter: {
            states: body.show_archived ? ['active', 'paused', 'archived'] : ['active', 'paused'],
            appIds: body.app_ids ?? [],
            categoryIds: body.category_ids ?? [],
            contains: body.search_query ?? undefined,
            ...toRangeMs(body),
          },
          sort: sortOf(body.sort_column, body.sort_direction),
          page,
          size,
        });
        return contract.toPage(found, { page, size });
      },
    );

    app.get(
      '/categories',
      {
        schema: {
          tags: ['memories'],
          querystring: contract.userQuery,
          response: { 200: contract.categoryList },
        },
      },
      async ({ query }) => contract.toCategoryList(await memories.categories(query.user_id)),
    );

    app.get(
      '/:memory_id',
      {
        schema: {
          tags: ['memories'],
          params: contract.memoryParams,
          response: { 200: contract.singleMemory },
        },
      },
      async ({ params }) => contract.toSingle(await memories.get(params.memory_id)),
    );

    app.put(
      '/:memory_id',
      {
        schema: {
          tags: ['memories'],
          params: contract.memoryParams,
          body: contract.updateBody,
          response: { 200: contract.memoryRow },
        },
      },
      async ({ params, body }) =>
        contract.toRow(
          await memories.update({ id: params.memory_id, userId: body.user_id, text: body.memory_content }),
        ),
    );

    app.delete(
      '/',
      { schema: { tags: ['memories'], body: contract.deleteBody, response: { 200: contract.message } } },
      async ({ body }) => {
        const count = await memories.remove({ userId: body.user_id, ids: body.memory_ids });
        return { message: `Successfully deleted ${count} memories` };
      },
    );

    app.post(
      '/actions/archive',
      {
        schema: {
          tags: ['memories'],
          querystring: contract.archiveQuery,
          body: contract.archiveBody,
          response: { 200: contract.message },
        },
      },
      async ({ query, body }) => {
        await memories.archive(query.user_id, body);
        return { message: `Successfully archived ${new Set(body).size} memories` };
      },
    );

    app.post(
      '/actions/pause',
      { schema: { tags: ['memories'], body: contract.stateBody, response: { 200: contract.message } } },
      async ({ body }) => {
        const state = body.state ?? 'paused';
        const count = await memories.setState(body.user_id, selectionOf(body), state);
        return { message: `Successfully set ${count} memories to ${state}` };
      },
    );

    app.get(
      '/:memory_id/access-log',
      {
        schema: {
          tags: ['memories'],
          params: contract.memoryParams,
          querystring: contract.accessLogQuery,
          response: { 200: contract.accessLogPage },
        },
      },
      async ({ params, query }) => {
        const page = { page: query.page, size: query.page_size };
        return contract.toAccessLog(await memories.accessLog(params.memory_id, page), page);
      },
    );

    app.get(
      '/:memory_id/related',
      {
        schema: {
          tags: ['memories'],
          params: contract.memoryParams,
          querystring: contract.relatedQuery,
          response: { 200: contract.memoryPage },
        },
      },
      async ({ params, query }) => {
        // Always five, whatever is asked: the UI shows no more.
        const page = { page: query.page, size: 5 };
        return contract.toPage(await memories.related(query.user_id, params.memory_id, page), page);
      },
    );
  };
