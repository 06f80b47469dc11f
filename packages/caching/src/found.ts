import type { TierName } from './events.ts';
import type { Note } from './notes.ts';

/** What a lookup found. `expiresAt` is of the monotonic clock; a value past it is stale. */
export interface Found<V> {
  value: V;
  tier: TierName;
  createdAt: number;
  expiresAt: number;
  stamp: number;
  etag?: string | undefined;
  tags?: readonly string[] | undefined;
}

/** How long a value lives: fresh for `ttlMs`, of use as a stale one until `keepMs` (>= ttlMs). */
export interface Lifetime {
  ttlMs: number;
  keepMs: number;
}

export interface NewEntry<V> extends Lifetime, Note {
  key: string;
  value: V;
  stamp: number;
  tags: readonly string[] | undefined;
  /** Bytes in memory, where the loader told; undefined = measured. */
  size?: number | undefined;
}
