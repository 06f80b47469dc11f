import type { Bus } from './bus/bus.ts';
import { describe } from './describe.ts';
import type { ErrorPolicy } from './failures.ts';
import type { LoadLock, LockSettings } from './load-lock.ts';
import type { PolicyName } from './memory/memory-tier.ts';
import { estimateSize } from './memory/size-of.ts';
import { onlyKnown } from './only-known.ts';
import {
  checkTimeout,
  flag,
  maxTimerMs,
  oneOf,
  optionalFunction,
  positiveInteger,
  text,
  within,
} from './option-checks.ts';
import type { StoreCooldown, StorePolicy } from './store/guard.ts';
import type { KeyvLike } from './store/keyv-store.ts';
import type { StoreRecovery } from './store/recovery.ts';
import type { SchemaSettings } from './store/schema.ts';
import { checkedDuration, checkTtl, type Duration, durationMs, type Ttl } from './ttl.ts';

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
  /** Estimate in `stats().memory.advice` the hit ratio of other capacities; a lookup takes up to twice as long. Default false. */
  advice?: boolean | undefined;
}

export interface CacheOptions<V> {
  /** For events and statistics. Default `'cache'`. */
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
  eagerRefresh?: number | 'probabilistic' | undefined;
  /** The ttl of a loaded `null` (or `undefined`, with `cacheUndefined`) in place of `ttl`. Default: as any value. */
  negativeTtl?: Duration | undefined;
  /** How long a loader's error is remembered in this process and thrown again without a load. Default 0. */
  errorTtl?: Duration | undefined;
  /** What becomes of a loader's error: covered by a stale value within `grace` (`'stale'`, the default), thrown, or thrown and remembered for `errorTtl`. */
  onLoaderError?: ErrorPolicy | undefined;
  /**
   * The version of the shape of values in stores, an integer >= 1 that grows with each incompatible change. Values of a
   * later version are left alone; those of an earlier one are misses, or go through `upgrade`, whose `undefined` is a miss.
   */
  schema?:
    | { version: number; upgrade?: ((value: unknown, from: number) => V | undefined) | undefined }
    | undefined;
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
  /** After this many ms of loading, a stale value within `grace` is served instead of waiting on. Default: off. */
  loaderSoftTimeoutMs?: number | undefined;
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
  /** Milliseconds now, for every decision about age. Default: a monotonic clock in memory, the wall clock in stores. */
  clock?: (() => number) | undefined;
  /** 0 <= x < 1. Default `Math.random`. */
  random?: (() => number) | undefined;
}

export interface Settings<V> {
  name: string;
  namespace: string;
  memory: Required<{ [K in keyof MemoryOptions<V>]: Exclude<MemoryOptions<V>[K], undefined> }> | undefined;
  measured: boolean;
  stores: readonly KeyvLike[];
  ttl: Ttl<V> | undefined;
  graceMs: number;
  revalidateMs: number;
  slidingMaxMs: number | undefined;
  eager: EagerRefresh | undefined;
  negativeTtl: Duration | undefined;
  errorMs: number;
  onLoaderError: ErrorPolicy | undefined;
  lock: LockSettings | undefined;
  bus: Bus | undefined;
  schema: SchemaSettings | undefined;
  graceBackoffMs: number;
  loaderTimeoutMs: number | undefined;
  loaderSoftTimeoutMs: number | undefined;
  storeTimeoutMs: number;
  cooldown: { failures: number; initialMs: number; maxMs: number };
  recovery: { maxEntries: number; retryMs: number };
  storePolicy: StorePolicy | undefined;
  cacheUndefined: boolean;
  jitter: number;
  clone: 'none' | 'structured' | 'freeze';
  now: () => number;
  wall: () => number;
  random: () => number;
}

export const cacheOptions: readonly string[] = [
  ...['name', 'namespace', 'memory', 'stores', 'ttl', 'grace', 'staleWhileRevalidate', 'graceBackoffMs'],
  ...['slidingMaxAge', 'eagerRefresh', 'negativeTtl', 'errorTtl', 'onLoaderError'],
  ...['schema', 'bus', 'lock', 'lockLeaseMs', 'lockWaitMs', 'loaderTimeoutMs', 'loaderSoftTimeoutMs'],
  ...['storeTimeoutMs', 'storeCooldown', 'storeRecovery', 'storePolicy'],
  ...['cacheUndefined', 'jitter', 'clone', 'clock', 'random'],
];
const MEMORY_OPTIONS = ['maxEntries', 'maxBytes', 'maxEntryBytes', 'sizeOf', 'policy', 'advice'];

export type EagerRefresh = number | 'probabilistic';

export const checkEager = (value: EagerRefresh): EagerRefresh =>
  value === 'probabilistic'
    ? value
    : within('eagerRefresh', value, "a share from 0 to 1 or 'probabilistic'", (x) => x >= 0 && x <= 1);

const checkBus = (bus: Bus | undefined): Bus | undefined => {
  if (bus !== undefined && (typeof bus?.publish !== 'function' || typeof bus.subscribe !== 'function'))
    throw new TypeError(`bus must have publish and subscribe, got ${describe(bus)}`);
  return bus;
};

const lockSettings = <V>(options: CacheOptions<V>): LockSettings | undefined => {
  const { lock, lockLeaseMs = 10_000, lockWaitMs } = options;
  const leaseMs = checkTimeout('lockLeaseMs', lockLeaseMs);
  const waitMs = lockWaitMs === undefined ? leaseMs : checkTimeout('lockWaitMs', lockWaitMs);
  if (lock === undefined) return undefined;
  for (const method of ['acquire', 'holds', 'release'] as const)
    if (typeof lock?.[method] !== 'function')
      throw new TypeError(`lock must have acquire, holds and release, got ${describe(lock)}`);
  if ((options.stores?.length ?? 0) === 0)
    throw new TypeError('lock needs stores: those that wait find the value there');
  return { lock, leaseMs, waitMs };
};

const memorySettings = <V>(options: MemoryOptions<V>): NonNullable<Settings<V>['memory']> => {
  onlyKnown('memory', options, MEMORY_OPTIONS);
  const maxBytes =
    options.maxBytes === undefined
      ? Number.POSITIVE_INFINITY
      : positiveInteger('memory.maxBytes', options.maxBytes);
  const sizeOf = options.sizeOf ?? estimateSize;
  if (typeof sizeOf !== 'function') throw new TypeError('memory.sizeOf must be a function of value and key');
  return {
    // A Map holds at most 2^24 entries.
    maxEntries: within(
      'memory.maxEntries',
      options.maxEntries ?? 10_000,
      'an integer from 1 to 16_000_000',
      (n) => Number.isInteger(n) && n >= 1 && n <= 16_000_000,
    ),
    maxBytes,
    maxEntryBytes:
      options.maxEntryBytes === undefined
        ? maxBytes / 4
        : positiveInteger('memory.maxEntryBytes', options.maxEntryBytes),
    sizeOf,
    policy: oneOf('memory.policy', options.policy ?? 'w-tinylfu', ['w-tinylfu', 'lru', 's3fifo']),
    advice: flag('memory.advice', options.advice),
  };
};

const schemaSettings = <V>(schema: CacheOptions<V>['schema']): SchemaSettings | undefined => {
  if (schema === undefined) return undefined;
  onlyKnown('schema', schema, ['version', 'upgrade']);
  return {
    version: positiveInteger('schema.version', schema.version),
    upgrade: optionalFunction('schema.upgrade', schema.upgrade),
  };
};

/** Checks all options once; every error names the option, what it expects and what it got. */
export const readOptions = <V>(options: CacheOptions<V>): Settings<V> => {
  onlyKnown('createCache', options, cacheOptions);
  const name = text('name', options.name ?? 'cache');
  checkTtl('ttl', options.ttl);
  const memory =
    options.memory === false ? undefined : memorySettings(options.memory === undefined ? {} : options.memory);
  const given = options.memory === false ? undefined : options.memory;
  const timeout = (option: 'loaderTimeoutMs' | 'loaderSoftTimeoutMs') =>
    options[option] === undefined ? undefined : checkTimeout(option, options[option]);
  const span = (option: string, value: unknown, fallback: number) =>
    within(option, value ?? fallback, 'a number of ms >= 0', (ms) => ms >= 0);
  const cooldown = options.storeCooldown === undefined ? {} : options.storeCooldown;
  onlyKnown('storeCooldown', cooldown, ['failures', 'initialMs', 'maxMs']);
  const recovery: StoreRecovery =
    options.storeRecovery === undefined || options.storeRecovery === false ? {} : options.storeRecovery;
  onlyKnown('storeRecovery', recovery, ['maxEntries', 'retryMs']);
  if (options.stores !== undefined && !Array.isArray(options.stores))
    throw new TypeError(`stores must be an array, got ${describe(options.stores)}`);
  if (memory === undefined && (options.stores?.length ?? 0) === 0)
    throw new TypeError(
      'memory: false needs at least one store in stores; with neither nothing would be cached',
    );
  if (options.storePolicy !== undefined && typeof options.storePolicy?.execute !== 'function')
    throw new TypeError(`storePolicy must have execute(fn, signal?), got ${describe(options.storePolicy)}`);
  const clock = optionalFunction('clock', options.clock);
  return {
    name,
    namespace: text('namespace', options.namespace ?? name),
    memory,
    measured:
      given?.maxBytes !== undefined || given?.maxEntryBytes !== undefined || given?.sizeOf !== undefined,
    stores: options.stores ?? [],
    ttl: options.ttl,
    graceMs: durationMs('grace', options.grace ?? 0),
    revalidateMs: durationMs('staleWhileRevalidate', options.staleWhileRevalidate ?? 0),
    slidingMaxMs:
      options.slidingMaxAge === undefined ? undefined : durationMs('slidingMaxAge', options.slidingMaxAge),
    eager: options.eagerRefresh === undefined ? undefined : checkEager(options.eagerRefresh),
    negativeTtl: checkedDuration('negativeTtl', options.negativeTtl),
    errorMs: durationMs('errorTtl', options.errorTtl ?? 0),
    onLoaderError: optionalFunction('onLoaderError', options.onLoaderError),
    lock: lockSettings(options),
    bus: checkBus(options.bus),
    schema: schemaSettings(options.schema),
    graceBackoffMs: span('graceBackoffMs', options.graceBackoffMs, 10_000),
    loaderTimeoutMs: timeout('loaderTimeoutMs'),
    loaderSoftTimeoutMs: timeout('loaderSoftTimeoutMs'),
    storeTimeoutMs: checkTimeout('storeTimeoutMs', options.storeTimeoutMs ?? 1_000),
    cooldown: {
      failures: positiveInteger('storeCooldown.failures', cooldown.failures ?? 3),
      initialMs: span('storeCooldown.initialMs', cooldown.initialMs, 1_000),
      maxMs: span('storeCooldown.maxMs', cooldown.maxMs, 30_000),
    },
    recovery: {
      maxEntries:
        options.storeRecovery === false
          ? 0
          : positiveInteger('storeRecovery.maxEntries', recovery.maxEntries ?? 10_000),
      retryMs: within(
        'storeRecovery.retryMs',
        recovery.retryMs ?? 1_000,
        'a number of ms from 1 to 2_147_483_647',
        (ms) => ms >= 1 && ms <= maxTimerMs,
      ),
    },
    storePolicy: options.storePolicy,
    cacheUndefined: flag('cacheUndefined', options.cacheUndefined),
    jitter: within('jitter', options.jitter ?? 0, 'a share from 0 to 1', (share) => share >= 0 && share <= 1),
    clone: oneOf('clone', options.clone ?? 'none', ['none', 'structured', 'freeze']),
    now: clock ?? (() => performance.now()),
    wall: clock ?? Date.now,
    random: optionalFunction('random', options.random) ?? Math.random,
  };
};
