import { z } from 'zod';
import type { AccessLogEntry, Category, Memory, Paged, PageRequest } from '../domain/model.ts';
import {
  appNameField,
  epochSeconds,
  idField,
  idList,
  intParam,
  MAX_EPOCH_SECONDS,
  MAX_PAGE,
  metadataField,
  stateField,
  substringField,
  textField,
  toEpochSeconds,
  toIso,
  toZonelessIso,
  userIdField,
} from './fields.ts';

const pageQuery = { page: intParam(1, MAX_PAGE).default(1), size: intParam(1, 100).default(50) };
export const legacyPageQuery = {
  page: intParam(1, MAX_PAGE).default(1),
  page_size: intParam(1, 100).default(10),
};

export const userQuery = z.object({ user_id: userIdField });
export const memoryParams = z.object({ memory_id: idField });

export const listQuery = z.object({
  user_id: userIdField,
  app_id: idField.optional(),
  from_date: intParam(0, MAX_EPOCH_SECONDS).optional(),
  to_date: intParam(0, MAX_EPOCH_SECONDS).optional(),
  categories: substringField.optional().describe('Names, separated by commas'),
  search_query: substringField.optional(),
  sort_column: z.string().max(64).optional(),
  sort_direction: z.string().max(64).optional(),
  ...pageQuery,
});

export const createBody = z.object({
  user_id: userIdField,
  text: textField,
  metadata: metadataField.default({}),
  infer: z.boolean().default(true).describe('Without an extraction provider the text is stored as it is'),
  app: appNameField.default('openmemory'),
});

export const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 printable ASCII characters')
    .optional(),
});

export const filterBody = z.object({
  user_id: userIdField,
  page: z.int().min(1).max(MAX_PAGE).default(1),
  size: z.int().min(1).max(100).default(10),
  search_query: substringField.nullish(),
  app_ids: idList.nullish(),
  category_ids: idList.nullish(),
  sort_column: z.string().max(64).nullish(),
  sort_direction: z.string().max(64).nullish(),
  from_date: epochSeconds.nullish(),
  to_date: epochSeconds.nullish(),
  show_archived: z.boolean().nullish(),
});

export const updateBody = z.object({ memory_content: textField, user_id: userIdField });
export const deleteBody = z.object({ memory_ids: idList, user_id: userIdField });
export const archiveBody = idList;
export const archiveQuery = z.object({ user_id: userIdField });

export const stateBody = z.object({
  user_id: userIdField,
  memory_ids: idList.nullish(),
  category_ids: idList.nullish(),
  app_id: idField.nullish(),
  all_for_app: z.boolean().default(false),
  global_pause: z.boolean().default(false),
  state: stateField.nullish(),
});

export const accessLogQuery = z.object(legacyPageQuery);
export const relatedQuery = z.object({ user_id: userIdField, ...pageQuery });

const isoOrNull = z.string().nullable();

export const memoryItem = z.object({
  id: z.string(),
  content: z.string(),
  created_at: z.int().describe('Epoch seconds'),
  state: stateField,
  app_id: z.string(),
  app_name: z.string(),
  categories: z.array(z.string()),
  metadata_: z.record(z.string(), z.unknown()),
});

export const memoryPage = z.object({
  items: z.array(memoryItem),
  total: z.int(),
  page: z.int(),
  size: z.int(),
  pages: z.int(),
});

export const memoryRow = z.object({
  id: z.string(),
  user_id: z.string().describe('Our own id of the user'),
  app_id: z.string(),
  content: z.string(),
  vector: z.null(),
  metadata_: z.record(z.string(), z.unknown()),
  state: stateField,
  created_at: z.string().describe('ISO 8601, UTC, without a zone'),
  updated_at: z.string(),
  archived_at: isoOrNull,
  deleted_at: isoOrNull,
});

export const singleMemory = z.object({
  id: z.string(),
  text: z.string(),
  created_at: z.int(),
  state: stateField,
  app_id: z.string(),
  app_name: z.string(),
  categories: z.array(z.string()),
  metadata_: z.record(z.string(), z.unknown()),
});

export const message = z.object({ message: z.string() });

export const categoryList = z.object({
  categories: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      description: z.string(),
      created_at: z.string(),
      updated_at: z.string(),
    }),
  ),
  total: z.int(),
});

export const accessLogPage = z.object({
  total: z.int(),
  page: z.int(),
  page_size: z.int(),
  logs: z.array(
    z.object({
      id: z.string(),
      memory_id: z.string(),
      app_id: z.string(),
      app_name: z.string(),
      access_type: z.string(),
      accessed_at: z.string().describe('ISO 8601, UTC, without a zone'),
      metadata_: z.record(z.string(), z.unknown()),
    }),
  ),
});

const toItem = (memory: Memory): z.output<typeof memoryItem> => ({
  id: memory.id,
  content: memory.content,
  created_at: toEpochSeconds(memory.createdAt),
  state: memory.state,
  app_id: memory.appId,
  app_name: memory.appName,
  categories: memory.categories,
  metadata_: memory.metadata,
});

export const toPage = (
  { items, total }: Paged<Memory>,
  { page, size }: PageRequest,
): z.output<typeof memoryPage> => ({
  items: items.map(toItem),
  total,
  page,
  size,
  pages: Math.ceil(total / size),
});

export const toRow = (memory: Memory): z.output<typeof memoryRow> => ({
  id: memory.id,
  user_id: memory.userId,
  app_id: memory.appId,
  content: memory.content,
  vector: null,
  metadata_: memory.metadata,
  state: memory.state,
  created_at: toZonelessIso(memory.createdAt),
  updated_at: toZonelessIso(memory.updatedAt),
  archived_at: memory.archivedAt === null ? null : toZonelessIso(memory.archivedAt),
  deleted_at: memory.deletedAt === null ? null : toZonelessIso(memory.deletedAt),
});

export const toSingle = (memory: Memory): z.output<typeof singleMemory> => {
  const { content, ...rest } = toItem(memory);
  return { ...rest, text: content };
};

export const toCategoryList = (categories: readonly Category[]): z.output<typeof categoryList> => ({
  categories: categories.map(({ id, name, description, createdAt, updatedAt }) => ({
    id,
    name,
    description,
    created_at: toIso(createdAt),
    updated_at: toIso(updatedAt),
  })),
  total: categories.length,
});

export const toAccessLog = (
  { items, total }: Paged<AccessLogEntry>,
  { page, size }: PageRequest,
): z.output<typeof accessLogPage> => ({
  total,
  page,
  page_size: size,
  logs: items.map((entry) => ({
    id: entry.id,
    memory_id: entry.memoryId,
    app_id: entry.appId,
    app_name: entry.appName,
    access_type: entry.accessType,
    accessed_at: toZonelessIso(entry.accessedAt),
    metadata_: entry.metadata,
  })),
});
