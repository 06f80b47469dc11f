import type { App, Memory, MemoryState, Metadata, User } from '../../domain/model.ts';

export interface UserRow {
  seq: number;
  id: string;
  user_id: string;
  revision: number;
}

export interface AppRow {
  seq: number;
  id: string;
  owner_id: string;
  name: string;
  description: string | null;
  metadata: string;
  is_active: number;
  created_at: number;
  updated_at: number;
}

export interface MemoryRow {
  seq: number;
  id: string;
  user: number;
  user_id: string;
  app_id: string;
  app_name: string;
  content: string;
  metadata: string;
  state: MemoryState;
  categories: string;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
  deleted_at: number | null;
}

/** Joins that every memory query shares: m (memory), u (owner), a (app). */
export const MEMORY_FROM = 'FROM memories m JOIN users u ON u.seq = m.user JOIN apps a ON a.seq = m.app';

export const MEMORY_COLUMNS = `m.seq, m.id, m.user, u.id AS user_id, a.id AS app_id, a.name AS app_name, m.content, m.metadata,
  m.state, m.created_at, m.updated_at, m.archived_at, m.deleted_at,
  (SELECT json_group_array(name) FROM (
    SELECT c.name FROM memory_categories mc JOIN categories c ON c.seq = mc.category WHERE mc.memory = m.seq ORDER BY c.name
  )) AS categories`;

/** Of m and a: where a candidate stands in its app's sequence. */
export const PLACE = 'a.id AS appId, m.position, m.created_at AS createdAt';

export const APP_SELECT = `SELECT a.seq, a.id, u.id AS owner_id, a.name, a.description, a.metadata, a.is_active, a.created_at, a.updated_at
  FROM apps a JOIN users u ON u.seq = a.owner`;

export const toUser = (row: UserRow): User => ({ id: row.id, userId: row.user_id, revision: row.revision });

export const toApp = (row: AppRow): App => ({
  id: row.id,
  ownerId: row.owner_id,
  name: row.name,
  description: row.description,
  metadata: JSON.parse(row.metadata) as Metadata,
  isActive: row.is_active === 1,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const toMemory = (row: MemoryRow): Memory => ({
  id: row.id,
  userId: row.user_id,
  appId: row.app_id,
  appName: row.app_name,
  content: row.content,
  metadata: JSON.parse(row.metadata) as Metadata,
  state: row.state,
  categories: JSON.parse(row.categories) as string[],
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  archivedAt: row.archived_at,
  deletedAt: row.deleted_at,
});
