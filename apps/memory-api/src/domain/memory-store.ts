import type {
  AccessLogEntry,
  App,
  AppDetails,
  AppSummary,
  Category,
  Memory,
  MemoryState,
  Metadata,
  Paged,
  PageRequest,
  User,
} from './model.ts';

export interface NewMemory {
  /** Our id of the user. */
  userId: string;
  /** The app is made on first use. */
  appName: string;
  content: string;
  metadata: Metadata;
  categories: readonly string[];
  /** Left out when the embedder could not answer; the memory then waits in `pendingEmbeddings`. */
  vector?: StoredVector | undefined;
  /** The same key with the same fingerprint answers the first memory again; with another one it is refused. */
  idempotency?: { key: string; fingerprint: string } | undefined;
}

export interface StoredVector {
  embedder: string;
  values: Float32Array;
}

export type AddOutcome =
  | { kind: 'added'; memory: Memory }
  | { kind: 'replayed'; memory: Memory }
  | { kind: 'app-paused'; app: App }
  | { kind: 'key-reused' };

export interface MemoryFilter {
  userId: string;
  states: readonly MemoryState[];
  ids?: readonly string[] | undefined;
  appIds?: readonly string[] | undefined;
  categoryIds?: readonly string[] | undefined;
  categoryNames?: readonly string[] | undefined;
  /** Substring of the content, case folded. */
  contains?: string | undefined;
  /** Epoch milliseconds, both ends included. */
  from?: number | undefined;
  to?: number | undefined;
  /** Leaves out memories of paused apps: what an agent may read. */
  activeAppsOnly?: boolean | undefined;
}

export type MemorySort = 'content' | 'app_name' | 'created_at' | 'updated_at' | 'state';

/** Which memories a state change is for; always within one user. */
export type StateSelection =
  | { kind: 'all' }
  | { kind: 'app'; appId: string }
  | { kind: 'ids'; ids: readonly string[]; unknown: 'refuse' | 'ignore' }
  | { kind: 'categories'; ids: readonly string[] };

export type StateOutcome = { kind: 'changed'; ids: string[] } | { kind: 'unknown'; ids: string[] };

export interface SearchRequest {
  filter: MemoryFilter;
  /** Words to look for; any of them may match. */
  terms: readonly string[];
  vector?: StoredVector | undefined;
  /** How many candidates each of the two searches may give. */
  candidates: number;
}

/** Best first. A text score is positive, larger is better; a vector score is a cosine. */
export interface SearchCandidates {
  text: Candidate[];
  vector: Candidate[];
  /** Memories in reach of the filter that have no vector of this embedder yet. */
  withoutVector: number;
}

export interface Candidate {
  id: string;
  score: number;
  appId: string;
  /** Counts what this app wrote for this user, in order: neighbours differ by one. */
  position: number;
  /** Epoch milliseconds. */
  createdAt: number;
}

export interface AccessEntry {
  memoryId: string;
  appId: string;
  accessType: string;
  metadata: Metadata;
}

export type AppSort = 'name' | 'memories' | 'memories_accessed';

export interface AppFilter extends PageRequest {
  userId?: string | undefined;
  name?: string | undefined;
  isActive?: boolean | undefined;
  sortBy: AppSort;
  descending: boolean;
}

/**
 * Where memories live. Every write is one transaction over row, text index, vector and history:
 * after a crash all of it is there or none. A promise that resolved means durable.
 * Errors carry the engine's `code` (for example `SQLITE_FULL`).
 */
export interface MemoryStore {
  findUser(userId: string): Promise<User | undefined>;
  findUserByEitherId(id: string): Promise<User | undefined>;
  ensureUser(userId: string): Promise<{ user: User; created: boolean }>;
  ensureApp(userId: string, name: string): Promise<App>;

  /** What `addMemory` would answer for this key, if it is known; saves making a vector for nothing. */
  findByKey(
    userId: string,
    idempotency: { key: string; fingerprint: string },
  ): Promise<Extract<AddOutcome, { kind: 'replayed' | 'key-reused' }> | undefined>;
  addMemory(memory: NewMemory): Promise<AddOutcome>;
  /** Undefined when there is no such memory of this user. */
  updateMemory(
    userId: string,
    id: string,
    change: { content: string; categories: readonly string[]; vector?: StoredVector | undefined },
  ): Promise<Memory | undefined>;
  setState(userId: string, selection: StateSelection, state: MemoryState): Promise<StateOutcome>;

  getMemory(id: string): Promise<Memory | undefined>;
  /** In the order of `ids`; unknown ones are left out. */
  getMemories(ids: readonly string[]): Promise<Memory[]>;
  listMemories(
    filter: MemoryFilter,
    sort: { by: MemorySort; descending: boolean },
    page: PageRequest,
  ): Promise<Paged<Memory>>;
  relatedMemories(userId: string, id: string, page: PageRequest): Promise<Paged<Memory>>;
  search(request: SearchRequest): Promise<SearchCandidates>;

  categoriesOf(userId: string): Promise<Category[]>;
  logAccess(entries: readonly AccessEntry[]): Promise<void>;
  accessLog(memoryId: string, page: PageRequest): Promise<Paged<AccessLogEntry>>;

  findApp(id: string): Promise<App | undefined>;
  appsOf(userId: string): Promise<App[]>;
  listApps(filter: AppFilter): Promise<Paged<AppSummary>>;
  appDetails(id: string): Promise<AppDetails | undefined>;
  appMemories(id: string, page: PageRequest): Promise<Paged<Memory>>;
  appAccessed(id: string, page: PageRequest): Promise<Paged<{ memory: Memory; count: number }>>;
  setAppActive(id: string, isActive: boolean): Promise<App | undefined>;
  countMemories(userId: string): Promise<number>;

  /** Oldest first: memories without a vector of this embedder. */
  pendingEmbeddings(
    embedder: string,
    limit: number,
  ): Promise<{ id: string; content: string; updatedAt: number }[]>;
  countPendingEmbeddings(embedder: string): Promise<number>;
  /** Skips a memory whose content changed since it was read. */
  putVectors(
    embedder: string,
    vectors: readonly { id: string; updatedAt: number; values: Float32Array }[],
  ): Promise<number>;

  /** Row, text index and vectors, counted against each other; cheap enough for a readiness check. */
  check(): Promise<StoreCheck>;
  close(): Promise<void>;
}

export interface StoreCheck {
  memories: number;
  indexed: number;
  vectors: number;
}

/** Every operation but `close`, and whether it changes anything: what a wrapper needs to treat them all alike. */
export const STORE_OPERATIONS = {
  findUser: 'read',
  findUserByEitherId: 'read',
  ensureUser: 'write',
  ensureApp: 'write',
  findByKey: 'read',
  addMemory: 'write',
  updateMemory: 'write',
  setState: 'write',
  getMemory: 'read',
  getMemories: 'read',
  listMemories: 'read',
  relatedMemories: 'read',
  search: 'read',
  categoriesOf: 'read',
  logAccess: 'write',
  accessLog: 'read',
  findApp: 'read',
  appsOf: 'read',
  listApps: 'read',
  appDetails: 'read',
  appMemories: 'read',
  appAccessed: 'read',
  setAppActive: 'write',
  countMemories: 'read',
  pendingEmbeddings: 'read',
  countPendingEmbeddings: 'read',
  putVectors: 'write',
  check: 'read',
} as const satisfies Record<Exclude<keyof MemoryStore, 'close'>, 'read' | 'write'>;

export type StoreOperation = keyof typeof STORE_OPERATIONS;

/** A store whose every operation is `call(name, args)`; `close` is its own. */
export const storeFrom = (
  call: (operation: StoreOperation, args: readonly unknown[]) => Promise<unknown>,
  close: () => Promise<void>,
): MemoryStore => {
  const operations = Object.keys(STORE_OPERATIONS) as StoreOperation[];
  const entries = operations.map((operation) => [operation, (...args: unknown[]) => call(operation, args)]);
  // Each entry passes its arguments on unchanged, so the shape is that of the store behind `call`.
  return { ...Object.fromEntries(entries), close } as MemoryStore;
};
