import type { IncomingMessage, ServerResponse } from 'node:http';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { ConfigDocument } from '../contract/config.ts';
import type { AppService } from '../domain/app-service.ts';
import type { MemoryService } from '../domain/memory-service.ts';
import type { SearchService } from '../domain/search-service.ts';
import { installClosing } from './closing.ts';
import { createClientErrorHandler, createErrorSender, type ErrorReport, httpErrors } from './errors.ts';
import { openapiOptions } from './openapi.ts';
import { type Operations, operationRoutes } from './operations.ts';
import { appRoutes, statsRoutes, userRoutes } from './routes/apps.ts';
import { configRoutes } from './routes/config.ts';
import { memoryRoutes } from './routes/memories.ts';
import { searchRoutes } from './routes/search.ts';
import { installSecurity, refusalOf } from './security.ts';
import { validatorCompiler } from './validation.ts';

/** Room for a text of the greatest length in any script, and its metadata. */
const BODY_LIMIT = 2 * 1024 * 1024;

/** Requests under way when the server is told to stop have this long. */
const ANSWER_WITHIN_MS = 1_200;

export interface AppOptions {
  version: string;
  allowedOrigins: readonly string[];
  memories: MemoryService;
  search: SearchService;
  apps: AppService;
  operations: Operations;
  /** What OpenMemory's settings page is shown. */
  config: ConfigDocument;
  /** Installs, before all else, what gives each request its correlation id and log line, and counts it. */
  instrument: (app: FastifyInstance) => Promise<void>;
  /** The same for a request that fastify's router refuses before any hook runs. */
  instrumentUnrouted: (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
  /** The id of the request under way. */
  requestId: () => string;
  reportError: (error: ErrorReport) => void;
  mcp: FastifyPluginAsync;
}

/** Builds the server without listening: tests inject, `main.ts` listens. */
export const buildApp = async (options: AppOptions): Promise<FastifyInstance> => {
  const errors = { requestId: options.requestId, bodyLimit: BODY_LIMIT, report: options.reportError };
  const sendError = createErrorSender(errors);
  const refusal = refusalOf(options.allowedOrigins);
  const app = fastify({
    frameworkErrors: (error, request, reply) =>
      options.instrumentUnrouted(request.raw, reply.raw, () => {
        void sendError(refusal(request.headers) ?? error, request, reply);
      }),
    clientErrorHandler: createClientErrorHandler(errors),
    bodyLimit: BODY_LIMIT,
    // Clients write both, and the UI's preflights must not be redirected.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    // What is under way is answered; what is idle is closed at once.
    forceCloseConnections: 'idle',
    // Slow clients must not hold sockets for ever; open streams are not limited by these.
    requestTimeout: 60_000,
    return503OnClosing: true,
  }).withTypeProvider<ZodTypeProvider>();
  // JSON alone is understood; plain text would reach the schemas as one string.
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  await options.instrument(app);
  installClosing(app, ANSWER_WITHIN_MS);
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request, reply) => sendError(httpErrors.ROUTE_NOT_FOUND(), request, reply));
  installSecurity(app, options);

  await app.register(swagger, openapiOptions(options.version));
  await app.register(swaggerUi, { routePrefix: '/docs', logLevel: 'silent' });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());

  await app.register(operationRoutes(options.operations));
  await app.register(memoryRoutes(options.memories), { prefix: '/api/v1/memories' });
  await app.register(searchRoutes(options.search), { prefix: '/api/v1/memories' });
  await app.register(appRoutes(options.apps), { prefix: '/api/v1/apps' });
  await app.register(userRoutes(options.apps), { prefix: '/api/v1/users' });
  await app.register(statsRoutes(options.apps), { prefix: '/api/v1/stats' });
  await app.register(configRoutes(options.config), { prefix: '/api/v1/config' });
  await app.register(options.mcp);
  return app;
};
