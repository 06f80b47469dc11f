import { randomUUID } from 'node:crypto';
import type { MemoryStore, SearchCandidates, SearchRequest, StoreCheck } from '../../domain/memory-store.ts';
import { accessLog, logAccess } from './access-log.ts';
import { countPendingEmbeddings, pendingEmbeddings, putVectors } from './embeddings.ts';
import { conditionOf } from './filter.ts';
import * as memories from './memories.ts';
import { openFolder } from './open.ts';
import { createSql, type Sql } from './statements.ts';
import { searchText } from './text-index.ts';
import * as apps from './users-apps.ts';
import { createVectorIndex, type VectorIndex } from './vector-index.ts';

const search = (sql: Sql, vectors: VectorIndex, request: SearchRequest): SearchCandidates => {
  const user = sql.one<{ seq: number }>('SELECT seq FROM users WHERE id = ?', request.filter.userId);
  if (user === undefined) return { text: [], vector: [], withoutVector: 0 };
  const where = conditionOf(request.filter);
  const text = searchText(sql, user.seq, request.terms, where, request.candidates);
  if (request.vector === undefined) return { text, vector: [], withoutVector: 0 };
  const { found, without } = vectors.search(sql, user.seq, request.vector, where, request.candidates);
  return { text, vector: found, withoutVector: without };
};

const check = (sql: Sql): StoreCheck =>
  sql.one<StoreCheck>(
    `SELECT (SELECT count(*) FROM memories WHERE state <> 'deleted') AS memories,
       (SELECT count(*) FROM memories_fts) AS indexed, (SELECT count(*) FROM vectors) AS vectors`,
  )!;

/**
 * The embedded store: one SQLite file in `folder`, all calls synchronous behind the asynchronous port.
 * Meant to run in a worker thread, see `createWorkerStore`.
 * @throws StartupError when the folder can not be used.
 */
export const createSqliteStore = (options: {
  folder: string;
  /** Epoch milliseconds. Default `Date.now`. */
  now?: () => number;
  /** Default random UUIDs. */
  id?: () => string;
}): MemoryStore => {
  const opened = openFolder(options.folder);
  const sql = createSql(opened.db, options.now ?? Date.now, options.id ?? randomUUID);
  sql.db.function('fold', { deterministic: true }, (text) => String(text).toLowerCase());
  const vectors = createVectorIndex();
  let open = true;

  /** A write that failed was rolled back; what the vector index noted of it must go as well. */
  const guarded = async <T>(work: () => T): Promise<T> => {
    try {
      return work();
    } catch (error) {
      vectors.forget();
      throw error;
    }
  };

  return {
    findUser: async (userId) => apps.findUser(sql, userId),
    findUserByEitherId: async (id) => apps.findUserByEitherId(sql, id),
    ensureUser: async (userId) => apps.ensureUser(sql, userId),
    ensureApp: async (userId, name) => apps.ensureApp(sql, userId, name),

    findByKey: async (userId, idempotency) => memories.findByKey(sql, userId, idempotency),
    addMemory: (memory) => guarded(() => memories.addMemory(sql, vectors, memory)),
    updateMemory: (userId, id, change) =>
      guarded(() => memories.updateMemory(sql, vectors, userId, id, change)),
    setState: (userId, selection, state) =>
      guarded(() => memories.setState(sql, vectors, userId, selection, state)),

    getMemory: async (id) => memories.getMemory(sql, id),
    getMemories: async (ids) => memories.getMemories(sql, ids),
    listMemories: async (filter, sort, page) => memories.listMemories(sql, filter, sort, page),
    relatedMemories: async (userId, id, page) => memories.relatedMemories(sql, userId, id, page),
    search: async (request) => search(sql, vectors, request),

    categoriesOf: async (userId) => memories.categoriesOf(sql, userId),
    logAccess: async (entries) => logAccess(sql, entries),
    accessLog: async (memoryId, page) => accessLog(sql, memoryId, page),

    findApp: async (id) => apps.findApp(sql, id),
    appsOf: async (userId) => apps.appsOf(sql, userId),
    listApps: async (filter) => apps.listApps(sql, filter),
    appDetails: async (id) => apps.appDetails(sql, id),
    appMemories: async (id, page) => apps.appMemories(sql, id, page),
    appAccessed: async (id, page) => apps.appAccessed(sql, id, page),
    setAppActive: async (id, isActive) => apps.setAppActive(sql, id, isActive),
    countMemories: async (userId) => memories.countMemories(sql, userId),

    pendingEmbeddings: async (embedder, limit) => pendingEmbeddings(sql, embedder, limit),
    countPendingEmbeddings: async (embedder) => countPendingEmbeddings(sql, embedder),
    putVectors: (embedder, list) => guarded(() => putVectors(sql, vectors, embedder, list)),

    check: async () => check(sql),
    close: async () => {
      if (!open) return;
      open = false;
      opened.close();
    },
  };
};
