import type { CacheEvents, TierName } from './events.ts';
import { StoreKeys } from './keys.ts';
import { MemoryTier } from './memory/memory-tier.ts';
import type { Settings } from './settings/settings.ts';
import type { Invalidations, Stamps } from './stamps.ts';
import type { Counts } from './stats.ts';
import { StoreGuard } from './store/guard.ts';
import { KeyvStore } from './store/keyv-store.ts';
import { StoreTier } from './store/store-tier.ts';
import { checkSize } from './value-checks.ts';

/** What all tiers of a cache have in common. */
interface Shared<V> {
  settings: Settings<V>;
  events: CacheEvents;
  counts: Counts;
  stamps: Stamps;
  invalidations: Invalidations;
  /** Keys whose missed change a store now has. */
  onReplayed: (keys: readonly string[]) => void;
}

/** The size that a loader gave for the entry which is set next; undefined = measure it. */
export interface SizeHint {
  given: number | undefined;
}

/** The memory tier, with its evictions counted and told of. */
export const openMemory = <V>(
  settings: Settings<V>,
  events: CacheEvents,
  counts: Counts,
  size: SizeHint,
): MemoryTier<V> | undefined => {
  const { memory, name, random, now } = settings;
  if (memory === undefined) return undefined;
  return new MemoryTier<V>({
    ...memory,
    sizeOf: memory.measured
      ? (value, key) => size.given ?? checkSize(memory.sizeOf(value, key), key)
      : undefined,
    random,
    clock: now,
    onEvict: (key, cause) => {
      counts.evictions[cause]++;
      if (events.wants('evict')) events.emit('evict', { cache: name, key, tier: 'memory', cause });
    },
  });
};

/** A store behind its guard, with its failures counted and told of. */
export const openStore = <V>(
  { settings, events, counts: all, stamps, invalidations, onReplayed }: Shared<V>,
  at: number,
): StoreTier<V> => {
  const { name: cache, namespace, storeTimeoutMs, storePolicy, cooldown, recovery, now, wall } = settings;
  const tier: TierName = `store:${at}`;
  const counts = all.stores[at]!;
  return new StoreTier<V>({
    tier,
    store: new KeyvStore(settings.stores[at]!, `stores[${at}]`),
    keys: new StoreKeys(namespace),
    stamps,
    invalidations,
    now,
    wall,
    schema: settings.schema,
    guard: new StoreGuard({
      timeoutMs: storeTimeoutMs,
      ...cooldown,
      policy: storePolicy,
      clock: now,
      onCooldown: (failures, coolDownMs) => {
        if (events.wants('store-cooldown'))
          events.emit('store-cooldown', { cache, tier, failures, coolDownMs });
      },
      onRecovered: () => {
        if (events.wants('store-recovered')) events.emit('store-recovered', { cache, tier });
      },
    }),
    recovery: {
      ...recovery,
      maxRetryMs: cooldown.maxMs,
      onReplayed: ({ keys, ...outcome }) => {
        if (keys.length > 0) onReplayed(keys);
        counts.replayed += outcome.replayed;
        if (events.wants('store-replayed')) events.emit('store-replayed', { cache, tier, ...outcome });
      },
      onLost: (changes, cause) => {
        counts.lost += changes;
        if (events.wants('store-lost')) events.emit('store-lost', { cache, tier, changes, cause });
      },
    },
    onFailure: (operation, error, key) => {
      if (error === undefined) {
        counts.skipped++;
        return;
      }
      counts.errors++;
      if (error.code === 'CACHE_STORE_TIMEOUT') counts.timeouts++;
      if (events.wants('store-error')) events.emit('store-error', { cache, tier, operation, error, key });
    },
  });
};
