import type { MemoryService } from './memory-service.ts';
import type { AccessEntry, MemoryStore } from './memory-store.ts';
import type { App, Memory } from './model.ts';
import type { SearchResult, SearchService } from './search-service.ts';

/** One agent: an app acting for a user. Both are made on first use. */
export interface Agent {
  userId: string;
  app: string;
}

export type AgentService = ReturnType<typeof createAgentService>;

const LIST_PAGE = 500;

/**
 * What an agent may do over MCP: the same rules as REST, on active memories of active apps,
 * and every memory shown or taken away is written to the access log.
 */
export const createAgentService = (options: {
  store: MemoryStore;
  memories: MemoryService;
  search: SearchService;
  /** The log of an access that did happen could not be written. */
  onLogLost: (error: unknown) => void;
}) => {
  const { store, memories, search, onLogLost } = options;

  const appOf = async ({ userId, app }: Agent): Promise<App> => {
    const { user } = await store.ensureUser(userId);
    return store.ensureApp(user.id, app);
  };

  const log = (
    app: App,
    accessType: string,
    touched: readonly Memory[],
    metadata: AccessEntry['metadata'] = {},
  ): Promise<void> =>
    store
      .logAccess(touched.map((memory) => ({ memoryId: memory.id, appId: app.id, accessType, metadata })))
      .catch(onLogLost);

  /** What an agent may see: active memories of active apps; of those named, or of all. */
  const visible = async (app: App, ids?: readonly string[]): Promise<Memory[]> => {
    const filter = { userId: app.ownerId, states: ['active'], activeAppsOnly: true, ids } as const;
    const all: Memory[] = [];
    for (let page = 1; ; page++) {
      const { items } = await store.listMemories(
        filter,
        { by: 'created_at', descending: true },
        { page, size: LIST_PAGE },
      );
      all.push(...items);
      if (items.length < LIST_PAGE) return all;
    }
  };

  const forget = async (app: App, gone: Memory[], accessType: string): Promise<Memory[]> => {
    if (gone.length === 0) return gone;
    const ids = gone.map((memory) => memory.id);
    await store.setState(app.ownerId, { kind: 'ids', ids, unknown: 'ignore' }, 'deleted');
    await log(app, accessType, gone);
    return gone;
  };

  return {
    async add(agent: Agent, text: string, signal?: AbortSignal): Promise<Memory> {
      await appOf(agent);
      const { memory } = await memories.remember(
        { userId: agent.userId, text, app: agent.app, metadata: {} },
        signal,
      );
      return memory;
    },

    /** A paused app finds nothing. */
    async search(agent: Agent, query: string, limit: number, signal?: AbortSignal): Promise<SearchResult> {
      const app = await appOf(agent);
      if (!app.isActive) return { results: [], degraded: false };
      const found = await search.search({ userId: agent.userId, query, limit }, signal);
      await log(
        app,
        'search',
        found.results.map(({ memory }) => memory),
        { query },
      );
      return found;
    },

    async list(agent: Agent): Promise<Memory[]> {
      const app = await appOf(agent);
      if (!app.isActive) return [];
      const all = await visible(app);
      await log(app, 'list', all);
      return all;
    },

    /** Deletes those the agent may see; answers them. Unknown ids are left out. */
    async remove(agent: Agent, ids: readonly string[]): Promise<Memory[]> {
      const app = await appOf(agent);
      return app.isActive ? forget(app, await visible(app, ids), 'delete') : [];
    },

    async removeAll(agent: Agent): Promise<Memory[]> {
      const app = await appOf(agent);
      return app.isActive ? forget(app, await visible(app), 'delete_all') : [];
    },
  };
};
