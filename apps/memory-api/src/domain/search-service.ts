import type { Embedding } from './embedding.ts';
import { domainErrors } from './errors.ts';
import type { ReadCache } from './memory-service.ts';
import type { MemoryFilter, MemoryStore } from './memory-store.ts';
import type { Memory } from './model.ts';
import { fuse, liftNeighbours } from './ranking.ts';
import { searchTerms } from './terms.ts';

export interface SearchQuery {
  /** The user's outside name. */
  userId: string;
  query: string;
  /** 1 to 100. */
  limit: number;
  filter?: Pick<MemoryFilter, 'appIds' | 'categoryNames' | 'from' | 'to'> | undefined;
}

export interface SearchResult {
  /** Best first; `score` is in 0..1 and only ranks within this answer. */
  results: { memory: Memory; score: number }[];
  /** True when a part of the search could not be asked: what is there is true, but more might be. */
  degraded: boolean;
}

export type SearchService = ReturnType<typeof createSearchService>;

const CANDIDATES = 100;

/** Finds what is active in active apps, by words and by meaning. */
export const createSearchService = (options: {
  store: MemoryStore;
  embedding: Embedding;
  cache: ReadCache<SearchResult>;
}) => {
  const { store, embedding, cache } = options;

  const find = async (
    internalUserId: string,
    search: SearchQuery,
    signal?: AbortSignal,
  ): Promise<SearchResult> => {
    const vector = await embedding.vectorFor(search.query, signal);
    const candidates = await store.search({
      filter: { ...search.filter, userId: internalUserId, states: ['active'], activeAppsOnly: true },
      terms: searchTerms(search.query),
      vector,
      candidates: CANDIDATES,
    });
    const ranked = liftNeighbours(fuse(candidates.text, candidates.vector)).slice(0, search.limit);
    const scores = new Map(ranked.map(({ id, score }) => [id, score]));
    const memories = await store.getMemories([...scores.keys()]);
    return {
      results: memories.map((memory) => ({ memory, score: scores.get(memory.id)! })),
      degraded: embedding.enabled && (vector === undefined || candidates.withoutVector > 0),
    };
  };

  return {
    /** Answers from the cache only what is whole and of the user's present revision. */
    async search(search: SearchQuery, signal?: AbortSignal): Promise<SearchResult> {
      const user = await store.findUser(search.userId);
      if (user === undefined) throw domainErrors.USER_NOT_FOUND();
      const { query, limit, filter } = search;
      const key = JSON.stringify([
        user.id,
        user.revision,
        embedding.embedderId,
        embedding.available(),
        query,
        limit,
        filter ?? null,
      ]);
      return cache.getOrSet(key, (context) => find(user.id, search, context.signal), { signal });
    },
  };
};
