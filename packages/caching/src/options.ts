import type { Bus } from './bus/bus.ts';
import type { ErrorPolicy } from './failures.ts';
import type { LoadLock } from './load-lock.ts';
import type { PolicyName } from './memory/memory-tier.ts';
import type { StoreCooldown, StorePolicy } from './store/guard.ts';
import type { KeyvLike } from './store/keyv-store.ts';
import type { StoreRecovery } from './store/recovery.ts';
import type { Duration, Ttl } from './ttl.ts';

/** Limits of the memory tier. */
export interface MemoryOptions<V> {
  /** Entries held at most. Default 10_000. */
  maxEntries?: number | undefined;
  /** Bytes held at most, by `sizeOf`. Default: not limited, not measured. */
  maxBytes?: number | undefined;
  /** A larger entry stays out of memory. Default: a quarter of `maxBytes`. */
  maxEntryBytes?: number | undefined;
  /** Bytes of an entry. Default: an estimate of key and value. */
  sizeOf?: ((value: V, key: string) => number) | undefined;
  /** Who leaves when it is full. Default `'w-tinylfu'`. */
  policy?: PolicyName | undefined;
  /**
   * How long memory serves a value before the stores are asked for it anew, at most its `ttl`: how old a change made by
   * another process may get here. 0 = ask each time. Default: the `ttl` of the value.
   */
  ttl?: Duration | undefined;
  /** Estimate in `stats().memory.advice` the hit ratio of other capacities; a lookup takes up to twice as long. Default false. */
  advice?: boolean | undefined;
}

/** The version of the shape of values in stores, for values that outlive a release of the application. */
export interface SchemaOptions<V> {
  /** An integer >= 1 that grows with each incompatible change; values written without a schema are of version 0. */
  version: number;
  /** Brings an earlier value up to this version; `undefined` = cannot, which is a miss. Default: all earlier ones are misses. */
  upgrade?: ((value: unknown, from: number) => V | undefined) | undefined;
}

/** The share of the ttl (0 to 1) from which a read loads behind its answer, or `'probabilistic'`. */
export type EagerRefresh = number | 'probabilistic';

/**
 * Options of a cache. Policy times (`ttl`, `grace`, ...) are durations; limits of waiting have names that end in `Ms` and
 * are numbers. `undefined` = the default; `null` = no end, where a duration is asked for, and refused everywhere else.
 */
export interface CacheOptions<V> {
  /** For events and statistics. Default `'cache'`; with `stores`, give one, or two caches share the namespace `'cache'`. */
  name?: string | undefined;
  /** Sets the keys of this cache apart from others in the same store. Default: the name. */
  namespace?: string | undefined;
  /** The tier in this process; `false` for none, which needs `stores`. */
  memory?: MemoryOptions<V> | false | undefined;
  /** Keyv instances or Keyv storage adapters, nearest first. Default: none. */
  stores?: readonly KeyvLike[] | undefined;
  /** How long a value is fresh: ms, `'5m'`, or a function of the value. Default: no end. */
  ttl?: Ttl<V> | undefined;
  /** How long past its ttl a value may still be served when the loader fails or is slow. Default 0. */
  grace?: Duration | undefined;
  /** How long past its ttl a value is served at once while one load runs behind it. Default 0. */
  staleWhileRevalidate?: Duration | undefined;
  /** Each read of a fresh value gives it its ttl anew, until it is this old. Default: off; `null` = no maximum. */
  slidingMaxAge?: Duration | undefined;
  /**
   * A read that finds a value which has used up this share of its ttl (0 to 1) gets it, and starts one load behind it;
   * `'probabilistic'`: the likelier the nearer its end, by the time loads take (XFetch). Default: off.
   */
  eagerRefresh?: EagerRefresh | undefined;
  /** The ttl of a loaded `null` (or `undefined`, with `cacheUndefined`) in place of `ttl`. Default: as any value. */
  negativeTtl?: Duration | undefined;
  /** How long a loader's error is remembered in this process and thrown again without a load. Default 0. */
  errorTtl?: Duration | undefined;
  /** What becomes of a loader's error: covered by a stale value within `grace` (`'stale'`, the default), thrown, or thrown and remembered for `errorTtl`. */
  onLoaderError?: ErrorPolicy | undefined;
  /** The shape of values in stores: a value of a later version is left alone, one of an earlier version upgraded or missed. Default: version 0. */
  schema?: SchemaOptions<V> | undefined;
  /** Tells the caches of other processes of each change, so that their memory does not outlive it. */
  bus?: Bus | undefined;
  /** Lets one process at a time load a key; the others wait for its value in the stores. Needs `stores`. */
  lock?: LoadLock | undefined;
  /** For how long the lock is taken, in ms: a holder that died is followed after this. Default 10_000. */
  lockLeaseMs?: number | undefined;
  /** How long a process waits for another's load before it loads itself, in ms. Default: `lockLeaseMs`. */
  lockWaitMs?: number | undefined;
  /** After a failed load that was covered by a stale value, the loader is left alone this long, in ms. Default 10_000. */
  graceBackoffMs?: number | undefined;
  /** How long a caller waits for a loader, in ms; the result is kept when it comes. Default: no limit. */
  loaderTimeoutMs?: number | undefined;
  /** After this many ms of loading, a stale value within `grace` is served instead of waiting on. Needs `grace`. Default: off. */
  loaderSoftTimeoutMs?: number | undefined;
  /**
   * Loader calls at the same time in this process; the others wait their turn, and their time limits run meanwhile. A loader
   * that calls `getOrSet` of the same cache waits for a turn of its own. Default: no limit.
   */
  maxLoads?: number | undefined;
  /** How long any store call may take, and all that one lookup makes, the lock included, in ms. Default 1_000. */
  storeTimeoutMs?: number | undefined;
  /** When a failing store is left alone, and for how long. */
  storeCooldown?: StoreCooldown | undefined;
  /** Sends again what a store missed; `false` = never. */
  storeRecovery?: StoreRecovery | false | undefined;
  /** Runs every store call in place of the cool-down, `{ execute(fn, signal?) }`: a circuit breaker, a pipeline. */
  storePolicy?: StorePolicy | undefined;
  /** Cache `undefined` as well. Default false: it is not stored and removes what was there. `null` is a value like any. */
  cacheUndefined?: boolean | undefined;
  /** Shortens each finite ttl by up to this share (0 to 1), so that entries made together do not end together. Default 0. */
  jitter?: number | undefined;
  /** What memory hands out: the stored object itself, a structured clone, or the object deeply frozen. Default `'none'`. */
  clone?: 'none' | 'structured' | 'freeze' | undefined;
  /** Milliseconds now, for every decision about age. Default: a monotonic clock in memory, the wall clock in stores. One that throws stands still. */
  clock?: (() => number) | undefined;
  /** 0 <= x < 1. Default `Math.random`. */
  random?: (() => number) | undefined;
}
