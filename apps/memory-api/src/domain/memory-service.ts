import { createHash } from 'node:crypto';
import type { Embedding } from './embedding.ts';
import { domainErrors } from './errors.ts';
import type { MemoryFilter, MemorySort, MemoryStore, StateSelection } from './memory-store.ts';
import type {
  AccessLogEntry,
  Category,
  Memory,
  MemoryState,
  Metadata,
  Paged,
  PageRequest,
  User,
} from './model.ts';

/** The part of a cache the services need; a cache of @agent4/caching satisfies it. */
export interface ReadCache<V> {
  getOrSet(
    key: string,
    loader: (context: { readonly signal: AbortSignal }) => Promise<V>,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<V>;
}

export interface Remember {
  /** The user's outside name. */
  userId: string;
  text: string;
  app: string;
  metadata: Metadata;
  idempotencyKey?: string | undefined;
}

export interface ListMemories extends PageRequest {
  userId: string;
  filter: Omit<MemoryFilter, 'userId'>;
  sort: { by: MemorySort; descending: boolean };
}

export type MemoryService = ReturnType<typeof createMemoryService>;

const fingerprintOf = ({ text, app, metadata }: Remember): string =>
  createHash('sha256')
    .update(JSON.stringify([text, app, metadata]))
    .digest('base64url');

/** The rules of memories. REST and MCP are two skins over it. Every `userId` is the outside name. */
export const createMemoryService = (options: {
  store: MemoryStore;
  embedding: Embedding;
  categorise: (text: string) => string[];
  categoryCache: ReadCache<Category[]>;
  /** There is a memory without a vector. */
  onPending: () => void;
}) => {
  const { store, embedding, categorise, categoryCache, onPending } = options;

  const userOf = async (userId: string): Promise<User> => {
    const user = await store.findUser(userId);
    if (user === undefined) throw domainErrors.USER_NOT_FOUND();
    return user;
  };

  const memoryOf = async (id: string): Promise<Memory> => {
    const memory = await store.getMemory(id);
    if (memory === undefined) throw domainErrors.MEMORY_NOT_FOUND();
    return memory;
  };

  return {
    /** Stores a text as it is. With a key it is idempotent: `replayed` tells that the memory was there. */
    async remember(input: Remember, signal?: AbortSignal): Promise<{ memory: Memory; replayed: boolean }> {
      const user = await userOf(input.userId);
      const { idempotencyKey: key } = input;
      const idempotency = key === undefined ? undefined : { key, fingerprint: fingerprintOf(input) };
      const known = idempotency && (await store.findByKey(user.id, idempotency));
      const vector = known === undefined ? await embedding.vectorFor(input.text, signal) : undefined;
      const outcome =
        known ??
        (await store.addMemory({
          userId: user.id,
          appName: input.app,
          content: input.text,
          metadata: input.metadata,
          categories: categorise(input.text),
          vector,
          idempotency,
        }));
      switch (outcome.kind) {
        case 'app-paused':
          throw domainErrors.APP_PAUSED({ app: outcome.app.name });
        case 'key-reused':
          throw domainErrors.IDEMPOTENCY_KEY_REUSED();
        case 'replayed':
          return { memory: outcome.memory, replayed: true };
        case 'added':
          if (vector === undefined) onPending();
          return { memory: outcome.memory, replayed: false };
      }
    },

    async list({ userId, filter, sort, page, size }: ListMemories): Promise<Paged<Memory>> {
      const user = await userOf(userId);
      return store.listMemories({ ...filter, userId: user.id }, sort, { page, size });
    },

    get: memoryOf,

    /** Changes the text; its categories, text index and vector change with it. */
    async update(
      { id, userId, text }: { id: string; userId: string; text: string },
      signal?: AbortSignal,
    ): Promise<Memory> {
      const user = await userOf(userId);
      const vector = await embedding.vectorFor(text, signal);
      const memory = await store.updateMemory(user.id, id, {
        content: text,
        categories: categorise(text),
        vector,
      });
      if (memory === undefined) throw domainErrors.MEMORY_NOT_FOUND();
      if (vector === undefined) onPending();
      return memory;
    },

    /** All of them or, when one is not this user's, none. Answers how many there were. */
    async remove({ userId, ids }: { userId: string; ids: readonly string[] }): Promise<number> {
      const user = await userOf(userId);
      const outcome = await store.setState(user.id, { kind: 'ids', ids, unknown: 'refuse' }, 'deleted');
      if (outcome.kind === 'unknown') throw domainErrors.MEMORY_NOT_FOUND();
      return new Set(ids).size;
    },

    /** Moves memories of one user to a state. Answers how many changed. */
    async setState(userId: string, selection: StateSelection, state: MemoryState): Promise<number> {
      const user = await userOf(userId);
      if (selection.kind === 'app') {
        const app = await store.findApp(selection.appId);
        if (app === undefined || app.ownerId !== user.id) throw domainErrors.APP_NOT_FOUND();
      }
      const outcome = await store.setState(user.id, selection, state);
      if (outcome.kind === 'unknown') throw domainErrors.MEMORY_NOT_FOUND();
      // One that was deleted lost its vector.
      if (state !== 'deleted' && outcome.ids.length > 0) onPending();
      return outcome.ids.length;
    },

    /** `id` is the user's outside name or our own id. */
    async archive(id: string, ids: readonly string[]): Promise<number> {
      const user = await store.findUserByEitherId(id);
      if (user === undefined) throw domainErrors.USER_NOT_FOUND();
      const outcome = await store.setState(user.id, { kind: 'ids', ids, unknown: 'refuse' }, 'archived');
      if (outcome.kind === 'unknown') throw domainErrors.MEMORY_NOT_FOUND();
      return outcome.ids.length;
    },

    /** Categories in use by active and paused memories, by name. */
    async categories(userId: string): Promise<Category[]> {
      const user = await userOf(userId);
      return categoryCache.getOrSet(`${user.id}:${user.revision}`, () => store.categoriesOf(user.id));
    },

    /** Those that share a category, most shared first. */
    async related(userId: string, id: string, page: PageRequest): Promise<Paged<Memory>> {
      const user = await userOf(userId);
      const memory = await memoryOf(id);
      if (memory.userId !== user.id) throw domainErrors.MEMORY_NOT_FOUND();
      return store.relatedMemories(user.id, id, page);
    },

    /** An unknown memory has an empty log. */
    accessLog: (id: string, page: PageRequest): Promise<Paged<AccessLogEntry>> => store.accessLog(id, page),
  };
};
