import type { Found } from './found.ts';
import type { Pending, PendingReads } from './pending.ts';
import type { Recall } from './recall.ts';
import type { Settings } from './settings/settings.ts';
import type { Stamps } from './stamps.ts';
import type { StoreTier } from './store/store-tier.ts';
import type { StoreReads } from './store-reads.ts';
import type { StoreSet } from './store-set.ts';
import { TimeBudget } from './time-budget.ts';

interface ExpiryParts<V> {
  settings: Settings<V>;
  recall: Recall<V>;
  stores: StoreSet<V>;
  stamps: Stamps;
  pending: PendingReads;
  reads: StoreReads<V>;
}

/** Makes values stale without removing them. */
export class Expiry<V> {
  readonly #parts: ExpiryParts<V>;

  constructor(parts: ExpiryParts<V>) {
    this.#parts = parts;
  }

  /** The value stays of use for `keepMs`. False when there was none that is known of. */
  async expire(key: string, keepMs: number): Promise<boolean> {
    const { settings, recall, stamps, pending: others } = this.#parts;
    others.supersede(key);
    const pending = others.begin(key, stamps.next());
    const now = settings.now();
    const entry = recall.entry(key, now);
    try {
      const found =
        entry === undefined || now >= entry.expiresAt ? await this.#read(pending) : recall.found(entry);
      if (found === undefined || pending.superseded || now >= found.expiresAt) return false;
      await this.#write(key, found, keepMs, now);
      return true;
    } finally {
      others.end(pending);
    }
  }

  // A store that does not answer may have a fresh value, of which there is nothing here to write: there it is removed.
  async #read(pending: Pending): Promise<Found<V> | undefined> {
    const { settings, stores, reads } = this.#parts;
    const silent: StoreTier<V>[] = [];
    const found = await reads.read([pending], {
      keepPastTtlMs: 0,
      time: new TimeBudget(settings.storeTimeoutMs),
      prolongs: false,
      onSilent: (store) => silent.push(store),
    });
    const { key } = pending;
    const fresh = found.get(key);
    const isKnown = pending.superseded || (fresh !== undefined && settings.now() < fresh.expiresAt);
    if (!isKnown) await stores.track(Promise.all(silent.map(({ writer }) => writer.remove([key]))));
    return fresh;
  }

  async #write(key: string, found: Found<V>, keepMs: number, now: number): Promise<void> {
    const { settings, recall, stores, stamps } = this.#parts;
    const ageMs = Math.max(0, now - found.createdAt);
    const stamp = stamps.next();
    const { value, createdAt, etag, tags } = found;
    recall.remember(
      { key, value, createdAt, expiresAt: now, keepUntil: now + keepMs, stamp, tags },
      { etag },
      now,
    );
    const { wall, schema } = settings;
    const record = {
      value,
      createdAt: wall() - ageMs,
      ttlMs: ageMs,
      stamp,
      tags,
      etag,
      schema: schema?.version,
    };
    await stores.each((store) => store.writer.write([{ key, record, keepMs }]));
  }
}
