// The whole public surface of @agent4/caching. What is not exported here can change at any time.
export { type Bus, type BusListener, memoryBus } from './bus/bus.ts';
export type { BusStats } from './bus/link.ts';
export { Cache, createCache } from './cache.ts';
export { CacheManager, cacheManager, type ManagerStats, type WarmPlan } from './cache-manager.ts';
export {
  type Cached,
  type CachedFunction,
  type CachedHandle,
  cached,
  cachedHandle,
} from './cached.ts';
export type { CachedOptions } from './cached-options.ts';
export type { CloseOptions, GetOrSetOptions, SetOptions } from './call-options.ts';
export { CacheClosedError, CacheExistsError, LoaderTimeoutError, StoreError } from './errors.ts';
export type { CacheEventMap, CacheEventName, CacheListener, StaleReason, TierName } from './events.ts';
export type { ErrorPolicy } from './failures.ts';
export type { Answer } from './flight.ts';
export type { Lease, LoadLock } from './load-lock.ts';
export type { LoadContext, Loader, ManyContext, ManyLoader } from './loader.ts';
export type { HitRateAdvice } from './memory/hit-rate-advisor.ts';
export type { EvictionCause, PolicyName } from './memory/memory-tier.ts';
export type { CacheOptions, EagerRefresh, MemoryOptions, SchemaOptions } from './options.ts';
export type { CacheDump } from './recall.ts';
export { SelfWaitError } from './self-wait.ts';
export type { CacheStats, LoadTimes, MemoryTierStats, StoreTierStats } from './stats.ts';
export type { StoreCooldown, StorePolicy, StoreState } from './store/guard.ts';
export type { KeyvLike } from './store/keyv-store.ts';
export type { StoreRecovery } from './store/recovery.ts';
export type { StoreOperation } from './store/store-writer.ts';
export type { Duration, Ttl } from './ttl.ts';
export type { WarmOptions, WarmUp } from './warm-up.ts';
