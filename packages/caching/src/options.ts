import { describe } from './describe.ts';
import type { PolicyName } from './memory/memory-tier.ts';
import { estimateSize } from './memory/size-of.ts';
import { onlyKnown } from './only-known.ts';
import type { StoreCooldown, StorePolicy } from './store/guard.ts';
import type { KeyvLike } from './store/keyv-store.ts';
import { checkTtl, type Duration, durationMs, type Ttl } from './ttl.ts';

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
  /** After a failed load that was covered by a stale value, the loader is left alone this long, in ms. Default 10_000. */
  graceBackoffMs?: number | undefined;
  /** How long a caller waits for a loader, in ms; the result is kept when it comes. Default: no limit. */
  loaderTimeoutMs?: number | undefined;
  /** After this many ms of loading, a stale value within `grace` is served instead of waiting on. Default: off. */
  loaderSoftTimeoutMs?: number | undefined;
  /** How long any store call may take, in ms. Default 1_000. */
  storeTimeoutMs?: number | undefined;
  /** When a failing store is left alone, and for how long. */
  storeCooldown?: StoreCooldown | undefined;
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
  graceBackoffMs: number;
  loaderTimeoutMs: number | undefined;
  loaderSoftTimeoutMs: number | undefined;
  storeTimeoutMs: number;
  cooldown: { failures: number; initialMs: number; maxMs: number };
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
  ...['loaderTimeoutMs', 'loaderSoftTimeoutMs', 'storeTimeoutMs', 'storeCooldown', 'storePolicy'],
  ...['cacheUndefined', 'jitter', 'clone', 'clock', 'random'],
];
const MEMORY_OPTIONS = ['maxEntries', 'maxBytes', 'maxEntryBytes', 'sizeOf', 'policy', 'advice'];

const maxTimerMs = 2 ** 31 - 1;

const within = (
  option: string,
  value: unknown,
  expected: string,
  fits: (value: number) => boolean,
): number => {
  if (typeof value !== 'number' || !fits(value))
    throw new RangeError(`${option} must be ${expected}, got ${describe(value)}`);
  return value;
};

/** A time limit for a timer; above what a timer can hold it is as good as none, and cut to that. */
export const checkTimeout = (option: string, value: unknown): number =>
  Math.min(
    maxTimerMs,
    within(option, value, 'a number of ms above 0', (ms) => ms > 0),
  );

export const oneOf = <T extends string>(option: string, value: T, allowed: readonly T[]): T => {
  if (!allowed.includes(value))
    throw new TypeError(`${option} must be one of ${allowed.join(', ')}, got ${describe(value)}`);
  return value;
};

const optionalFunction = <F>(option: string, value: F): F => {
  if (value === undefined || typeof value === 'function') return value;
  throw new TypeError(`${option} must be a function, got ${describe(value)}`);
};

export const flag = (option: string, value: boolean | undefined): boolean => {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw new TypeError(`${option} must be true or false, got ${describe(value)}`);
};

const positiveInteger = (option: string, value: unknown): number =>
  within(option, value, 'an integer >= 1', (n) => Number.isInteger(n) && n >= 1);

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

const text = (option: string, value: unknown): string => {
  if (typeof value !== 'string' || value === '')
    throw new TypeError(`${option} must be a non-empty string, got ${value === '' ? "''" : describe(value)}`);
  return value;
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
    graceBackoffMs: span('graceBackoffMs', options.graceBackoffMs, 10_000),
    loaderTimeoutMs: timeout('loaderTimeoutMs'),
    loaderSoftTimeoutMs: timeout('loaderSoftTimeoutMs'),
    storeTimeoutMs: checkTimeout('storeTimeoutMs', options.storeTimeoutMs ?? 1_000),
    cooldown: {
      failures: positiveInteger('storeCooldown.failures', cooldown.failures ?? 3),
      initialMs: span('storeCooldown.initialMs', cooldown.initialMs, 1_000),
      maxMs: span('storeCooldown.maxMs', cooldown.maxMs, 30_000),
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
