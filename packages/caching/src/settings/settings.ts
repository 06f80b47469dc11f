import type { ErrorPolicy } from '../failures.ts';
import { LookupClock } from '../lookup-clock.ts';
import { onlyKnown, optionNames } from '../only-known.ts';
import {
  checkTimeout,
  flag,
  oneOf,
  optionalFunction,
  pause,
  positiveInteger,
  text,
  within,
} from '../option-checks.ts';
import type { CacheOptions, EagerRefresh, MemoryOptions } from '../options.ts';
import { checkedDuration, type Duration, durationMs, type Ttl } from '../ttl.ts';
import { type MemorySettings, memorySettings } from './memory.ts';
import { type StoreSettings, storeSettings } from './stores.ts';

/** How long values live and what reading and loading does about it. */
interface LifeSettings<V> {
  ttl: Ttl<V> | undefined;
  graceMs: number;
  revalidateMs: number;
  slidingMaxMs: number | undefined;
  eager: EagerRefresh | undefined;
  negativeTtl: Duration | undefined;
  errorMs: number;
  onLoaderError: ErrorPolicy | undefined;
  graceBackoffMs: number;
  loaderTimeoutMs: number | undefined;
  loaderSoftTimeoutMs: number | undefined;
  maxLoads: number;
  cacheUndefined: boolean;
  jitter: number;
}

/** The options of a cache, checked and complete. Times are in ms. */
export interface Settings<V> extends StoreSettings, LifeSettings<V> {
  name: string;
  namespace: string;
  memory: MemorySettings<V> | undefined;
  clone: 'none' | 'structured' | 'freeze';
  /** Exact. */
  now: () => number;
  /** The time by `performance.now`, whatever clock was handed in. `reading` = what `now` has just answered, which is that time where none was. */
  elapsed: (reading: number) => number;
  /** For lookups of what is far from its end. */
  recent: () => number;
  wall: () => number;
  random: () => number;
}

export const cacheOptions: readonly string[] = optionNames<CacheOptions<unknown>>({
  name: true,
  namespace: true,
  memory: true,
  stores: true,
  ttl: true,
  grace: true,
  staleWhileRevalidate: true,
  slidingMaxAge: true,
  eagerRefresh: true,
  negativeTtl: true,
  errorTtl: true,
  onLoaderError: true,
  schema: true,
  bus: true,
  lock: true,
  lockLeaseMs: true,
  lockWaitMs: true,
  graceBackoffMs: true,
  loaderTimeoutMs: true,
  loaderSoftTimeoutMs: true,
  maxLoads: true,
  storeTimeoutMs: true,
  storeCooldown: true,
  storeRecovery: true,
  storePolicy: true,
  cacheUndefined: true,
  jitter: true,
  clone: true,
  clock: true,
  random: true,
});

/** A clock that throws, or answers no number, stands still: whoever waits for a load has to be answered all the same. */
const standing = (clock: () => number): (() => number) => {
  let last = 0;
  return () => {
    try {
      const now = clock();
      if (Number.isFinite(now)) last = now;
    } catch {
      // As it was.
    }
    return last;
  };
};

/** One that throws, or answers what is no share, gives the middle. */
const sharing = (random: () => number): (() => number) => {
  return () => {
    try {
      const share = random();
      return share >= 0 && share <= 1 ? share : 0.5;
    } catch {
      return 0.5;
    }
  };
};

/** Checks all options once; every error names the option, what it expects and what it got. */
export const readOptions = <V>(options: CacheOptions<V>): Settings<V> => {
  onlyKnown('createCache', options, cacheOptions);
  const name = text('name', options.name === undefined ? 'cache' : options.name);
  const { namespace = name, memory = {}, clone = 'none' } = options;
  const given = optionalFunction('clock', options.clock);
  const clock = given && standing(given);
  const random = optionalFunction('random', options.random);
  const own = new LookupClock();
  return {
    name,
    namespace: text('namespace', namespace),
    ...tierSettings(memory, options),
    ...lifeSettings(options),
    clone: oneOf('clone', clone, ['none', 'structured', 'freeze']),
    now: clock ?? own.now,
    elapsed: clock === undefined ? (reading) => reading : () => performance.now(),
    recent: clock ?? own.recent,
    wall: clock ?? Date.now,
    random: random === undefined ? Math.random : sharing(random),
  };
};

const tierSettings = <V>(
  memory: MemoryOptions<V> | false,
  options: CacheOptions<V>,
): Pick<Settings<V>, 'memory' | keyof StoreSettings> => {
  const near = memory === false ? undefined : memorySettings(memory);
  const far = storeSettings(options);
  if (far.stores.length === 0) {
    if (near === undefined)
      throw new TypeError(
        'memory: false needs at least one store in stores; with neither nothing would be cached',
      );
    if (near.ttlMs !== Number.POSITIVE_INFINITY)
      throw new TypeError(
        'memory.ttl needs at least one store in stores to ask after it; how long values live is said by ttl',
      );
  }
  return { memory: near, ...far };
};

const lifeSettings = <V>(options: CacheOptions<V>): LifeSettings<V> => {
  const { grace = 0, staleWhileRevalidate = 0, errorTtl = 0, graceBackoffMs = 10_000, jitter = 0 } = options;
  const graceMs = durationMs('grace', grace);
  if (options.loaderSoftTimeoutMs !== undefined && graceMs === 0)
    throw new TypeError('loaderSoftTimeoutMs needs grace: without it there is no stale value to serve');
  const timeout = (option: 'loaderTimeoutMs' | 'loaderSoftTimeoutMs') =>
    options[option] === undefined ? undefined : checkTimeout(option, options[option]);
  return {
    // A text is read once, not at each value.
    ttl:
      options.ttl === undefined || typeof options.ttl === 'function'
        ? options.ttl
        : durationMs('ttl', options.ttl),
    graceMs,
    revalidateMs: durationMs('staleWhileRevalidate', staleWhileRevalidate),
    slidingMaxMs:
      options.slidingMaxAge === undefined ? undefined : durationMs('slidingMaxAge', options.slidingMaxAge),
    eager: options.eagerRefresh === undefined ? undefined : checkEager(options.eagerRefresh),
    negativeTtl: checkedDuration('negativeTtl', options.negativeTtl),
    errorMs: durationMs('errorTtl', errorTtl),
    onLoaderError: optionalFunction('onLoaderError', options.onLoaderError),
    graceBackoffMs: pause('graceBackoffMs', graceBackoffMs),
    loaderTimeoutMs: timeout('loaderTimeoutMs'),
    loaderSoftTimeoutMs: timeout('loaderSoftTimeoutMs'),
    maxLoads:
      options.maxLoads === undefined
        ? Number.POSITIVE_INFINITY
        : positiveInteger('maxLoads', options.maxLoads),
    cacheUndefined: flag('cacheUndefined', options.cacheUndefined),
    jitter: within('jitter', jitter, 'a share from 0 to 1', (share) => share >= 0 && share <= 1),
  };
};

export const checkEager = (value: EagerRefresh): EagerRefresh =>
  value === 'probabilistic'
    ? value
    : within('eagerRefresh', value, "a share from 0 to 1 or 'probabilistic'", (x) => x >= 0 && x <= 1);
