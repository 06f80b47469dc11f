import type { AppFilter } from '../../domain/memory-store.ts';
import type { App, AppDetails, AppSummary, Memory, Paged, PageRequest, User } from '../../domain/model.ts';
import {
  APP_SELECT,
  type AppRow,
  MEMORY_COLUMNS,
  MEMORY_FROM,
  type MemoryRow,
  toApp,
  toMemory,
  toUser,
  type UserRow,
} from './rows.ts';
import { bumpRevision, type Sql, type SqlValue } from './statements.ts';

const USER_SELECT = 'SELECT seq, id, user_id, revision FROM users';

export const findUser = (sql: Sql, userId: string): User | undefined => {
  const row = sql.one<UserRow>(`${USER_SELECT} WHERE user_id = ?`, userId);
  return row && toUser(row);
};

export const findUserByEitherId = (sql: Sql, id: string): User | undefined => {
  const row = sql.one<UserRow>(`${USER_SELECT} WHERE id = ? OR user_id = ? ORDER BY id = ? DESC`, id, id, id);
  return row && toUser(row);
};

export const ensureUser = (sql: Sql, userId: string): { user: User; created: boolean } => {
  const known = findUser(sql, userId);
  if (known !== undefined) return { user: known, created: false };
  return sql.write(() => {
    const { changes } = sql.run(
      'INSERT INTO users (id, user_id, created_at) VALUES (?, ?, ?) ON CONFLICT (user_id) DO NOTHING',
      sql.id(),
      userId,
      sql.now(),
    );
    return { user: findUser(sql, userId)!, created: changes === 1 };
  });
};

/** Inside a transaction: the app's row, made when it is new. */
export const appRowFor = (sql: Sql, userId: string, name: string): AppRow => {
  const select = `${APP_SELECT} WHERE u.id = ? AND a.name = ?`;
  const known = sql.one<AppRow>(select, userId, name);
  if (known !== undefined) return known;
  const now = sql.now();
  sql.run(
    'INSERT INTO apps (id, owner, name, created_at, updated_at) SELECT ?, seq, ?, ?, ? FROM users WHERE id = ?',
    sql.id(),
    name,
    now,
    now,
    userId,
  );
  return sql.one<AppRow>(select, userId, name)!;
};

export const ensureApp = (sql: Sql, userId: string, name: string): App =>
  toApp(
    sql.one<AppRow>(`${APP_SELECT} WHERE u.id = ? AND a.name = ?`, userId, name) ??
      sql.write(() => appRowFor(sql, userId, name)),
  );

export const findApp = (sql: Sql, id: string): App | undefined => {
  const row = sql.one<AppRow>(`${APP_SELECT} WHERE a.id = ?`, id);
  return row && toApp(row);
};

export const appsOf = (sql: Sql, userId: string): App[] =>
  sql.all<AppRow>(`${APP_SELECT} WHERE u.id = ? ORDER BY a.created_at, a.seq`, userId).map(toApp);

const CREATED = `(SELECT count(*) FROM memories m WHERE m.app = a.seq AND m.state <> 'deleted')`;
const ACCESSED = '(SELECT count(DISTINCT l.memory) FROM access_log l WHERE l.app = a.seq)';
const SORT = { name: 'a.name COLLATE NOCASE', memories: 'created', memories_accessed: 'accessed' } as const;

export const listApps = (sql: Sql, filter: AppFilter): Paged<AppSummary> => {
  const parts: string[] = ['1 = 1'];
  const values: SqlValue[] = [];
  if (filter.userId !== undefined) {
    parts.push('u.id = ?');
    values.push(filter.userId);
  }
  if (filter.name !== undefined && filter.name !== '') {
    parts.push('instr(fold(a.name), ?) > 0');
    values.push(filter.name.toLowerCase());
  }
  if (filter.isActive !== undefined) {
    parts.push('a.is_active = ?');
    values.push(filter.isActive ? 1 : 0);
  }
  const from = `FROM apps a JOIN users u ON u.seq = a.owner WHERE ${parts.join(' AND ')}`;
  const rows = sql.all<{ id: string; name: string; is_active: number; created: number; accessed: number }>(
    `SELECT a.id, a.name, a.is_active, ${CREATED} AS created, ${ACCESSED} AS accessed ${from}
     ORDER BY ${SORT[filter.sortBy]} ${filter.descending ? 'DESC' : 'ASC'}, a.seq LIMIT ? OFFSET ?`,
    ...values,
    filter.size,
    (filter.page - 1) * filter.size,
  );
  return {
    items: rows.map((row) => ({
      id: row.id,
      name: row.name,
      isActive: row.is_active === 1,
      memoriesCreated: row.created,
      memoriesAccessed: row.accessed,
    })),
    total: sql.one<{ total: number }>(`SELECT count(*) AS total ${from}`, ...values)!.total,
  };
};

export const appDetails = (sql: Sql, id: string): AppDetails | undefined => {
  const row = sql.one<{
    is_active: number;
    created: number;
    accessed: number;
    first: number | null;
    last: number | null;
  }>(
    `SELECT a.is_active, (SELECT count(*) FROM memories m WHERE m.app = a.seq) AS created,
       count(l.seq) AS accessed, min(l.accessed_at) AS first, max(l.accessed_at) AS last
     FROM apps a LEFT JOIN access_log l ON l.app = a.seq WHERE a.id = ? GROUP BY a.seq`,
    id,
  );
  return (
    row && {
      isActive: row.is_active === 1,
      memoriesCreated: row.created,
      memoriesAccessed: row.accessed,
      firstAccessed: row.first,
      lastAccessed: row.last,
    }
  );
};

export const appMemories = (sql: Sql, id: string, page: PageRequest): Paged<Memory> => ({
  items: sql
    .all<MemoryRow>(
      `SELECT ${MEMORY_COLUMNS} ${MEMORY_FROM} WHERE a.id = ? AND m.state IN ('active', 'paused', 'archived')
       ORDER BY m.created_at DESC, m.seq DESC LIMIT ? OFFSET ?`,
      id,
      page.size,
      (page.page - 1) * page.size,
    )
    .map(toMemory),
  total: sql.one<{ total: number }>(
    `SELECT count(*) AS total ${MEMORY_FROM} WHERE a.id = ? AND m.state IN ('active', 'paused', 'archived')`,
    id,
  )!.total,
});

export const appAccessed = (
  sql: Sql,
  id: string,
  page: PageRequest,
): Paged<{ memory: Memory; count: number }> => {
  const rows = sql.all<MemoryRow & { count: number }>(
    `SELECT ${MEMORY_COLUMNS}, hits.count ${MEMORY_FROM}
     JOIN (SELECT l.memory, count(*) AS count FROM access_log l JOIN apps by_app ON by_app.seq = l.app
           WHERE by_app.id = ? GROUP BY l.memory) hits ON hits.memory = m.seq
     ORDER BY hits.count DESC, m.seq DESC LIMIT ? OFFSET ?`,
    id,
    page.size,
    (page.page - 1) * page.size,
  );
  return {
    items: rows.map((row) => ({ memory: toMemory(row), count: row.count })),
    total: sql.one<{ total: number }>(
      'SELECT count(DISTINCT l.memory) AS total FROM access_log l JOIN apps a ON a.seq = l.app WHERE a.id = ?',
      id,
    )!.total,
  };
};

export const setAppActive = (sql: Sql, id: string, isActive: boolean): App | undefined =>
  sql.write(() => {
    sql.run('UPDATE apps SET is_active = ?, updated_at = ? WHERE id = ?', isActive ? 1 : 0, sql.now(), id);
    const app = sql.one<{ owner: number }>('SELECT owner FROM apps WHERE id = ?', id);
    if (app !== undefined) bumpRevision(sql, app.owner);
    return findApp(sql, id);
  });
