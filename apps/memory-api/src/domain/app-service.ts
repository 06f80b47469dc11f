import { domainErrors } from './errors.ts';
import type { AppFilter, MemoryStore } from './memory-store.ts';
import type { App, AppDetails, AppSummary, Memory, Paged, PageRequest, User } from './model.ts';

export type AppService = ReturnType<typeof createAppService>;

/** Users, their apps, and the figures over them. */
export const createAppService = (options: { store: MemoryStore }) => {
  const { store } = options;

  const internalId = async (userId: string): Promise<string> => {
    const user = await store.findUser(userId);
    if (user === undefined) throw domainErrors.USER_NOT_FOUND();
    return user.id;
  };

  return {
    /** Idempotent. */
    ensureUser: (userId: string): Promise<{ user: User; created: boolean }> => store.ensureUser(userId),

    /** Apps of one user, or of all when none is named. */
    async list(filter: AppFilter): Promise<Paged<AppSummary>> {
      const { userId, ...rest } = filter;
      return store.listApps(userId === undefined ? rest : { ...rest, userId: await internalId(userId) });
    },

    async details(id: string): Promise<AppDetails> {
      const details = await store.appDetails(id);
      if (details === undefined) throw domainErrors.APP_NOT_FOUND();
      return details;
    },

    async memories(id: string, page: PageRequest): Promise<Paged<Memory>> {
      if ((await store.findApp(id)) === undefined) throw domainErrors.APP_NOT_FOUND();
      return store.appMemories(id, page);
    },

    /** An unknown app was never accessed. */
    accessed: (id: string, page: PageRequest): Promise<Paged<{ memory: Memory; count: number }>> =>
      store.appAccessed(id, page),

    async setActive(id: string, isActive: boolean): Promise<App> {
      const app = await store.setAppActive(id, isActive);
      if (app === undefined) throw domainErrors.APP_NOT_FOUND();
      return app;
    },

    async stats(userId: string): Promise<{ memories: number; apps: App[] }> {
      const id = await internalId(userId);
      const [memories, apps] = await Promise.all([store.countMemories(id), store.appsOf(id)]);
      return { memories, apps };
    },
  };
};
