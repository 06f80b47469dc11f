import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Memory } from '../domain/model.ts';
import type { SearchResult } from '../domain/search-service.ts';
import { idList, queryField, textField, toIso } from './fields.ts';

/** What OpenMemory's tool answers, always. */
export const SEARCH_LIMIT = 10;

// Clients of many ages call these: unknown arguments are left out, not refused.
export const addInput = z.object({
  text: textField.describe('What to remember: one statement that stands by itself'),
  infer: z
    .boolean()
    .default(true)
    .describe('True lets the server draw facts from the text where it can; else the text is kept as it is'),
});
export const searchInput = z.object({
  query: queryField.describe('What you want to know, in words or as a question'),
});
export const listInput = z.object({});
export const deleteInput = z.object({
  memory_ids: idList.describe('Ids as search_memory and list_memories give them'),
});
export const deleteAllInput = z.object({});

const sharedRow = {
  id: z.string(),
  memory: z.string().describe('The text'),
  hash: z.string().describe('MD5 of the text, in hex'),
  created_at: z.string().describe('ISO 8601 with an offset'),
  updated_at: z.string().describe('ISO 8601 with an offset'),
};

export const addOutput = z.strictObject({
  results: z.array(z.strictObject({ id: z.string(), memory: z.string(), event: z.literal('ADD') })),
});
export const searchOutput = z.strictObject({
  results: z.array(
    z.strictObject({ ...sharedRow, score: z.number().describe('0 to 1; ranks within this answer only') }),
  ),
  degraded: z
    .boolean()
    .describe('True when a part of the search could not be asked: there may be more than is shown'),
});
export const listOutput = z.strictObject({
  results: z.array(
    z.strictObject({
      ...sharedRow,
      metadata: z.record(z.string(), z.unknown()),
      user_id: z.string(),
      app_name: z.string(),
      categories: z.array(z.string()),
    }),
  ),
});
export const deleteOutput = z.strictObject({
  deleted: z.array(z.string()).describe('Ids that are gone'),
  not_found: z.array(z.string()).describe('Ids that name no memory this client may delete'),
});
export const deleteAllOutput = z.strictObject({ deleted: z.int().describe('How many are gone') });

/** mem0 writes its times in Python's form, with the offset spelt out. */
const toOffsetIso = (ms: number): string => toIso(ms).replace('Z', '+00:00');

const toSharedRow = ({ id, content, createdAt, updatedAt }: Memory) => ({
  id,
  memory: content,
  // mem0's fingerprint of a text; clients compare it, nothing is protected by it.
  hash: createHash('md5').update(content).digest('hex'),
  created_at: toOffsetIso(createdAt),
  updated_at: toOffsetIso(updatedAt),
});

export const toAddAnswer = ({ id, content }: Memory): z.output<typeof addOutput> => ({
  results: [{ id, memory: content, event: 'ADD' }],
});

export const toMcpSearchAnswer = ({ results, degraded }: SearchResult): z.output<typeof searchOutput> => ({
  results: results.map(({ memory, score }) => ({ ...toSharedRow(memory), score })),
  degraded,
});

/** `userId` is the outside name: the one the client's own address holds. */
export const toListAnswer = (memories: readonly Memory[], userId: string): z.output<typeof listOutput> => ({
  results: memories.map((memory) => ({
    ...toSharedRow(memory),
    metadata: memory.metadata,
    user_id: userId,
    app_name: memory.appName,
    categories: memory.categories,
  })),
});

export const toDeleteAnswer = (
  deleted: readonly Memory[],
  asked: readonly string[],
): z.output<typeof deleteOutput> => {
  const gone = new Set(deleted.map(({ id }) => id));
  return { deleted: [...gone], not_found: [...new Set(asked)].filter((id) => !gone.has(id)) };
};
