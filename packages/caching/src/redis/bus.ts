import type { Bus, BusListener } from '../bus/bus.ts';
import { describe } from '../describe.ts';

interface Emitter {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** A client to send with, connected: node-redis or ioredis. */
export interface RedisPublisher {
  publish(channel: string, message: string): Promise<unknown>;
}

interface NodeRedisSubscriber extends Emitter {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  call?: undefined;
}

interface IoredisSubscriber extends Emitter {
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** A client to listen with, connected, used for nothing else: node-redis or ioredis. */
export type RedisSubscriber = NodeRedisSubscriber | IoredisSubscriber;

// ioredis gives all messages to one event, node-redis gives each to the listener of its subscription.
const isIoredis = (subscriber: RedisSubscriber): subscriber is IoredisSubscriber =>
  typeof subscriber.call === 'function';

/**
 * A bus over Redis pub/sub: `createCache({ bus: redisBus({ publisher, subscriber }), stores })`.
 * Two clients, since one that listens can do nothing else. The clients reconnect by themselves; closing them is the application's.
 * @throws TypeError when a client has not the methods it needs.
 */
export function redisBus(clients: { publisher: RedisPublisher; subscriber: RedisSubscriber }): Bus {
  const { publisher, subscriber } = clients ?? {};
  if (typeof publisher?.publish !== 'function')
    throw new TypeError(`publisher must be a node-redis or ioredis client, got ${describe(publisher)}`);
  if (typeof subscriber?.subscribe !== 'function' || typeof subscriber.on !== 'function')
    throw new TypeError(`subscriber must be a node-redis or ioredis client, got ${describe(subscriber)}`);
  return {
    async publish(channel, text) {
      await publisher.publish(channel, text);
    },
    async subscribe(channel, listener: BusListener) {
      const hear = (text: string) => listener.message(text);
      const onMessage = (from: unknown, text: unknown) => {
        if (from === channel) hear(String(text));
      };
      const subscribe = () =>
        isIoredis(subscriber) ? subscriber.subscribe(channel) : subscriber.subscribe(channel, hear);
      const lost = (error?: unknown) => listener.lost(error instanceof Error ? error : undefined);
      // Both resubscribe by themselves, perhaps a moment after they are ready: asked again, the answer says when.
      const ready = () => void subscribe().then(() => listener.restored(), lost);
      const events = [
        ['error', lost],
        ['end', lost],
        ['close', lost],
        ['reconnecting', () => lost()],
        ['ready', ready],
        ...(isIoredis(subscriber) ? [['message', onMessage] as const] : []),
      ] as const;
      for (const [event, on] of events) subscriber.on(event, on as (...args: unknown[]) => void);
      const leave = () => {
        for (const [event, on] of events) subscriber.off(event, on as (...args: unknown[]) => void);
      };
      try {
        await subscribe();
      } catch (error) {
        leave();
        throw error;
      }
      return async () => {
        leave();
        await (isIoredis(subscriber)
          ? subscriber.unsubscribe(channel)
          : subscriber.unsubscribe(channel, hear));
      };
    },
  };
}
