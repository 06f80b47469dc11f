import { z } from 'zod';
import type { SearchResult } from '../domain/search-service.ts';
import {
  categoryNameField,
  epochSeconds,
  idList,
  queryField,
  toEpochSeconds,
  userIdField,
} from './fields.ts';

export const searchBody = z.object({
  user_id: userIdField,
  query: queryField,
  limit: z.int().min(1).max(100).default(10),
  app_ids: idList.nullish(),
  categories: z.array(categoryNameField).max(100).nullish().describe('Names'),
  from_date: epochSeconds.nullish(),
  to_date: epochSeconds.nullish(),
});

export const searchAnswer = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      content: z.string(),
      score: z.number().describe('0 to 1; ranks within this answer only'),
      created_at: z.int().describe('Epoch seconds'),
      app_name: z.string(),
      categories: z.array(z.string()),
      metadata_: z.record(z.string(), z.unknown()),
    }),
  ),
  degraded: z.boolean().describe('True when a part of the search, such as the embedder, could not be asked'),
});

export const toSearchAnswer = ({ results, degraded }: SearchResult): z.output<typeof searchAnswer> => ({
  results: results.map(({ memory, score }) => ({
    id: memory.id,
    content: memory.content,
    score,
    created_at: toEpochSeconds(memory.createdAt),
    app_name: memory.appName,
    categories: memory.categories,
    metadata_: memory.metadata,
  })),
  degraded,
});
