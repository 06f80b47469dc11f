import type { Call, Loaded } from './call.ts';
import type { Flight } from './flight.ts';
import type { Lifetime, NewEntry } from './found.ts';
import type { Note } from './notes.ts';
import type { Settings } from './settings/settings.ts';
import { type Ttl, ttlMs } from './ttl.ts';
import { refusePromise } from './value-checks.ts';

/** How long a value lives, jitter taken off, and whether reading prolongs it. `first` = what the loader said of its ttl. */
export const lifetimeOf = <V>(
  value: V,
  first: Ttl<V> | undefined,
  call: Call<V>,
  settings: Settings<V>,
): Lifetime & Pick<Note, 'sliding'> => {
  refusePromise(value);
  const { jitter, random } = settings;
  const negative = value === null || value === undefined ? call.negativeTtl : undefined;
  let ttl = ttlMs(value, first, negative, call.ttl, settings.ttl);
  if (jitter > 0 && ttl !== Number.POSITIVE_INFINITY) ttl *= 1 - jitter * random();
  const maxAgeMs = call.slidingMaxMs;
  if (maxAgeMs !== undefined) ttl = Math.min(ttl, maxAgeMs);
  return {
    ttlMs: ttl,
    keepMs: ttl + Math.max(call.graceMs, call.revalidateMs),
    sliding:
      maxAgeMs === undefined || ttl === Number.POSITIVE_INFINITY ? undefined : { ttlMs: ttl, maxAgeMs },
  };
};

/** What of a loader's answer for a flight is to be kept; `'removed'` = its key is to be removed instead. */
export const entryOf = <V>(
  flight: Flight<V>,
  found: Loaded<V> | undefined,
  call: Call<V>,
  settings: Settings<V>,
  current: (flight: Flight<V>, tags: readonly string[] | undefined) => boolean,
): NewEntry<V> | 'removed' | undefined => {
  if (found === undefined || found.skip === true) return undefined;
  const { value, ttl, etag, size } = found;
  const tags = found.tags ?? call.tags;
  const { ttlMs, keepMs, sliding } = lifetimeOf(value, ttl, call, settings);
  if (!current(flight, tags)) return undefined;
  if (ttlMs === 0 || (value === undefined && !settings.cacheUndefined)) return 'removed';
  return { key: flight.key, value, ttlMs, keepMs, sliding, stamp: flight.pending.stamp, tags, etag, size };
};
