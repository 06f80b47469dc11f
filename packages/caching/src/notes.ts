import type { Entry } from './memory/entry.ts';

/** How a value's life is prolonged by reading: by `ttlMs` from each read, never past `maxAgeMs` of its own age. */
export interface Sliding {
  ttlMs: number;
  maxAgeMs: number;
}

/** How much longer a value lives when it is read now, in ms; 0 or less = no longer. */
export const gainOf = (
  { ttlMs, maxAgeMs }: Sliding,
  createdAt: number,
  endsAt: number,
  now: number,
): number => Math.min(now + ttlMs, createdAt + maxAgeMs) - endsAt;

/** Should the stores hear of a longer life, of which they last heard at `toldAt`? At most once in half a ttl. */
export const isWorthTelling = ({ ttlMs }: Sliding, toldAt: number, now: number): boolean =>
  now - toldAt >= ttlMs / 2;

/** What few entries carry beside their value. */
export interface Note {
  etag?: string | undefined;
  sliding?: Sliding | undefined;
}

interface Kept extends Note {
  stamp: number;
  /** When the value's own ttl ends, where `memory.ttl` ends its stay before that. */
  endsAt: number | undefined;
  /** When the stores last heard of the prolonged life; of the monotonic clock. */
  toldAt: number;
}

/** Notes on entries in memory. They are told apart by stamp, since an entry is reused when its key is set again. */
export class Notes<V> {
  readonly #kept = new WeakMap<Entry<V>, Kept>();
  /** False until the first note: then a read need not look. */
  any = false;

  write(entry: Entry<V>, { etag, sliding }: Note, endsAt: number | undefined, now: number): void {
    this.any = true;
    const toldAt = sliding === undefined ? now : (endsAt ?? entry.expiresAt) - sliding.ttlMs;
    this.#kept.set(entry, { etag, sliding, stamp: entry.stamp, endsAt, toldAt });
  }

  /** When the ttl of this entry's value ends, which may be later than memory serves it. */
  endOf(entry: Entry<V>): number {
    return this.of(entry)?.endsAt ?? entry.expiresAt;
  }

  of(entry: Entry<V>): Kept | undefined {
    if (!this.any) return undefined;
    const kept = this.#kept.get(entry);
    return kept?.stamp === entry.stamp ? kept : undefined;
  }

  /** Prolongs a fresh entry that was read; true when the stores should hear of it. */
  slide(entry: Entry<V>, now: number): boolean {
    const kept = this.of(entry);
    if (kept?.sliding === undefined) return false;
    const gained = gainOf(kept.sliding, entry.createdAt, kept.endsAt ?? entry.expiresAt, now);
    if (!(gained > 0)) return false;
    if (kept.endsAt === undefined) entry.expiresAt += gained;
    else kept.endsAt += gained;
    entry.keepUntil += gained;
    if (!isWorthTelling(kept.sliding, kept.toldAt, now)) return false;
    kept.toldAt = now;
    return true;
  }
}
