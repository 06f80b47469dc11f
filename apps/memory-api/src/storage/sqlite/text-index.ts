import type { Candidate } from '../../domain/memory-store.ts';
import type { Condition } from './filter.ts';
import { PLACE } from './rows.ts';
import type { Sql } from './statements.ts';

const scopeOf = (userSeq: number): string => `u${userSeq}`;

/** Inside the transaction that writes the row. */
export const indexText = (sql: Sql, seq: number, userSeq: number, content: string): void => {
  sql.run(
    'INSERT INTO memories_fts (rowid, content, scope) VALUES (?, ?, ?)',
    seq,
    content,
    scopeOf(userSeq),
  );
};

export const unindexText = (sql: Sql, seq: number): void => {
  sql.run('DELETE FROM memories_fts WHERE rowid = ?', seq);
};

/**
 * Best first by BM25. `terms` are plain words; any of them may match.
 * Every term is quoted, so nothing a user types is query syntax.
 */
export const searchText = (
  sql: Sql,
  userSeq: number,
  terms: readonly string[],
  where: Condition,
  limit: number,
): Candidate[] => {
  if (terms.length === 0) return [];
  const any = terms.map((term) => `"${term.replaceAll('"', '""')}"`).join(' OR ');
  const match = `scope : "${scopeOf(userSeq)}" AND content : (${any})`;
  // The weight 0 keeps the scope token out of the score.
  return sql
    .all<Omit<Candidate, 'score'> & { rank: number }>(
      `SELECT m.id, ${PLACE}, bm25(memories_fts, 1.0, 0.0) AS rank
       FROM memories_fts f CROSS JOIN memories m ON m.seq = f.rowid JOIN users u ON u.seq = m.user JOIN apps a ON a.seq = m.app
       WHERE memories_fts MATCH ? AND ${where.sql} ORDER BY rank, m.seq LIMIT ?`,
      match,
      ...where.values,
      limit,
    )
    .map(({ rank, ...candidate }) => ({ ...candidate, score: -rank }));
};
