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

/** What of a loader's answers, one a flight, is to be kept, for how long, and which keys are to be removed instead. */
export const entriesOf = <V>(
  flights: readonly Flight<V>[],
  loaded: readonly (Loaded<V> | undefined)[],
  call: Call<V>,
  settings: Settings<V>,
  current: (flight: Flight<V>, tags: readonly string[] | undefined) => boolean,
): { kept: NewEntry<V>[]; removed: string[]; ttls: number[] } => {
  const kept: NewEntry<V>[] = [];
  const removed: string[] = [];
  const ttls = flights.map(() => 0);
  for (let at = 0; at < flights.length; at++) {
    const flight = flights[at]!;
    const found = loaded[at];
    if (found === undefined || found.skip === true) continue;
    const { key, pending } = flight;
    const { value, ttl, etag, size } = found;
    const tags = found.tags ?? call.tags;
    const life = lifetimeOf(value, ttl, call, settings);
    if (!current(flight, tags)) continue;
    if (life.ttlMs === 0 || (value === undefined && !settings.cacheUndefined)) removed.push(key);
    else {
      const { ttlMs, keepMs, sliding } = life;
      kept.push({ key, value, ttlMs, keepMs, sliding, stamp: pending.stamp, tags, etag, size });
      ttls[at] = ttlMs;
    }
  }
  return { kept, removed, ttls };
};
