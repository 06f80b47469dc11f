import { describe } from '../describe.ts';
import type { CacheStats } from '../stats.ts';

/** Where statistics come from: a cache, several, or a CacheManager. */
export type StatsSource =
  | { stats(): CacheStats }
  | readonly { stats(): CacheStats }[]
  | { stats(): { caches: Record<string, CacheStats> } };

/** One metric of all caches. Names are without unit and suffix. */
export interface Metric {
  name: string;
  kind: 'counter' | 'gauge';
  help: string;
  unit: 'seconds' | 'bytes' | undefined;
  values: { labels: Record<string, string>; value: number }[];
}

const hasStats = (source: unknown): boolean =>
  typeof source === 'object' && source !== null && 'stats' in source && typeof source.stats === 'function';

/** Of each cache once. */
const statsOf = (source: StatsSource): CacheStats[] => {
  if (!Array.isArray(source) || !source.every(hasStats)) {
    if (!hasStats(source))
      throw new TypeError(
        `source must be a cache, an array of caches or a CacheManager, got ${describe(source)}`,
      );
    const stats = (source as Exclude<StatsSource, readonly unknown[]>).stats();
    return 'caches' in stats ? Object.values(stats.caches) : [stats];
  }
  const all = [...new Set(source as { stats(): CacheStats }[])].map((cache) => cache.stats());
  const names = new Set<string>();
  for (const { name } of all) {
    if (names.has(name))
      throw new Error(`Two caches are named ${JSON.stringify(name)}; their figures need names of their own`);
    names.add(name);
  }
  return all;
};

/**
 * The metrics of these caches now.
 * @throws TypeError for what is no source, Error for two caches of one name, whose series nobody could tell apart.
 */
export const metricsOf = (source: StatsSource): Metric[] => {
  const all = statsOf(source);
  type Row = [labels: Record<string, string>, value: number];
  const metric = (
    name: string,
    kind: Metric['kind'],
    help: string,
    rows: (stats: CacheStats) => Row[],
    unit?: Metric['unit'],
  ): Metric => ({
    name: `agent4_cache_${name}`,
    kind,
    help,
    unit,
    values: all.flatMap((stats) =>
      rows(stats).map(([labels, value]) => ({ labels: { cache: stats.name, ...labels }, value })),
    ),
  });
  return [
    metric('lookups', 'counter', 'Lookups by how they were answered.', ({ hits, stale, misses }) => [
      [{ result: 'hit' }, hits],
      [{ result: 'stale' }, stale],
      [{ result: 'miss' }, misses],
    ]),
    metric('loads', 'counter', 'Loader calls.', ({ loads, loadErrors }) => [
      [{ result: 'success' }, loads],
      [{ result: 'error' }, loadErrors],
    ]),
    metric(
      'load_time',
      'gauge',
      'How long loader calls took since the start.',
      ({ loadTimeMs: { p50, p90, p99, max } }) => [
        [{ quantile: '0.5' }, p50 / 1_000],
        [{ quantile: '0.9' }, p90 / 1_000],
        [{ quantile: '0.99' }, p99 / 1_000],
        [{ quantile: '1' }, max / 1_000],
      ],
      'seconds',
    ),
    metric('memory_entries', 'gauge', 'Entries in memory.', ({ memory }) =>
      memory === null ? [] : [[{}, memory.entries]],
    ),
    metric(
      'memory_size',
      'gauge',
      'Bytes in memory, where they are measured.',
      ({ memory }) => (typeof memory?.bytes === 'number' ? [[{}, memory.bytes]] : []),
      'bytes',
    ),
    metric('memory_evictions', 'counter', 'Entries that left memory unasked.', ({ memory }) =>
      Object.entries(memory?.evictions ?? {}).map(([cause, count]) => [{ cause }, count]),
    ),
    metric('store_reads', 'counter', 'Keys asked of a store.', ({ stores }) =>
      stores.flatMap(({ tier, hits, stale, misses }): Row[] => [
        [{ tier, result: 'hit' }, hits],
        [{ tier, result: 'stale' }, stale],
        [{ tier, result: 'miss' }, misses],
      ]),
    ),
    metric(
      'store_failures',
      'counter',
      'Store calls that failed, timed out, or were skipped in a cool-down.',
      ({ stores }) =>
        stores.flatMap(({ tier, errors, timeouts, skipped }): Row[] => [
          [{ tier, cause: 'error' }, errors - timeouts],
          [{ tier, cause: 'timeout' }, timeouts],
          [{ tier, cause: 'skipped' }, skipped],
        ]),
    ),
    metric('store_missed', 'gauge', 'Changes a store missed that wait to be sent again.', ({ stores }) =>
      stores.map(({ tier, missed }): Row => [{ tier }, missed]),
    ),
    metric('store_lost', 'counter', 'Changes a store missed and will not get.', ({ stores }) =>
      stores.map(({ tier, lost }): Row => [{ tier }, lost]),
    ),
    metric('store_up', 'gauge', '1 while the store is used, 0 in a cool-down.', ({ stores }) =>
      stores.map(({ tier, state }): Row => [{ tier }, state === 'up' ? 1 : 0]),
    ),
    metric('bus_connected', 'gauge', '1 while messages of other nodes arrive.', ({ bus }) =>
      bus === null ? [] : [[{}, bus.connected ? 1 : 0]],
    ),
    metric('bus_messages', 'counter', 'Messages to and from other nodes.', ({ bus }) =>
      bus === null
        ? []
        : [
            [{ direction: 'sent' }, bus.sent],
            [{ direction: 'received' }, bus.received],
          ],
    ),
  ];
};
