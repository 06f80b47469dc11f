import type { Cache } from './cache.ts';
import { cachedCallOptions, type GetOrSetOptions, readCall } from './call-options.ts';
import { describe } from './describe.ts';
import { onlyKnown, optionNames } from './only-known.ts';
import { oneOf, text } from './option-checks.ts';
import type { CacheOptions } from './options.ts';
import { readOptions } from './settings/settings.ts';

/** Options of `cached`. `ttl: 300` is 300 milliseconds; write `'300s'` for seconds. */
export interface CachedOptions<V = unknown, A extends readonly unknown[] = readonly never[]>
  extends Omit<GetOrSetOptions<V>, 'signal' | 'forceRefresh'> {
  /** Where results are kept. Needs `name`, which sets the function apart in it. Default: a cache of its own. */
  cache?: Cache<V> | undefined;
  /** Of the function. With it and no `cache`, the function's own cache is found in `cacheManager` under this name. */
  name?: string | undefined;
  /** The key of a call, a non-empty string. Default: all arguments, by type and content. */
  key?: ((...args: A) => string) | undefined;
  /** Limits of the function's own cache. Not with `cache`. */
  memory?: CacheOptions<V>['memory'];
  /** Whether the function's own cache keeps `undefined` as well. Default false. Not with `cache`. */
  cacheUndefined?: boolean | undefined;
  /** Methods only: may instances share results? Default `'instance'`: no. */
  scope?: 'instance' | 'shared' | undefined;
  /** Milliseconds now, of the function's own cache; for tests. Not with `cache`. */
  clock?: (() => number) | undefined;
}

const ownOptions = optionNames<Omit<CachedOptions, keyof GetOrSetOptions<unknown>>>({
  cache: true,
  name: true,
  key: true,
  memory: true,
  cacheUndefined: true,
  scope: true,
  clock: true,
});
const ofOwnCache = ['memory', 'cacheUndefined', 'clock'] as const;

/** The options that go along with each call. */
export const callOptions = (options: CachedOptions): GetOrSetOptions<unknown> =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !ownOptions.includes(name)));

/** What somebody meant who gave no options object: Python counts `ttl` in seconds and gives it bare. */
const hintFor = (given: unknown): string => {
  if (typeof given === 'number') return `; for ${given} seconds write cached({ ttl: '${given}s' })`;
  if (typeof given === 'string')
    return `; for a time to live write cached({ ttl: ${JSON.stringify(given)} })`;
  return typeof given === 'function' ? '; write cached()(fn), or @cached() on a method' : '';
};

const checkShared = (options: CachedOptions): void => {
  if (typeof options.cache?.getOrSet !== 'function')
    throw new TypeError(`cache must be a cache of createCache, got ${describe(options.cache)}`);
  for (const name of ofOwnCache)
    if (options[name] !== undefined)
      throw new TypeError(`cached(): ${name} is of a function's own cache; with cache, set it there`);
  if (options.name === undefined)
    throw new TypeError(
      'cached(): name is required with cache, it sets the function apart in a shared cache',
    );
};

/** Checks all options once; every error names the option, what it expects and what it got. */
export const checkOptions = (options: CachedOptions): void => {
  onlyKnown('cached', options, [...cachedCallOptions, ...ownOptions], hintFor(options));
  readCall('getOrSet', callOptions(options), readOptions({}));
  if (options.key !== undefined && typeof options.key !== 'function')
    throw new TypeError(`key must be a function of the arguments, got ${describe(options.key)}`);
  oneOf('scope', options.scope ?? 'instance', ['instance', 'shared']);
  if (options.name !== undefined) text('name', options.name);
  if (options.cache !== undefined) checkShared(options);
};
