import { z } from 'zod';
import type { App, AppDetails, AppSummary, Memory, Paged, PageRequest } from '../domain/model.ts';
import { idField, stateField, toIso, toZonelessIso, userIdField } from './fields.ts';
import { legacyPageQuery } from './memories.ts';

export const appParams = z.object({ app_id: idField });

export const listAppsQuery = z.object({
  name: z.string().max(256).optional(),
  is_active: z.stringbool().optional(),
  user_id: userIdField.optional().describe('Only this user’s apps; without it those of all users'),
  sort_by: z.enum(['name', 'memories', 'memories_accessed']).default('name'),
  sort_direction: z.enum(['asc', 'desc']).default('asc'),
  ...legacyPageQuery,
});

export const appPageQuery = z.object(legacyPageQuery);
export const setActiveQuery = z.object({ is_active: z.stringbool() });
export const createUserBody = z.object({ user_id: userIdField });

const legacyPage = { total: z.int(), page: z.int(), page_size: z.int() };

export const appList = z.object({
  ...legacyPage,
  apps: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      is_active: z.boolean(),
      total_memories_created: z.int(),
      total_memories_accessed: z.int(),
    }),
  ),
});

export const appDetails = z.object({
  is_active: z.boolean(),
  total_memories_created: z.int(),
  total_memories_accessed: z.int(),
  first_accessed: z.string().nullable(),
  last_accessed: z.string().nullable(),
});

const appMemory = z.object({
  id: z.string(),
  content: z.string(),
  created_at: z.string().describe('ISO 8601, UTC, without a zone'),
  state: stateField,
  app_id: z.string(),
  categories: z.array(z.string()),
  metadata_: z.record(z.string(), z.unknown()),
});

export const appMemoryPage = z.object({ ...legacyPage, memories: z.array(appMemory) });

export const appAccessedPage = z.object({
  ...legacyPage,
  memories: z.array(
    z.object({ memory: z.object({ ...appMemory.shape, app_name: z.string() }), access_count: z.int() }),
  ),
});

export const appChanged = z.object({ status: z.literal('success'), message: z.string() });

export const userAnswer = z.object({ id: z.string(), user_id: z.string() });

export const statsAnswer = z.object({
  total_memories: z.int(),
  total_apps: z.int(),
  apps: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      owner_id: z.string(),
      description: z.string().nullable(),
      metadata_: z.record(z.string(), z.unknown()),
      is_active: z.boolean(),
      created_at: z.string(),
      updated_at: z.string(),
    }),
  ),
});

export const toAppList = (
  { items, total }: Paged<AppSummary>,
  { page, size }: PageRequest,
): z.output<typeof appList> => ({
  total,
  page,
  page_size: size,
  apps: items.map((app) => ({
    id: app.id,
    name: app.name,
    is_active: app.isActive,
    total_memories_created: app.memoriesCreated,
    total_memories_accessed: app.memoriesAccessed,
  })),
});

/** The UI parses these two times as they come, so here the zone is needed. */
export const toAppDetails = (details: AppDetails): z.output<typeof appDetails> => ({
  is_active: details.isActive,
  total_memories_created: details.memoriesCreated,
  total_memories_accessed: details.memoriesAccessed,
  first_accessed: details.firstAccessed === null ? null : toIso(details.firstAccessed),
  last_accessed: details.lastAccessed === null ? null : toIso(details.lastAccessed),
});

const toAppMemory = (memory: Memory): z.output<typeof appMemory> => ({
  id: memory.id,
  content: memory.content,
  created_at: toZonelessIso(memory.createdAt),
  state: memory.state,
  app_id: memory.appId,
  categories: memory.categories,
  metadata_: memory.metadata,
});

export const toAppMemoryPage = (
  { items, total }: Paged<Memory>,
  { page, size }: PageRequest,
): z.output<typeof appMemoryPage> => ({ total, page, page_size: size, memories: items.map(toAppMemory) });

export const toAppAccessedPage = (
  { items, total }: Paged<{ memory: Memory; count: number }>,
  { page, size }: PageRequest,
): z.output<typeof appAccessedPage> => ({
  total,
  page,
  page_size: size,
  memories: items.map(({ memory, count }) => ({
    memory: { ...toAppMemory(memory), app_name: memory.appName },
    access_count: count,
  })),
});

export const toStats = ({
  memories,
  apps,
}: {
  memories: number;
  apps: App[];
}): z.output<typeof statsAnswer> => ({
  total_memories: memories,
  total_apps: apps.length,
  apps: apps.map((app) => ({
    id: app.id,
    name: app.name,
    owner_id: app.ownerId,
    description: app.description,
    metadata_: app.metadata,
    is_active: app.isActive,
    created_at: toZonelessIso(app.createdAt),
    updated_at: toZonelessIso(app.updatedAt),
  })),
});
