import { randomUUID } from 'node:crypto';
import { describe } from '../describe.ts';
import type { Lease, LoadLock } from '../load-lock.ts';

/** A connected client: node-redis (`sendCommand([...])`) or ioredis (`call(command, ...args)`). */
export type RedisCommands =
  | { sendCommand(args: string[]): Promise<unknown>; call?: undefined }
  | { call(command: string, ...args: string[]): Promise<unknown> };

// Taken with a number that grows with each holder; the number outlives the lock by a day.
const take = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  local fence = redis.call('INCR', KEYS[2])
  redis.call('PEXPIRE', KEYS[2], 86400000)
  return fence
end
return 0`;
const giveUp = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

const sender = (client: RedisCommands): ((args: string[]) => Promise<unknown>) => {
  if (typeof (client as { call?: unknown } | null)?.call === 'function') {
    const ioredis = client as { call(command: string, ...args: string[]): Promise<unknown> };
    return ([command, ...args]) => ioredis.call(command!, ...args);
  }
  if (typeof (client as { sendCommand?: unknown } | null)?.sendCommand === 'function')
    return (args) => (client as { sendCommand(args: string[]): Promise<unknown> }).sendCommand(args);
  throw new TypeError(`client must be a node-redis or ioredis client, got ${describe(client)}`);
};

/**
 * One loader at a time over all processes that use this Redis: `createCache({ lock: redisLock(client), stores })`.
 * Taken by SET NX PX with a random token, given up only by that token; each holder has a higher fencing number.
 * @param options.prefix Before the names of the locks. Default `'agent4:lock:'`.
 * @throws TypeError when the client has neither `sendCommand` nor `call`.
 */
export function redisLock(client: RedisCommands, options: { prefix?: string | undefined } = {}): LoadLock {
  const send = sender(client);
  const prefix = options.prefix ?? 'agent4:lock:';
  if (typeof prefix !== 'string') throw new TypeError(`prefix must be a string, got ${describe(prefix)}`);
  // Both names of a lock in one slot of a cluster.
  const lockOf = (key: string) => `${prefix}{${key}}`;
  const fenceOf = (key: string) => `${prefix}{${key}}:fence`;
  return {
    async acquire(key, leaseMs): Promise<Lease | undefined> {
      const token = randomUUID();
      const ms = String(Math.max(1, Math.ceil(leaseMs)));
      const fence = Number(await send(['EVAL', take, '2', lockOf(key), fenceOf(key), token, ms]));
      return fence > 0 ? { token, fence } : undefined;
    },
    async holds(key, { fence }) {
      const newest = await send(['GET', fenceOf(key)]);
      return newest === null || newest === undefined || Number(String(newest)) <= fence;
    },
    async release(key, { token }) {
      await send(['EVAL', giveUp, '1', lockOf(key), token]);
    },
  };
}
