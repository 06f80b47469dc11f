import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handleError } from '@agent4/errors';
import fastify from 'fastify';
import { type AgentService, createAgentService } from '../../src/domain/agent-service.ts';
import { createEmbedding } from '../../src/domain/embedding.ts';
import { createMemoryService, type ReadCache } from '../../src/domain/memory-service.ts';
import type { MemoryStore } from '../../src/domain/memory-store.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { createSearchService } from '../../src/domain/search-service.ts';
import { installClosing } from '../../src/http/closing.ts';
import { createErrorSender } from '../../src/http/errors.ts';
import { installSecurity } from '../../src/http/security.ts';
import { type McpOptions, mcpRoutes } from '../../src/mcp/routes.ts';
import { createSqliteStore } from '../../src/storage/sqlite/store.ts';
import { createScriptedEmbedder, type ScriptedEmbedder } from './scripted-embedder.ts';

const direct: Policy = { execute: (fn, signal) => fn({ signal: signal ?? new AbortController().signal }) };
const noCache = <V>(): ReadCache<V> => ({
  getOrSet: async (_key, loader, { signal } = {}) =>
    loader({ signal: signal ?? new AbortController().signal }),
});

export interface McpServerUnderTest {
  /** Without a slash at its end. */
  origin: string;
  address: (kind: 'http' | 'sse', names?: { client?: string; user?: string }) => URL;
  store: MemoryStore;
  embedder: ScriptedEmbedder;
  /** Every error that was asked a public form of, in order. */
  reported: unknown[];
  /** Ends the server; resolves to how long that took, in ms. */
  close: () => Promise<number>;
}

/** The MCP routes over the real domain and a store of their own, on a free port, behind the app's real checks. */
export const startMcp = async (
  options: Partial<Omit<McpOptions, 'agents'>> & {
    replace?: (agents: AgentService) => AgentService;
    now?: () => number;
  } = {},
): Promise<McpServerUnderTest> => {
  const { replace = (agents) => agents, now = Date.now, ...mcp } = options;
  const folder = mkdtempSync(join(tmpdir(), 'memory-api-mcp-'));
  const store = createSqliteStore({ folder, now });
  const embedder = createScriptedEmbedder();
  const embedding = createEmbedding({
    embedder,
    policy: direct,
    batchPolicy: direct,
    cache: noCache(),
    patience: Promise.resolve(),
    onUnavailable: () => undefined,
  });
  const memories = createMemoryService({
    store,
    embedding,
    categorise: () => [],
    categoryCache: noCache(),
    onPending: () => undefined,
  });
  const search = createSearchService({ store, embedding, cache: noCache() });
  const agents = replace(createAgentService({ store, memories, search, onLogLost: () => undefined }));

  const reported: unknown[] = [];
  const app = fastify({
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    bodyLimit: 64 * 1024,
    forceCloseConnections: 'idle',
  });
  installClosing(app, 600);
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-request-id', randomUUID());
  });
  const sendError = createErrorSender({
    requestId: () => 'req-1',
    bodyLimit: 64 * 1024,
    report: () => undefined,
  });
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  installSecurity(app, { allowedOrigins: [] });
  await app.register(
    mcpRoutes({
      version: '1.2.3',
      publicError: (error) => {
        reported.push(error);
        const { code, message, retryable, retryAfterMs } = handleError(error).public;
        return { code, message, retryable, retryAfterMs, requestId: 'req-1' };
      },
      ...mcp,
      agents,
    }),
  );
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    origin,
    address: (kind, { client = 'cursor', user = 'ada' } = {}) =>
      new URL(`/mcp/${encodeURIComponent(client)}/${kind}/${encodeURIComponent(user)}`, origin),
    store,
    embedder,
    reported,
    close: async () => {
      const start = performance.now();
      await app.close();
      const took = performance.now() - start;
      await store.close();
      rmSync(folder, { recursive: true, force: true });
      return took;
    },
  };
};
