// @agent4/caching/redis: a lock over a Redis client that the application has. Nothing here imports one.
export { type RedisCommands, redisLock } from './redis/lock.ts';
