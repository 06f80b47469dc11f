import { CacheManager } from '@agent4/caching';
import { classify, handleError } from '@agent4/errors';
import { apiLogger, appLogger, CorrelationContext, configureLogging } from '@agent4/logging';
import { fastifyLogging, httpLogging } from '@agent4/logging/http';
import { HealthRegistry, type Pipeline, pipeline } from '@agent4/resilience';
import type { FastifyInstance } from 'fastify';
import { createAlerting } from './alerting.ts';
import type { Config, EmbedderConfig } from './config.ts';
import { toConfigDocument } from './contract/config.ts';
import { createAgentService } from './domain/agent-service.ts';
import { createAppService } from './domain/app-service.ts';
import { createBackfill } from './domain/backfill.ts';
import { categorise } from './domain/categorise.ts';
import type { Embedder } from './domain/embedder.ts';
import { createEmbedding, noEmbedding } from './domain/embedding.ts';
import { guardStore } from './domain/guarded-store.ts';
import { createMemoryService } from './domain/memory-service.ts';
import type { MemoryStore } from './domain/memory-store.ts';
import type { Category } from './domain/model.ts';
import { createSearchService, type SearchResult } from './domain/search-service.ts';
import { createHttpEmbedder } from './embedding/http-embedder.ts';
import { createMiniLmEmbedder } from './embedding/minilm.ts';
import { buildApp } from './http/app.ts';
import { mcpRoutes } from './mcp/routes.ts';
import { createMetrics } from './metrics.ts';
import { createObserver } from './observe.ts';
import { createWorkerStore } from './storage/worker-store.ts';
import { VERSION } from './version.ts';

/** The parts a test may bring its own of. */
export interface Parts {
  store?: MemoryStore;
  embedder?: Embedder | 'none';
}

export interface MemoryApi {
  app: FastifyInstance;
  /** In this order: no new requests, running ones end, background work ends, alerts go out, the store closes. Idempotent. */
  close(): Promise<void>;
}

const embedderFor = (config: EmbedderConfig): Embedder | 'none' => {
  switch (config.kind) {
    case 'embedded':
      return createMiniLmEmbedder();
    case 'http':
      return createHttpEmbedder(config);
    case 'none':
      return 'none';
  }
};

/** A model loads within a second or two; what comes before waits for it, this long after the start at most. */
const LOADING_PATIENCE_MS = 5_000;

const unrefDelay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

/** From the begin of closing on; what is not sent by then is given up, well before `main.ts` ends the process by force. */
const ALERTS_WITHIN_MS = 1_500;

/** What an error means, for every policy and service here: the errors package's own verdict. */
const verdict = (error: unknown): ReturnType<typeof classify>['retry'] => classify(error).retry;

/** A full disk is not worth a retry, but it is a store that fails. */
const isStoreFault = (error: unknown): boolean => {
  const { fault } = classify(error);
  return fault !== 'caller' && fault !== 'cancelled';
};

const createPolicies = () => {
  const store = (name: string, idempotent: boolean): Pipeline =>
    pipeline({
      name,
      classify: verdict,
      totalTimeoutMs: 15_000,
      retry: { maxAttempts: 3, initialDelayMs: 25, maxDelayMs: 250, idempotent },
      circuitBreaker: { failureThreshold: 5, openMs: 2_000, isFailure: isStoreFault },
      timeoutMs: 10_000,
    });
  const read = store('store.read', true);
  // Repeated only when the store says that nothing was done: a write is never made twice.
  const write = store('store.write', false);
  const embed = pipeline({
    name: 'embedder',
    classify: verdict,
    // A write or search waits no longer than this for its vector, then goes on without.
    totalTimeoutMs: 3_000,
    bulkhead: { maxConcurrent: 32, maxQueue: 256 },
    retry: { maxAttempts: 2, initialDelayMs: 100, maxDelayMs: 500, idempotent: true },
    circuitBreaker: { failureThreshold: 5, openMs: 10_000 },
    timeoutMs: 2_000,
  });
  // The backlog may take longer, and shares what is known of the embedder's health.
  const embedBatch = pipeline({
    name: 'embedder.batch',
    classify: verdict,
    circuitBreaker: embed.circuitBreaker,
    timeoutMs: 30_000,
  });
  return { read, write, embed, embedBatch };
};

const embedderHealth = (embedder: Embedder) => () => {
  const state = embedder.state();
  switch (state.status) {
    case 'ready':
      return { status: 'up', message: embedder.id };
    case 'loading':
      return { status: 'degraded', message: 'loading; searches go by text' };
    case 'failed':
      return { status: 'down', message: `${state.code}: ${state.reason}` };
  }
};

/** Builds everything there is, and connects it. The only file that constructs things. */
export const compose = async (config: Config, parts: Parts = {}): Promise<MemoryApi> => {
  configureLogging({ level: config.logLevel });
  const rawStore = parts.store ?? (await createWorkerStore({ folder: config.dataDir }));
  const embedder = parts.embedder ?? embedderFor(config.embedder);
  const { read, write, embed, embedBatch } = createPolicies();
  const store = guardStore(rawStore, { read, write });
  await store.ensureUser(config.defaultUserId);

  const caches = new CacheManager();
  const searches = caches.create<SearchResult>('search', {
    memory: { maxEntries: 2_000, maxBytes: 64 * 1024 * 1024 },
    // What is not whole is asked again.
    ttl: (found) => (found.degraded ? 0 : 300_000),
  });
  const vectors = caches.create<Float32Array>('embeddings', { memory: { maxEntries: 5_000 }, ttl: '1h' });
  const categories = caches.create<Category[]>('categories', { memory: { maxEntries: 1_000 }, ttl: '5m' });

  const breakers: Pipeline[] = embedder === 'none' ? [read, write] : [read, write, embed];
  const alerting = createAlerting({
    breakers,
    degrading: [embed],
    log: appLogger,
    webhook: config.alertWebhook,
  });
  const metrics = createMetrics({
    alerts: alerting.sinks,
    pendingEmbeddings: async () =>
      embedding.enabled ? store.countPendingEmbeddings(embedding.embedderId) : 0,
    caches: () =>
      Object.values(caches.stats().caches).map(({ name, loads, loadErrors, memory }) => ({
        cache: name,
        entries: memory?.entries ?? 0,
        loads,
        loadErrors,
        evictions:
          memory === null ? 0 : Object.values(memory.evictions).reduce((sum, count) => sum + count, 0),
      })),
    breakers: () => breakers.map((policy) => [policy.name, policy.circuitBreaker?.state ?? 'closed']),
  });
  const observer = createObserver(appLogger, metrics);
  for (const policy of [read, write, embed, embedBatch]) observer.policy(policy);
  for (const policy of breakers) observer.breaker(policy);
  for (const cache of [searches, vectors, categories]) observer.cache(cache);
  observer.alerting(alerting);

  const embedding =
    embedder === 'none'
      ? noEmbedding
      : createEmbedding({
          embedder,
          policy: embed,
          batchPolicy: embedBatch,
          cache: vectors,
          patience: unrefDelay(LOADING_PATIENCE_MS),
          onUnavailable: observer.embeddingUnavailable,
        });
  const backfill = createBackfill({
    store,
    embedding,
    isTransient: (error) => verdict(error).retryable,
    ...observer.backfill,
  });
  const onPending = embedding.enabled ? backfill.wake : () => {};

  const memories = createMemoryService({
    store,
    embedding,
    categorise,
    categoryCache: categories,
    onPending,
  });
  const search = createSearchService({ store, embedding, cache: searches });
  const apps = createAppService({ store });
  const agents = createAgentService({ store, memories, search, onLogLost: observer.accessLogLost });

  const health = new HealthRegistry();
  health.register('store', async () => void (await store.check()), { timeoutMs: 5_000, cacheMs: 1_000 });
  if (embedder !== 'none') health.register('embedder', embedderHealth(embedder), { critical: false });
  for (const policy of breakers) health.register(`breaker:${policy.name}`, policy, { critical: false });
  if (embedding.enabled)
    health.register(
      'pending-embeddings',
      async () => ({
        status: 'up',
        message: String(await store.countPendingEmbeddings(embedding.embedderId)),
      }),
      { critical: false, timeoutMs: 5_000, cacheMs: 1_000 },
    );

  const requestId = (): string => CorrelationContext.current()?.correlationId ?? '';
  const app = await buildApp({
    version: VERSION,
    allowedOrigins: config.allowedOrigins,
    memories,
    search,
    apps,
    config: toConfigDocument({
      provider: embedder === 'none' ? 'none' : config.embedder.kind === 'http' ? 'openai' : 'agent4',
      model: embedder === 'none' ? 'none' : embedder.id,
    }),
    operations: {
      health: () => health.report(),
      metrics: metrics.exposition,
    },
    instrument: async (instance) => {
      await instance.register(fastifyLogging, { logger: apiLogger });
      observer.requests(instance);
    },
    instrumentUnrouted: httpLogging({ logger: apiLogger }),
    requestId,
    reportError: observer.failure,
    mcp: mcpRoutes({
      agents,
      version: VERSION,
      publicError: (error) => {
        const structured = handleError(error, { correlationId: requestId() });
        const { status, code, message, retryable, retryAfterMs } = structured.public;
        observer.failure({ structured, status });
        return { code, message, retryable, retryAfterMs, requestId: requestId() };
      },
    }),
  });

  if (embedder !== 'none') void embedder.settled().then(onPending);

  let closing: Promise<void> | undefined;
  const shut = async (): Promise<void> => {
    const begun = performance.now();
    await app.close();
    await backfill.stop();
    // Nothing calls any more, so no circuit changes. The store does not wait for a slow receiver.
    const told = alerting.close(Math.max(0, ALERTS_WITHIN_MS - (performance.now() - begun)));
    await caches.close();
    if (embedder !== 'none') await embedder.close();
    await rawStore.close();
    await told;
  };
  return {
    app,
    close: () => {
      closing ??= shut();
      return closing;
    },
  };
};
