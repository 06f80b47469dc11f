import type { KeysLoader, Loaded, Wanted } from './call.ts';
import { describe } from './describe.ts';
import { checkTags } from './keys.ts';
import { within } from './option-checks.ts';
import { checkTtl, type Ttl } from './ttl.ts';

/** What a loader is told, and how it can steer what is kept. */
export interface LoadContext<V> {
  readonly key: string;
  /** Aborts when every waiting caller has left by its own signal, or the cache is closed. */
  readonly signal: AbortSignal;
  /** The value that ran out, where there still is one. */
  readonly staleValue: V | undefined;
  /** What the loader gave to `setEtag` when it brought `staleValue`. */
  readonly etag: string | undefined;
  /** How long this value is fresh, before any other ttl. 0 = do not store, and remove what is there. */
  setTtl(ttl: Ttl<V>): void;
  /** Names under which `invalidateTags` finds this value, in place of those of the call. */
  setTags(tags: readonly string[]): void;
  /** The version of this value, for a conditional request next time. */
  setEtag(etag: string | undefined): void;
  /** Its bytes in memory, where measuring would be wrong or costly. Counts only with `memory.maxBytes` or `maxEntryBytes`. */
  setSize(bytes: number): void;
  /** Give the value to the callers, but keep nothing. */
  skip(): void;
}

/** Brings the value of a key from its source. It may answer at once or later; what it throws or rejects with goes to the callers. */
export type Loader<V> = (context: LoadContext<V>) => V | Promise<V>;

/** What a loader of many keys is told. */
export interface ManyContext<V> {
  /** Aborts when nobody waits for any of the keys, or the cache is closed. */
  readonly signal: AbortSignal;
  /**
   * What is known of one of the keys, and how to steer what is kept of it.
   * @throws TypeError for a key that was not asked for.
   */
  of(key: string): LoadContext<V>;
}

/** Loads many keys at once; a key that the answer lacks has no value. */
export type ManyLoader<V> = (
  keys: string[],
  context: ManyContext<V>,
) => ReadonlyMap<string, V> | Promise<ReadonlyMap<string, V>>;

export const checkLoader = (loader: unknown): void => {
  if (typeof loader !== 'function') throw new TypeError(`loader must be a function, got ${describe(loader)}`);
};

type Said<V> = Omit<Loaded<V>, 'value'>;

/** The context of one key, and what its loader said. */
const steering = <V>({ key, stale }: Wanted<V>, signal: AbortSignal) => {
  const said: Said<V> = {};
  const context: LoadContext<V> = {
    key,
    signal,
    staleValue: stale?.value,
    etag: stale?.etag,
    setTtl(ttl) {
      checkTtl('ttl', ttl);
      said.ttl = ttl;
    },
    setTags(tags) {
      said.tags = checkTags(tags) ?? [];
    },
    setEtag(etag) {
      if (etag !== undefined && typeof etag !== 'string')
        throw new TypeError(`setEtag must be given a string, got ${describe(etag)}`);
      said.etag = etag;
    },
    setSize(bytes) {
      said.size = within('setSize', bytes, 'given a number of bytes >= 0', (n) => n >= 0);
    },
    skip() {
      said.skip = true;
    },
  };
  return { context, said };
};

const isThenable = (value: unknown): boolean =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

export const one =
  <V>(loader: Loader<V>): KeysLoader<V> =>
  (wanted, signal) => {
    const { context, said } = steering(wanted[0]!, signal);
    const answer = loader(context);
    // Only what is there to await is awaited: each turn of the queue would make a plain miss dearer.
    return isThenable(answer) ? later(answer, said) : [{ ...said, value: answer as V }];
  };

// Awaits first: the loader may steer until it answers.
const later = async <V>(answer: V | Promise<V>, said: Said<V>): Promise<Loaded<V>[]> => {
  const value = await answer;
  return [{ ...said, value }];
};

export const many =
  <V>(loader: ManyLoader<V>): KeysLoader<V> =>
  async (wanted, signal) => {
    // A context is made for those keys only that are steered.
    const steered = new Map<string, ReturnType<typeof steering<V>>>();
    const byKey = new Map(wanted.map((each) => [each.key, each]));
    const of = (key: string): LoadContext<V> => {
      const found = byKey.get(key);
      if (found === undefined) throw new TypeError(`of() knows the keys to load, got ${describe(key)}`);
      if (!steered.has(key)) steered.set(key, steering(found, signal));
      return steered.get(key)!.context;
    };
    const loaded: ReadonlyMap<string, V> | undefined = await loader([...byKey.keys()], { signal, of });
    if (typeof loaded?.has !== 'function' || typeof loaded.get !== 'function')
      throw new TypeError(`the loader of getOrSetMany must return a Map, got ${describe(loaded)}`);
    return wanted.map(({ key }) =>
      loaded.has(key) ? { ...steered.get(key)?.said, value: loaded.get(key) as V } : undefined,
    );
  };
