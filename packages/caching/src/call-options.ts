import type { Call } from './call.ts';
import { describe } from './describe.ts';
import type { ErrorPolicy } from './failures.ts';
import { checkTags } from './keys.ts';
import { onlyKnown, optionNames } from './only-known.ts';
import { checkTimeout, flag, optionalFunction } from './option-checks.ts';
import type { EagerRefresh } from './options.ts';
import { checkEager, type Settings } from './settings/settings.ts';
import { checkedDuration, checkTtl, type Duration, durationMs, type Ttl } from './ttl.ts';

/** Options of one write. What is left out is as the cache has it. */
export interface SetOptions<V> {
  /** How long the value is fresh. Default: the cache's. 0 = do not store, and remove what is there. */
  ttl?: Ttl<V> | undefined;
  /** How long past its ttl it may be served as a stale value. Default: the cache's. */
  grace?: Duration | undefined;
  /** Names under which `invalidateTags` finds it. */
  tags?: readonly string[] | undefined;
  /** Each read gives it its ttl anew, until it is this old. Default: the cache's. */
  slidingMaxAge?: Duration | undefined;
}

/** Options of one lookup with a loader. What is left out is as the cache has it. */
export interface GetOrSetOptions<V> extends SetOptions<V> {
  /** How long past its ttl it is served at once while one load runs. Default: the cache's. */
  staleWhileRevalidate?: Duration | undefined;
  /** Takes this caller out of the wait; the load is aborted only when every caller has left. */
  signal?: AbortSignal | undefined;
  /** How long this caller waits for the loader, in ms; the result is kept when it comes. Default: the cache's. */
  loaderTimeoutMs?: number | undefined;
  /** After this many ms of loading, this caller takes a stale value within `grace` instead of waiting on. Default: the cache's. */
  loaderSoftTimeoutMs?: number | undefined;
  /** Call the loader though there is a fresh value. Joins only a load that is forced as well. Default false. */
  forceRefresh?: boolean | undefined;
  /** From which share of its ttl a read loads it anew behind the answer. Default: the cache's. */
  eagerRefresh?: EagerRefresh | undefined;
  /** The ttl of `null`. Default: the cache's. */
  negativeTtl?: Duration | undefined;
  /** How long the loader's error is remembered. Default: the cache's. */
  errorTtl?: Duration | undefined;
  /** What becomes of the loader's error. Default: the cache's. */
  onLoaderError?: ErrorPolicy | undefined;
}

const setOptions = optionNames<SetOptions<unknown>>({
  ttl: true,
  grace: true,
  tags: true,
  slidingMaxAge: true,
});
const getOrSetOptions = [
  ...setOptions,
  ...optionNames<Omit<GetOrSetOptions<unknown>, keyof SetOptions<unknown>>>({
    staleWhileRevalidate: true,
    signal: true,
    loaderTimeoutMs: true,
    loaderSoftTimeoutMs: true,
    forceRefresh: true,
    eagerRefresh: true,
    negativeTtl: true,
    errorTtl: true,
    onLoaderError: true,
  }),
];
/** What `cached` passes on with each call. */
export const cachedCallOptions: readonly string[] = getOrSetOptions.filter(
  (name) => name !== 'signal' && name !== 'forceRefresh',
);

const knownOptions = {
  set: setOptions,
  setMany: setOptions,
  getOrSet: getOrSetOptions,
  getOrSetMany: getOrSetOptions,
  warm: ['concurrency', ...getOrSetOptions],
};

// By shape, since a signal may come from another realm.
const signalOf = (signal: AbortSignal | undefined): AbortSignal | undefined => {
  if (
    signal === undefined ||
    (typeof signal?.throwIfAborted === 'function' && typeof signal.addEventListener === 'function')
  )
    return signal;
  throw new TypeError(`signal must be an AbortSignal, got ${describe(signal)}`);
};

const negativeTtlOf = <V>(
  { negativeTtl }: GetOrSetOptions<V>,
  settings: Settings<V>,
): Duration | undefined =>
  negativeTtl === undefined ? settings.negativeTtl : checkedDuration('negativeTtl', negativeTtl);

/** One call's options, checked, with the cache's own where the call has none. */
export const readCall = <V>(
  method: keyof typeof knownOptions,
  options: GetOrSetOptions<V>,
  settings: Settings<V>,
): Call<V> => {
  const setting = method === 'set' || method === 'setMany';
  onlyKnown(method, options, knownOptions[method]);
  checkTtl('ttl', options.ttl);
  const limit = (name: 'loaderTimeoutMs' | 'loaderSoftTimeoutMs') =>
    options[name] === undefined ? settings[name] : checkTimeout(name, options[name]);
  const span = <T>(name: 'grace' | 'staleWhileRevalidate' | 'slidingMaxAge' | 'errorTtl', own: T) =>
    options[name] === undefined ? own : durationMs(name, options[name]);
  return {
    ttl: options.ttl,
    graceMs: span('grace', settings.graceMs),
    revalidateMs: span('staleWhileRevalidate', settings.revalidateMs),
    tags: checkTags(options.tags),
    signal: signalOf(options.signal),
    hardMs: limit('loaderTimeoutMs'),
    softMs: limit('loaderSoftTimeoutMs'),
    forced: flag('forceRefresh', options.forceRefresh),
    locked: method !== 'getOrSetMany',
    slidingMaxMs: span('slidingMaxAge', settings.slidingMaxMs),
    negativeTtl: setting ? undefined : negativeTtlOf(options, settings),
    errorMs: span('errorTtl', settings.errorMs),
    eager: options.eagerRefresh === undefined ? settings.eager : checkEager(options.eagerRefresh),
    onLoaderError: optionalFunction('onLoaderError', options.onLoaderError) ?? settings.onLoaderError,
  };
};

/** How a cache is closed. */
export interface CloseOptions {
  /** Disconnect the stores as well. Default false. */
  disconnect?: boolean | undefined;
}

/** Are the stores to be disconnected? */
export const readClose = (options: CloseOptions): boolean => {
  onlyKnown('close', options, ['disconnect']);
  return flag('disconnect', options.disconnect);
};
