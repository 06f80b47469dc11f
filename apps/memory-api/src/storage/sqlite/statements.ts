import type { Database, Statement } from 'better-sqlite3';

export type SqlValue = string | number | null | Buffer;

/** A database whose statements are prepared once each. */
export interface Sql {
  db: Database;
  now: () => number;
  id: () => string;
  one<Row>(sql: string, ...values: SqlValue[]): Row | undefined;
  all<Row>(sql: string, ...values: SqlValue[]): Row[];
  run(sql: string, ...values: SqlValue[]): { changes: number; seq: number };
  /** Takes the write lock at once, so that a reader never has to be upgraded in mid-transaction. */
  write<T>(work: () => T): T;
}

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
    run: (sql, ...values) => {
      const { changes, lastInsertRowid } = statement(sql).run(...values);
      return { changes, seq: Number(lastInsertRowid) };
    },
    write: (work) => db.transaction(work).immediate(),
  };
};
