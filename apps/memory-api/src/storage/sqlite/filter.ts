import type { MemoryFilter } from '../../domain/memory-store.ts';
import type { SqlValue } from './statements.ts';

export interface Condition {
  sql: string;
  values: SqlValue[];
}

/** A list is one value: with a place for each, every length would be a statement of its own. */
const AMONG = '(SELECT value FROM json_each(?))';

/** The WHERE of a memory query over m, u and a; see `MEMORY_FROM`. An empty list means no filter. */
export const conditionOf = (filter: MemoryFilter): Condition => {
  const parts: string[] = ['u.id = ?', `m.state IN ${AMONG}`];
  const values: SqlValue[] = [filter.userId, JSON.stringify(filter.states)];
  const isIn = (column: string, list: readonly string[] | undefined): void => {
    if (list === undefined || list.length === 0) return;
    parts.push(`${column} IN ${AMONG}`);
    values.push(JSON.stringify(list));
  };
  const hasCategory = (column: string, list: readonly string[] | undefined): void => {
    if (list === undefined || list.length === 0) return;
    parts.push(`m.seq IN (SELECT mc.memory FROM memory_categories mc JOIN categories c ON c.seq = mc.category
      WHERE c.${column} IN ${AMONG})`);
    values.push(JSON.stringify(list));
  };
  if (filter.ids !== undefined) {
    parts.push(`m.id IN ${AMONG}`);
    values.push(JSON.stringify(filter.ids));
  }
  isIn('a.id', filter.appIds);
  hasCategory('id', filter.categoryIds);
  hasCategory('name', filter.categoryNames);
  if (filter.contains !== undefined && filter.contains !== '') {
    parts.push('instr(fold(m.content), ?) > 0');
    values.push(filter.contains.toLowerCase());
  }
  if (filter.from !== undefined) {
    parts.push('m.created_at >= ?');
    values.push(filter.from);
  }
  if (filter.to !== undefined) {
    parts.push('m.created_at <= ?');
    values.push(filter.to);
  }
  if (filter.activeAppsOnly === true) parts.push('a.is_active = 1');
  return { sql: parts.join(' AND '), values };
};
