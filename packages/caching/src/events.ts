import { type Channel, channel as channelOf } from 'node:diagnostics_channel';
import { describe } from './describe.ts';
import type { EvictionCause } from './memory/memory-tier.ts';
import type { StoreOperation } from './store/store-writer.ts';

/** Where a value was: `'memory'`, or `'store:0'`, `'store:1'` in the order of the `stores` option. */
export type TierName = 'memory' | `store:${number}`;

/** Why a stale value was served. */
export type StaleReason = 'revalidating' | 'loader-failed' | 'loader-slow' | 'backing-off';

/** The payload of each event. `cache` is the cache's name. */
export interface CacheEventMap {
  /** A lookup found a fresh value. */
  hit: { cache: string; key: string; tier: TierName };
  /** A lookup found nothing of use. */
  miss: { cache: string; key: string };
  /** A stale value was served; `error` is what the loader failed with, where it did. */
  stale: { cache: string; key: string; tier: TierName; reason: StaleReason; error?: unknown };
  /** A loader call succeeded. */
  load: { cache: string; keys: string[]; durationMs: number };
  /**
   * A loader call failed. `error` is what the loader threw or rejected with, by identity, so it need not be an Error; or
   * what made its answer unusable, such as the TypeError of a wrong `ttl`. `loaderTimeoutMs` ends a caller's wait, not the load.
   */
  'load-error': { cache: string; keys: string[]; durationMs: number; error: unknown };
  set: { cache: string; key: string; ttlMs: number };
  delete: { cache: string; key: string };
  expire: { cache: string; key: string };
  clear: { cache: string };
  'invalidate-tags': { cache: string; tags: string[] };
  /** An entry left memory unasked. */
  evict: { cache: string; key: string; tier: 'memory'; cause: EvictionCause };
  /** A store call failed or timed out, or what it holds cannot be read, or (tier `memory`) a value could not be cloned. `key` is the first of the call. */
  'store-error': {
    cache: string;
    tier: TierName;
    operation: StoreOperation;
    error: unknown;
    key?: string | undefined;
  };
  /** A store failed so often in a row that it is skipped for `coolDownMs`. */
  'store-cooldown': { cache: string; tier: TierName; failures: number; coolDownMs: number };
  /** The probe after a cool-down succeeded. */
  'store-recovered': { cache: string; tier: TierName };
  /** What a store had missed was sent again. `outdated` = given up: its time was over, or the store had something newer. */
  'store-replayed': { cache: string; tier: TierName; replayed: number; outdated: number; left: number };
  /** Changes that a store missed and will not get: no room to keep them, a value that cannot be written, or `close()`. */
  'store-lost': {
    cache: string;
    tier: TierName;
    changes: number;
    cause: 'full' | 'unwritable' | 'closed';
  };
  /** A message could not be sent, or listening failed, or a message could not be applied. */
  'bus-error': { cache: string; operation: 'publish' | 'subscribe' | 'message'; error: unknown };
  /** Messages of other nodes may be missed from now on; what memory holds is stale until it is read anew. */
  'bus-lost': { cache: string };
  'bus-connected': { cache: string };
}

export type CacheEventName = keyof CacheEventMap;
export type CacheListener<E extends CacheEventName> = (payload: CacheEventMap[E]) => void;

const eventNames: Record<CacheEventName, true> = {
  hit: true,
  miss: true,
  stale: true,
  load: true,
  'load-error': true,
  set: true,
  delete: true,
  expire: true,
  clear: true,
  'invalidate-tags': true,
  evict: true,
  'store-error': true,
  'store-cooldown': true,
  'store-recovered': true,
  'store-replayed': true,
  'store-lost': true,
  'bus-error': true,
  'bus-lost': true,
  'bus-connected': true,
};

/** A broken listener must neither fail the request it watches, nor end the process, nor go unnoticed. */
const warn = (event: CacheEventName, error: unknown): void => {
  process.emitWarning(
    `A listener of the cache event "${event}" threw: ${describe(error)}`,
    'CacheListenerWarning',
  );
};

interface Topic {
  /** Each in an object of its own, so that a listener added twice is taken off once at a time. */
  readonly listeners: Set<{ readonly call: CacheListener<CacheEventName> }>;
  readonly channel: Channel;
}

/**
 * Listeners of one cache, and the process-wide channels `agent4:caching:<event>`.
 * Ask `wants` before building a payload: with nobody listening an event costs one look-up.
 */
export class CacheEvents {
  readonly #topics = new Map<CacheEventName, Topic>();

  on<E extends CacheEventName>(event: E, listener: CacheListener<E>): () => void {
    if (!Object.hasOwn(eventNames, event))
      throw new TypeError(
        `There is no event ${describe(event)}; there are ${Object.keys(eventNames).join(', ')}`,
      );
    if (typeof listener !== 'function')
      throw new TypeError(`The listener of "${event}" must be a function, got ${describe(listener)}`);
    const { listeners } = this.#topic(event);
    const held = { call: listener as CacheListener<CacheEventName> };
    listeners.add(held);
    return () => listeners.delete(held);
  }

  wants(event: CacheEventName): boolean {
    const { listeners, channel } = this.#topic(event);
    return listeners.size > 0 || channel.hasSubscribers;
  }

  emit<E extends CacheEventName>(event: E, payload: CacheEventMap[E]): void {
    const { listeners, channel } = this.#topic(event);
    for (const { call } of listeners) {
      try {
        const answer: unknown = call(payload);
        if (typeof answer === 'object' && answer !== null && 'then' in answer)
          Promise.resolve(answer).catch((error: unknown) => warn(event, error));
      } catch (error) {
        warn(event, error);
      }
    }
    channel.publish(payload);
  }

  #topic(event: CacheEventName): Topic {
    let topic = this.#topics.get(event);
    if (topic === undefined) {
      topic = { listeners: new Set(), channel: channelOf(`agent4:caching:${event}`) };
      this.#topics.set(event, topic);
    }
    return topic;
  }
}
