import { argumentsKey } from './arguments-key.ts';
import { type Cache, createCache } from './cache.ts';
import { cacheManager } from './cache-manager.ts';
import { type CachedOptions, callOptions, checkOptions } from './cached-options.ts';
import { describe } from './describe.ts';
import { checkKey } from './keys.ts';
import type { CacheOptions } from './options.ts';

/** What a cached function carries. */
export interface CachedHandle<A extends readonly unknown[] = readonly unknown[]> {
  readonly cache: Cache<unknown>;
  /** The key of a call with these arguments. */
  key(...args: A): string;
  /** Forgets the result of these arguments; true when there was one. */
  invalidate(...args: A): Promise<boolean>;
}

export type CachedFunction<This, A extends unknown[], R> = ((this: This, ...args: A) => Promise<Awaited<R>>) &
  CachedHandle<A>;

type AsyncMethod = (...args: never[]) => Promise<unknown>;

/** Wraps a function, or decorates an async method in either decorator dialect. */
export interface Cached {
  <This, A extends unknown[], R>(fn: (this: This, ...args: A) => R): CachedFunction<This, A, R>;
  <This, A extends unknown[], R>(
    method: (this: This, ...args: A) => Promise<R>,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: A) => Promise<R>>,
  ): (this: This, ...args: A) => Promise<R>;
  <M extends AsyncMethod>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void;
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

const handles = new WeakMap<object, (instance: unknown) => CachedHandle>();
const instances = new WeakMap<object, number>();
let lastInstance = 0;

const instanceId = (instance: unknown): string => {
  if ((typeof instance !== 'object' && typeof instance !== 'function') || instance === null)
    throw new TypeError('cached(): the method has no instance; call it on one, or set scope: "shared"');
  let id = instances.get(instance);
  if (id === undefined) {
    id = ++lastInstance;
    instances.set(instance, id);
  }
  return `@${id}`;
};

const taken = new WeakMap<object, Set<string>>();

/** Functions of one name in one cache would be given each other's results. */
const take = (cache: Cache<unknown>, name: string): Cache<unknown> => {
  const names = taken.get(cache) ?? new Set();
  if (names.has(name))
    throw new Error(`A function named ${JSON.stringify(name)} is in the cache "${cache.name}" already`);
  taken.set(cache, names.add(name));
  return cache;
};

const ownCache = (name: string | undefined, fallback: string, options: CachedOptions): Cache<unknown> => {
  const { memory, clock, cacheUndefined } = options;
  const settings = { memory, clock, cacheUndefined } as CacheOptions<unknown>;
  return name === undefined
    ? createCache({ ...settings, name: fallback })
    : cacheManager.create(name, settings);
};

const wrap = (
  fn: AnyFunction,
  options: CachedOptions,
  scope: 'instance' | 'shared',
  called: string,
): AnyFunction => {
  const call = callOptions(options);
  const prefix = options.name ?? (called || 'anonymous');
  const cache =
    options.cache === undefined
      ? ownCache(options.name, prefix, options)
      : take(options.cache as Cache<unknown>, prefix);
  const keyOf = (instance: unknown, args: readonly unknown[]): string => {
    const own = options.key === undefined ? argumentsKey(args) : options.key(...(args as never[]));
    if (options.key !== undefined) checkKey(own, 'the answer of the key function');
    return `${prefix}${scope === 'instance' ? instanceId(instance) : ''}(${own})`;
  };
  const wrapped = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return cache.getOrSet(keyOf(this, args), () => fn.apply(this, args), call);
  };
  const handleOf = (instance: unknown): CachedHandle => ({
    cache,
    key: (...args) => keyOf(instance, args),
    invalidate: async (...args) => cache.delete(keyOf(instance, args)),
  });
  Object.defineProperty(wrapped, 'name', { value: called, configurable: true });
  Object.defineProperty(wrapped, 'length', { value: fn.length, configurable: true });
  handles.set(wrapped, handleOf);
  return Object.assign(wrapped, handleOf(undefined));
};

const methodScope = (options: CachedOptions): 'instance' | 'shared' => {
  const scope = options.scope ?? 'instance';
  if (scope === 'instance' && (options.cache?.stats().stores.length ?? 0) > 0)
    throw new TypeError(
      "cached(): a cache with stores cannot tell this process's instances from another's; set scope: 'shared'",
    );
  return scope;
};

/**
 * Caches the results of a function, one call at a time for equal arguments.
 * `cached({ ttl: '5m' })(fn)` wraps a function; `@cached({ ttl: '5m' })` decorates an async method, both dialects.
 * A wrapped function carries `.invalidate(...args)`, `.key(...args)` and `.cache`; for a method use {@link cachedHandle}.
 * @throws TypeError or RangeError here for an option that is unknown or wrong.
 * @throws TypeError at a call whose arguments cannot be told apart safely (functions, symbols, cycles, class instances).
 */
export function cached<V, A extends unknown[] = never[]>(options: CachedOptions<V, A> = {}): Cached {
  const given = options as unknown as CachedOptions;
  checkOptions(given);
  const apply = (
    target: unknown,
    second?: { kind: string; name: string | symbol; static: boolean } | string | symbol,
    descriptor?: PropertyDescriptor,
  ): unknown => {
    if (second === undefined) {
      if (typeof target !== 'function')
        throw new TypeError(`cached() wraps a function, got ${describe(target)}`);
      return wrap(target as AnyFunction, given, given.scope ?? 'shared', target.name);
    }
    if (typeof second === 'object') {
      if (second.kind !== 'method') throw new TypeError(`cached() decorates methods, not a ${second.kind}`);
      return wrap(target as AnyFunction, given, methodScope(given), String(second.name));
    }
    if (typeof descriptor?.value !== 'function')
      throw new TypeError(`cached() decorates methods, not ${String(second)}`);
    descriptor.value = wrap(descriptor.value as AnyFunction, given, methodScope(given), String(second));
    return undefined;
  };
  return apply as unknown as Cached;
}

/** The handle of a cached function; for a method whose instances do not share results, of one instance. */
export function cachedHandle<A extends unknown[]>(
  fn: (...args: A) => Promise<unknown>,
  instance?: object,
): CachedHandle<A> {
  const handleOf = handles.get(fn);
  if (handleOf === undefined) throw new TypeError('cachedHandle(): this function was not made by cached()');
  return handleOf(instance) as CachedHandle<A>;
}
