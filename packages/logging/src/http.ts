// The whole public surface of @agent4/logging/http. It imports no framework.
export { type FastifyLike, fastifyLogging } from './http/fastify.ts';
export { type HonoContextLike, honoLogging } from './http/hono.ts';
export { type KoaContextLike, koaLogging } from './http/koa.ts';
export { type LevelHandler, type LevelHandlerOptions, levelHandler } from './http/level-handler.ts';
export { httpLogging } from './http/node.ts';
export type { HttpField, HttpLogger, HttpLoggingOptions } from './http/options.ts';
export { httpUpgradeLogging } from './http/upgrade.ts';
