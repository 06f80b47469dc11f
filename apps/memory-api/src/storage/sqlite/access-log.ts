import type { AccessEntry } from '../../domain/memory-store.ts';
import type { AccessLogEntry, Metadata, Paged, PageRequest } from '../../domain/model.ts';
import type { Sql } from './statements.ts';

export const logAccess = (sql: Sql, entries: readonly AccessEntry[]): void => {
  if (entries.length === 0) return;
  sql.write(() => {
    const now = sql.now();
    for (const entry of entries)
      sql.run(
        `INSERT INTO access_log (id, memory, app, access_type, accessed_at, metadata)
         SELECT ?, m.seq, a.seq, ?, ?, ? FROM memories m, apps a WHERE m.id = ? AND a.id = ?`,
        sql.id(),
        entry.accessType,
        now,
        JSON.stringify(entry.metadata),
        entry.memoryId,
        entry.appId,
      );
  });
};

interface Row {
  id: string;
  memory_id: string;
  app_id: string;
  app_name: string;
  access_type: string;
  accessed_at: number;
  metadata: string;
}

export const accessLog = (sql: Sql, memoryId: string, page: PageRequest): Paged<AccessLogEntry> => ({
  items: sql
    .all<Row>(
      `SELECT l.id, m.id AS memory_id, a.id AS app_id, a.name AS app_name, l.access_type, l.accessed_at, l.metadata
       FROM access_log l JOIN memories m ON m.seq = l.memory JOIN apps a ON a.seq = l.app
       WHERE m.id = ? ORDER BY l.accessed_at DESC, l.seq DESC LIMIT ? OFFSET ?`,
      memoryId,
      page.size,
      (page.page - 1) * page.size,
    )
    .map((row) => ({
      id: row.id,
      memoryId: row.memory_id,
      appId: row.app_id,
      appName: row.app_name,
      accessType: row.access_type,
      accessedAt: row.accessed_at,
      metadata: JSON.parse(row.metadata) as Metadata,
    })),
  total: sql.one<{ total: number }>(
    'SELECT count(*) AS total FROM access_log l JOIN memories m ON m.seq = l.memory WHERE m.id = ?',
    memoryId,
  )!.total,
});
