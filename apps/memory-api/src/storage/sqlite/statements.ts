import type { Database, Statement } from 'better-sqlite3';

export type SqlValue = string | number | null | Buffer;

/** A database whose statements are prepared once each. */
export interface Sql {
  db: Database;
  now: () => number;
  id: () => string;
  one<Row>(sql: string, ...values: SqlValue[]): Row | undefined;
  all<Row>(sql: string, ...values: SqlValue[]): Row[];
  /** The first column, which holds numbers. */
  numbers(sql: string, ...values: SqlValue[]): number[];
  run(sql: string, ...values: SqlValue[]): { changes: number; seq: number };
  /** Takes the write lock at once, so that a reader never has to be upgraded in mid-transaction. */
  write<T>(work: () => T): T;
}

/** Inside a write: what this user's reads may answer has changed. */
export const bumpRevision = (sql: Sql, userSeq: number): void => {
  sql.run('UPDATE users SET revision = revision + 1 WHERE seq = ?', userSeq);
};

/** Filter combinations make many statements; the oldest is dropped. */
const MAX_STATEMENTS = 256;

export const createSql = (db: Database, now: () => number, id: () => string): Sql => {
  const prepared = new Map<string, Statement<SqlValue[]>>();
  const statement = (sql: string): Statement<SqlValue[]> => {
    let found = prepared.get(sql);
    if (found === undefined) {
      found = db.prepare<SqlValue[]>(sql);
      if (prepared.size >= MAX_STATEMENTS) prepared.delete(prepared.keys().next().value!);
      prepared.set(sql, found);
    }
    return found;
  };
  return {
    db,
    now,
    id,
    one: <Row>(sql: string, ...values: SqlValue[]) => statement(sql).get(...values) as Row | undefined,
    all: <Row>(sql: string, ...values: SqlValue[]) => statement(sql).all(...values) as Row[],
    // A statement of its own: `pluck` changes it for good.
    numbers: (sql, ...values) =>
      statement(`${sql} --numbers`)
        .pluck()
        .all(...values) as number[],
    run: (sql, ...values) => {
      const { changes, lastInsertRowid } = statement(sql).run(...values);
      return { changes, seq: Number(lastInsertRowid) };
    },
    write: (work) => db.transaction(work).immediate(),
  };
};
