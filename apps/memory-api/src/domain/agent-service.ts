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

  const visible = async (app: App): Promise<Memory[]> => {
    const filter = { userId: app.ownerId, states: ['active'], activeAppsOnly: true } as const;
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
      if (!app.isActive) return [];
      const asked = await store.getMemories([...new Set(ids)]);
      const mine = asked.filter((memory) => memory.userId === app.ownerId && memory.state === 'active');
      const active = new Set(
        (await store.appsOf(app.ownerId)).filter((one) => one.isActive).map((one) => one.id),
      );
      const allowed = mine.filter((memory) => active.has(memory.appId));
      if (allowed.length === 0) return [];
      await store.setState(
        app.ownerId,
        { kind: 'ids', ids: allowed.map((memory) => memory.id), unknown: 'ignore' },
        'deleted',
      );
      await log(app, 'delete', allowed);
      return allowed;
    },

    async removeAll(agent: Agent): Promise<Memory[]> {
      const app = await appOf(agent);
      if (!app.isActive) return [];
      const all = await visible(app);
      if (all.length === 0) return [];
      await store.setState(
        app.ownerId,
        { kind: 'ids', ids: all.map((memory) => memory.id), unknown: 'ignore' },
        'deleted',
      );
      await log(app, 'delete_all', all);
      return all;
    },
  };
};
