// @agent4/caching/redis: lock and bus over Redis clients that the application has. Nothing here imports one.
export { type RedisPublisher, type RedisSubscriber, redisBus } from './redis/bus.ts';
export { type RedisCommands, redisLock } from './redis/lock.ts';
