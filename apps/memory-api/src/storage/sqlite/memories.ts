import type {
  AddOutcome,
  MemoryFilter,
  MemorySort,
  NewMemory,
  StateOutcome,
  StateSelection,
  StoredVector,
} from '../../domain/memory-store.ts';
import type { Category, Memory, MemoryState, Paged, PageRequest } from '../../domain/model.ts';
import { conditionOf } from './filter.ts';
import { MEMORY_COLUMNS, MEMORY_FROM, type MemoryRow, toApp, toMemory } from './rows.ts';
import { bumpRevision, type Sql, type SqlValue } from './statements.ts';
import { indexText, unindexText } from './text-index.ts';
import { appRowFor } from './users-apps.ts';
import type { VectorIndex } from './vector-index.ts';

const rowOf = (sql: Sql, id: string): MemoryRow | undefined =>
  sql.one<MemoryRow>(`SELECT ${MEMORY_COLUMNS} ${MEMORY_FROM} WHERE m.id = ?`, id);

const setCategories = (sql: Sql, memorySeq: number, names: readonly string[]): void => {
  sql.run('DELETE FROM memory_categories WHERE memory = ?', memorySeq);
  const now = sql.now();
  for (const name of new Set(names)) {
    sql.run(
      'INSERT INTO categories (id, name, description, created_at, updated_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
      sql.id(),
      name,
      `Memories about ${name}`,
      now,
      now,
    );
    sql.run(
      'INSERT INTO memory_categories (memory, category) SELECT ?, seq FROM categories WHERE name = ?',
      memorySeq,
      name,
    );
  }
};

const recordState = (
  sql: Sql,
  memorySeq: number,
  userSeq: number,
  from: MemoryState,
  to: MemoryState,
): void => {
  sql.run(
    'INSERT INTO status_history (memory, changed_by, old_state, new_state, changed_at) VALUES (?, ?, ?, ?, ?)',
    memorySeq,
    userSeq,
    from,
    to,
    sql.now(),
  );
};

export const findByKey = (
  sql: Sql,
  userId: string,
  { key, fingerprint }: { key: string; fingerprint: string },
): Extract<AddOutcome, { kind: 'replayed' | 'key-reused' }> | undefined => {
  const earlier = sql.one<{ fingerprint: string; id: string }>(
    `SELECT i.fingerprint, m.id FROM idempotency i JOIN memories m ON m.seq = i.memory
     JOIN users u ON u.seq = i.user WHERE u.id = ? AND i.key = ?`,
    userId,
    key,
  );
  if (earlier === undefined) return undefined;
  return earlier.fingerprint === fingerprint
    ? { kind: 'replayed', memory: toMemory(rowOf(sql, earlier.id)!) }
    : { kind: 'key-reused' };
};

export const addMemory = (sql: Sql, vectors: VectorIndex, memory: NewMemory): AddOutcome =>
  sql.write(() => {
    const user = sql.one<{ seq: number }>('SELECT seq FROM users WHERE id = ?', memory.userId);
    if (user === undefined) throw new Error(`no user with id ${memory.userId}`);
    const known = memory.idempotency && findByKey(sql, memory.userId, memory.idempotency);
    if (known !== undefined) return known;
    const app = appRowFor(sql, memory.userId, memory.appName);
    if (app.is_active === 0) return { kind: 'app-paused', app: toApp(app) };

    const id = sql.id();
    const now = sql.now();
    const { seq } = sql.run(
      `INSERT INTO memories (id, user, app, position, content, metadata, created_at, updated_at)
       VALUES (?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM memories WHERE app = ?), ?, ?, ?, ?)`,
      id,
      user.seq,
      app.seq,
      app.seq,
      memory.content,
      JSON.stringify(memory.metadata),
      now,
      now,
    );
    indexText(sql, seq, user.seq, memory.content);
    if (memory.vector !== undefined) vectors.put(sql, seq, user.seq, memory.vector);
    setCategories(sql, seq, memory.categories);
    recordState(sql, seq, user.seq, 'deleted', 'active');
    if (memory.idempotency !== undefined)
      sql.run(
        'INSERT INTO idempotency (user, key, fingerprint, memory, created_at) VALUES (?, ?, ?, ?, ?)',
        user.seq,
        memory.idempotency.key,
        memory.idempotency.fingerprint,
        seq,
        now,
      );
    bumpRevision(sql, user.seq);
    return { kind: 'added', memory: toMemory(rowOf(sql, id)!) };
  });

export const updateMemory = (
  sql: Sql,
  vectors: VectorIndex,
  userId: string,
  id: string,
  change: { content: string; categories: readonly string[]; vector?: StoredVector | undefined },
): Memory | undefined =>
  sql.write(() => {
    const row = rowOf(sql, id);
    if (row === undefined || row.user_id !== userId) return undefined;
    // A later time than before even within one millisecond: `putVectors` tells versions apart by it.
    const now = Math.max(sql.now(), row.updated_at + 1);
    sql.run('UPDATE memories SET content = ?, updated_at = ? WHERE seq = ?', change.content, now, row.seq);
    vectors.remove(sql, row.seq, row.user);
    if (row.state !== 'deleted') {
      unindexText(sql, row.seq);
      indexText(sql, row.seq, row.user, change.content);
      if (change.vector !== undefined) vectors.put(sql, row.seq, row.user, change.vector);
    }
    setCategories(sql, row.seq, change.categories);
    bumpRevision(sql, row.user);
    return toMemory(rowOf(sql, id)!);
  });

interface Selected {
  seq: number;
  id: string;
  content: string;
  state: MemoryState;
}

const select = (sql: Sql, userSeq: number, selection: StateSelection): Selected[] => {
  const columns = 'SELECT m.seq, m.id, m.content, m.state FROM memories m';
  // Deleted ones only come back when they are named.
  const living = `${columns} WHERE m.user = ? AND m.state <> 'deleted'`;
  switch (selection.kind) {
    case 'all':
      return sql.all<Selected>(living, userSeq);
    case 'app':
      return sql.all<Selected>(
        `${living} AND m.app = (SELECT seq FROM apps WHERE id = ?)`,
        userSeq,
        selection.appId,
      );
    case 'categories':
      return sql.all<Selected>(
        `${living} AND m.seq IN (SELECT mc.memory FROM memory_categories mc JOIN categories c ON c.seq = mc.category
           WHERE c.id IN (SELECT value FROM json_each(?)))`,
        userSeq,
        JSON.stringify(selection.ids),
      );
    case 'ids':
      return sql.all<Selected>(
        `${columns} WHERE m.user = ? AND m.id IN (SELECT value FROM json_each(?))`,
        userSeq,
        JSON.stringify(selection.ids),
      );
  }
};

export const setState = (
  sql: Sql,
  vectors: VectorIndex,
  userId: string,
  selection: StateSelection,
  state: MemoryState,
): StateOutcome =>
  sql.write(() => {
    const user = sql.one<{ seq: number }>('SELECT seq FROM users WHERE id = ?', userId);
    if (user === undefined) throw new Error(`no user with id ${userId}`);
    const rows = select(sql, user.seq, selection);
    if (selection.kind === 'ids' && selection.unknown === 'refuse') {
      const known = new Set(rows.map((row) => row.id));
      const unknown = selection.ids.filter((id) => !known.has(id));
      if (unknown.length > 0) return { kind: 'unknown', ids: unknown };
    }
    const changing = rows.filter((row) => row.state !== state);
    for (const row of changing) {
      const now = sql.now();
      sql.run(
        'UPDATE memories SET state = ?, updated_at = max(?, updated_at + 1) WHERE seq = ?',
        state,
        now,
        row.seq,
      );
      if (state === 'archived') sql.run('UPDATE memories SET archived_at = ? WHERE seq = ?', now, row.seq);
      if (state === 'deleted') {
        sql.run('UPDATE memories SET deleted_at = ? WHERE seq = ?', now, row.seq);
        unindexText(sql, row.seq);
        vectors.remove(sql, row.seq, user.seq);
      } else if (row.state === 'deleted') indexText(sql, row.seq, user.seq, row.content);
      recordState(sql, row.seq, user.seq, row.state, state);
    }
    if (changing.length > 0) bumpRevision(sql, user.seq);
    return { kind: 'changed', ids: changing.map((row) => row.id) };
  });

export const getMemory = (sql: Sql, id: string): Memory | undefined => {
  const row = rowOf(sql, id);
  return row && toMemory(row);
};

export const getMemories = (sql: Sql, ids: readonly string[]): Memory[] => {
  const rows = sql.all<MemoryRow>(
    `SELECT ${MEMORY_COLUMNS} ${MEMORY_FROM} WHERE m.id IN (SELECT value FROM json_each(?))`,
    JSON.stringify(ids),
  );
  const byId = new Map(rows.map((row) => [row.id, toMemory(row)]));
  return ids.flatMap((id) => byId.get(id) ?? []);
};

const SORT: Record<MemorySort, string> = {
  content: 'm.content COLLATE NOCASE',
  app_name: 'a.name COLLATE NOCASE',
  created_at: 'm.created_at',
  updated_at: 'm.updated_at',
  state: 'm.state',
};

export const listMemories = (
  sql: Sql,
  filter: MemoryFilter,
  sort: { by: MemorySort; descending: boolean },
  page: PageRequest,
): Paged<Memory> => {
  const where = conditionOf(filter);
  const direction = sort.descending ? 'DESC' : 'ASC';
  return {
    items: sql
      .all<MemoryRow>(
        `SELECT ${MEMORY_COLUMNS} ${MEMORY_FROM} WHERE ${where.sql}
         ORDER BY ${SORT[sort.by]} ${direction}, m.seq ${direction} LIMIT ? OFFSET ?`,
        ...where.values,
        page.size,
        (page.page - 1) * page.size,
      )
      .map(toMemory),
    total: sql.one<{ total: number }>(
      `SELECT count(*) AS total ${MEMORY_FROM} WHERE ${where.sql}`,
      ...where.values,
    )!.total,
  };
};

export const relatedMemories = (sql: Sql, userId: string, id: string, page: PageRequest): Paged<Memory> => {
  const shared = `JOIN (
      SELECT theirs.memory, count(*) AS shared FROM memory_categories theirs
      JOIN memory_categories ours ON ours.category = theirs.category
      JOIN memories self ON self.seq = ours.memory AND self.id = ? GROUP BY theirs.memory
    ) s ON s.memory = m.seq WHERE u.id = ? AND m.id <> ? AND m.state <> 'deleted'`;
  const values: SqlValue[] = [id, userId, id];
  return {
    items: sql
      .all<MemoryRow>(
        `SELECT ${MEMORY_COLUMNS} ${MEMORY_FROM} ${shared} ORDER BY s.shared DESC, m.created_at DESC, m.seq DESC LIMIT ? OFFSET ?`,
        ...values,
        page.size,
        (page.page - 1) * page.size,
      )
      .map(toMemory),
    total: sql.one<{ total: number }>(`SELECT count(*) AS total ${MEMORY_FROM} ${shared}`, ...values)!.total,
  };
};

export const categoriesOf = (sql: Sql, userId: string): Category[] =>
  sql
    .all<{ id: string; name: string; description: string; created_at: number; updated_at: number }>(
      `SELECT DISTINCT c.id, c.name, c.description, c.created_at, c.updated_at FROM categories c
       JOIN memory_categories mc ON mc.category = c.seq JOIN memories m ON m.seq = mc.memory JOIN users u ON u.seq = m.user
       WHERE u.id = ? AND m.state IN ('active', 'paused') ORDER BY c.name`,
      userId,
    )
    .map((row) => ({
      id: row.id,
      name: row.name,
      description: row.description,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    }));

export const countMemories = (sql: Sql, userId: string): number =>
  sql.one<{ total: number }>(
    `SELECT count(*) AS total FROM memories m JOIN users u ON u.seq = m.user WHERE u.id = ? AND m.state <> 'deleted'`,
    userId,
  )!.total;
