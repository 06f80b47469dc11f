import { StoreError } from '../errors.ts';
import type { Sliding } from '../notes.ts';

const version = 1;

/** A value with all that is needed to judge it, in wall-clock ms. `ttlMs` Infinity = without end. */
export interface StoredRecord<V> {
  value: V;
  createdAt: number;
  ttlMs: number;
  stamp: number;
  tags: readonly string[] | undefined;
  etag?: string | undefined;
  sliding?: Sliding | undefined;
  /** The application's version of the value's shape; undefined = 0. */
  schema?: number | undefined;
}

/** What a store holds under an entry's key: short names, plain JSON. `u` marks a stored undefined. */
interface Envelope<V> {
  a4: number;
  v?: V;
  u?: 1;
  c: number;
  t: number | null;
  s: number;
  k?: readonly string[];
  e?: string;
  /** Schema version of the value. */
  w?: number;
  /** Sliding: ttl and maximum age in ms, null = without end. */
  l?: readonly [number | null, number | null];
}

/** What a store holds under the key of a tag or of the clear mark: since when older entries are void. */
interface Mark {
  a4: number;
  s: number;
}

const isTime = (value: unknown): value is number => typeof value === 'number' && value >= 0;
const finite = (ms: number): number | null => (ms === Number.POSITIVE_INFINITY ? null : ms);
const isSpan = (value: unknown): value is number | null => value === null || isTime(value);

/** Can this be plain data? Serializers drop a function or a symbol without a word. */
export const isData = (value: unknown): boolean => typeof value !== 'function' && typeof value !== 'symbol';

/** @throws StoreError `CACHE_STORE_UNWRITABLE` for a value that is no data. */
export const encodeRecord = <V>(record: StoredRecord<V>): Envelope<V> => {
  const { value, tags, etag, schema, sliding } = record;
  if (!isData(value))
    throw new StoreError(`A ${typeof value} cannot be kept in a store`, 'CACHE_STORE_UNWRITABLE');
  return {
    a4: version,
    ...(value === undefined ? { u: 1 as const } : { v: value }),
    c: record.createdAt,
    t: finite(record.ttlMs),
    s: record.stamp,
    ...(tags === undefined ? {} : { k: tags }),
    ...(etag === undefined ? {} : { e: etag }),
    ...(schema ? { w: schema } : {}),
    ...(sliding === undefined ? {} : { l: [finite(sliding.ttlMs), finite(sliding.maxAgeMs)] as const }),
  };
};

/** The record; `'newer'` when a later release wrote it (left alone, a miss); `'corrupt'` when it is nothing we wrote. */
export const decodeRecord = <V>(raw: unknown): StoredRecord<V> | 'newer' | 'corrupt' => {
  if (raw === null || typeof raw !== 'object') return 'corrupt';
  const envelope = raw as Partial<Envelope<V>>;
  if (typeof envelope.a4 !== 'number') return 'corrupt';
  if (envelope.a4 > version) return 'newer';
  const { c, t, s, k, e, l, w } = envelope;
  if (!isTime(c) || !isTime(s) || !isSpan(t)) return 'corrupt';
  if (k !== undefined && !Array.isArray(k)) return 'corrupt';
  if (!('v' in envelope) && envelope.u !== 1) return 'corrupt';
  return {
    value: envelope.v as V,
    createdAt: c,
    ttlMs: t ?? Number.POSITIVE_INFINITY,
    stamp: s,
    tags: k,
    ...(typeof w === 'number' ? { schema: w } : {}),
    ...(typeof e === 'string' ? { etag: e } : {}),
    ...(Array.isArray(l) && isSpan(l[0]) && isSpan(l[1])
      ? {
          sliding: { ttlMs: l[0] ?? Number.POSITIVE_INFINITY, maxAgeMs: l[1] ?? Number.POSITIVE_INFINITY },
        }
      : {}),
  };
};

export const encodeMark = (stamp: number): Mark => ({ a4: version, s: stamp });

/** A stamp further ahead of our clock than this, in ms, is no clock's error and not taken for a time. */
export const maxAheadMs = 86_400_000;

/** The stamp of a mark; undefined when there is none; `'damaged'` when it cannot be read, or is a day ahead. */
export const decodeMark = (raw: unknown, now: number): number | 'damaged' | undefined => {
  if (raw === undefined || raw === null) return undefined;
  const stamp = typeof raw === 'object' ? (raw as Partial<Mark>).s : undefined;
  return isTime(stamp) && stamp <= now + maxAheadMs ? stamp : 'damaged';
};

/**
 * Since when a store holds what it has of an entry, by its stamp: 0 for nothing of ours, Infinity for what a later
 * release wrote, or has a later schema version than `schema`, where that is given.
 */
export const heldSince = (raw: unknown, now: number, schema = Number.POSITIVE_INFINITY): number => {
  const record = decodeRecord(raw);
  if (record === 'newer') return Number.POSITIVE_INFINITY;
  if (record === 'corrupt' || record.stamp > now + maxAheadMs) return 0;
  return (record.schema ?? 0) > schema ? Number.POSITIVE_INFINITY : record.stamp;
};
