import { bumpRevision, type Sql } from './statements.ts';
import type { VectorIndex } from './vector-index.ts';

const PENDING = `FROM memories m LEFT JOIN vectors v ON v.memory = m.seq AND v.embedder = ?
  WHERE v.memory IS NULL AND m.state <> 'deleted'`;

export const pendingEmbeddings = (
  sql: Sql,
  embedder: string,
  limit: number,
): { id: string; content: string; updatedAt: number }[] =>
  sql.all(
    `SELECT m.id, m.content, m.updated_at AS updatedAt ${PENDING} ORDER BY m.seq LIMIT ?`,
    embedder,
    limit,
  );

export const countPendingEmbeddings = (sql: Sql, embedder: string): number =>
  sql.one<{ total: number }>(`SELECT count(*) AS total ${PENDING}`, embedder)!.total;

export const putVectors = (
  sql: Sql,
  index: VectorIndex,
  embedder: string,
  vectors: readonly { id: string; updatedAt: number; values: Float32Array }[],
): number =>
  sql.write(() => {
    let stored = 0;
    const users = new Set<number>();
    for (const { id, updatedAt, values } of vectors) {
      const row = sql.one<{ seq: number; user: number }>(
        `SELECT seq, user FROM memories WHERE id = ? AND updated_at = ? AND state <> 'deleted'`,
        id,
        updatedAt,
      );
      if (row === undefined) continue;
      index.put(sql, row.seq, row.user, { embedder, values });
      users.add(row.user);
      stored++;
    }
    // A search may answer more than before.
    for (const user of users) bumpRevision(sql, user);
    return stored;
  });
