import type { Call, KeysLoader } from './call.ts';
import { describe } from './describe.ts';
import type { ErrorPolicy } from './failures.ts';
import { checkTags } from './keys.ts';
import { onlyKnown, optionNames } from './only-known.ts';
import { checkTimeout, flag, optionalFunction, within } from './option-checks.ts';
import type { EagerRefresh } from './options.ts';
import { checkEager, type Settings } from './settings/settings.ts';
import { checkedDuration, checkTtl, type Duration, durationMs, type Ttl } from './ttl.ts';

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

export interface GetOrSetOptions<V> extends SetOptions<V> {
  /** How long past its ttl it is served at once while one load runs. Default: the cache's. */
  staleWhileRevalidate?: Duration | undefined;
  /** Takes this caller out of the wait; the load is aborted only when every caller has left. */
  signal?: AbortSignal | undefined;
  loaderTimeoutMs?: number | undefined;
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

/** What a loader is told, and how it can steer what is kept. */
export interface LoadContext<V> {
  readonly key: string;
  /** Aborts when every waiting caller has left by its own signal, or the cache is closed. */
  readonly signal: AbortSignal;
  /** The value that ran out, where there still is one. */
  readonly staleValue: V | undefined;
  /** What the loader gave to `setEtag` when it brought `staleValue`. */
  readonly etag: string | undefined;
  setTtl(ttl: Ttl<V>): void;
  setTags(tags: readonly string[]): void;
  /** The version of this value, for a conditional request next time. */
  setEtag(etag: string | undefined): void;
  /** Its bytes in memory, where measuring would be wrong or costly. Counts only with `memory.maxBytes` or `maxEntryBytes`. */
  setSize(bytes: number): void;
  /** Give the value to the callers, but keep nothing. */
  skip(): void;
}

export type Loader<V> = (context: LoadContext<V>) => V | Promise<V>;

/** Loads many keys at once; a key that the answer lacks has no value. */
export type ManyLoader<V> = (
  keys: string[],
  context: { readonly signal: AbortSignal },
) => ReadonlyMap<string, V> | Promise<ReadonlyMap<string, V>>;

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

export const checkLoader = (loader: unknown): void => {
  if (typeof loader !== 'function') throw new TypeError(`loader must be a function, got ${describe(loader)}`);
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

export const one =
  <V>(loader: Loader<V>): KeysLoader<V> =>
  async (wanted, signal) => {
    const { key, stale } = wanted[0]!;
    let ttl: Ttl<V> | undefined;
    let tags: readonly string[] | undefined;
    let etag: string | undefined;
    let size: number | undefined;
    let skip = false;
    const value = await loader({
      key,
      signal,
      staleValue: stale?.value,
      etag: stale?.etag,
      setTtl(next) {
        checkTtl('ttl', next);
        ttl = next;
      },
      setTags(next) {
        tags = checkTags(next) ?? [];
      },
      setEtag(next) {
        if (next !== undefined && typeof next !== 'string')
          throw new TypeError(`setEtag must be given a string, got ${describe(next)}`);
        etag = next;
      },
      setSize(bytes) {
        size = within('setSize', bytes, 'given a number of bytes >= 0', (n) => n >= 0);
      },
      skip() {
        skip = true;
      },
    });
    return new Map([[key, { value, ttl, tags, etag, size, skip }]]);
  };

export const many =
  <V>(loader: ManyLoader<V>): KeysLoader<V> =>
  async (wanted, signal) => {
    const keys = wanted.map(({ key }) => key);
    const loaded: ReadonlyMap<string, V> | undefined = await loader(keys, { signal });
    if (typeof loaded?.has !== 'function' || typeof loaded.get !== 'function')
      throw new TypeError(`the loader of getOrSetMany must return a Map, got ${describe(loaded)}`);
    return new Map(keys.flatMap((key) => (loaded.has(key) ? [[key, { value: loaded.get(key) as V }]] : [])));
  };
