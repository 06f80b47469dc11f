import type { ErrorPolicy } from './failures.ts';
import type { Found } from './found.ts';
import type { EagerRefresh } from './options.ts';
import type { Duration, Ttl } from './ttl.ts';

/** One call's options, checked, with the cache's own filled in. */
export interface Call<V> {
  ttl: Ttl<V> | undefined;
  graceMs: number;
  revalidateMs: number;
  tags: readonly string[] | undefined;
  signal: AbortSignal | undefined;
  hardMs: number | undefined;
  softMs: number | undefined;
  forced: boolean;
  negativeTtl: Duration | undefined;
  errorMs: number;
  eager: EagerRefresh | undefined;
  /** Of a load behind a fresh value: only a newer one in the stores makes it needless. */
  renewing?: boolean | undefined;
  /** False for the methods of many keys, which take no lock. */
  locked: boolean;
  slidingMaxMs: number | undefined;
  onLoaderError: ErrorPolicy | undefined;
}

/** What a loader brought for one key. */
export interface Loaded<V> {
  value: V;
  ttl?: Ttl<V> | undefined;
  tags?: readonly string[] | undefined;
  skip?: boolean | undefined;
  etag?: string | undefined;
  size?: number | undefined;
}

/** A key to load, and what is left of its earlier value. */
export interface Wanted<V> {
  readonly key: string;
  readonly stale: Found<V> | undefined;
}

/** Loads the values of some keys at once, in their order; undefined = no value. It answers at once where its loader does. */
export type KeysLoader<V> = (
  wanted: readonly Wanted<V>[],
  signal: AbortSignal,
) => readonly (Loaded<V> | undefined)[] | Promise<readonly (Loaded<V> | undefined)[]>;
