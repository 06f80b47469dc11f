import { baselineOf } from './baseline.ts';
import type { ErrorSpike } from './events.ts';
import { type ErrorGroup, type Group, viewOf } from './group.ts';
import type { Settings } from './options.ts';
import type { Series } from './series.ts';

/** Errors counted; `recorded = cancelled + errors`, `errors` = the sum of all groups' counts + `other`. */
export interface ErrorTotals {
  recorded: number;
  /** Cancellations: counted here and nowhere else. */
  cancelled: number;
  errors: number;
  groups: number;
  /** Those without a group of their own. */
  other: number;
}

/** The last complete buckets against as many before them: up to five each. */
export interface ErrorTrend {
  /** 'unknown' until there are buckets enough; 'steady' while the difference is within the noise of counting. */
  direction: 'rising' | 'falling' | 'steady' | 'unknown';
  current: number;
  previous: number;
  /** `current / previous`; null where there was nothing before. */
  ratio: number | null;
}

/** All there is, as plain data: every group with its buckets. */
export interface ErrorSnapshot {
  name: string;
  /** Milliseconds since 1970, like `startedAt` and the starts of buckets. */
  at: number;
  startedAt: number;
  bucketMs: number;
  totals: ErrorTotals;
  /** Most recent errors first; `_OTHER` is last. Buckets as `[start, count]`, empty ones left out. */
  groups: (ErrorGroup & { buckets: [number, number][] })[];
}

/** The buckets in sight: the current one, still filling, and the first of those kept. */
export interface Window {
  readonly bucket: number;
  readonly from: number;
}

export const windowOf = (now: number, { bucketMs, buckets }: Settings): Window => {
  const bucket = Math.floor(now / bucketMs);
  return { bucket, from: bucket - buckets };
};

/** Errors a minute; never of less time than a bucket, so that the first error is no flood. */
export const rateOf = (
  series: Series | undefined,
  now: number,
  startedAt: number,
  windowMs: number,
  settings: Settings,
): number => {
  const { bucketMs, buckets } = settings;
  const { bucket } = windowOf(now, settings);
  const from = bucket + 1 - Math.min(Math.max(Math.ceil(windowMs / bucketMs) || 1, 1), buckets);
  const spanMs = Math.max(now - Math.max(from * bucketMs, startedAt), bucketMs);
  return ((series?.sum(from, bucket) ?? 0) * 60_000) / spanMs;
};

export const trendOf = (
  series: Series | undefined,
  now: number,
  startedAt: number,
  settings: Settings,
): ErrorTrend => {
  const { bucket } = windowOf(now, settings);
  const size = Math.min(5, Math.floor(settings.buckets / 2));
  const current = series?.sum(bucket - size, bucket - 1) ?? 0;
  const previous = series?.sum(bucket - 2 * size, bucket - size - 1) ?? 0;
  const ratio = previous === 0 ? null : current / previous;
  // Counts scatter by their square root: less than two of those is no trend.
  const clear = Math.abs(current - previous) > 2 * Math.sqrt(current + previous);
  const known = Math.floor(startedAt / settings.bucketMs) <= bucket - 2 * size;
  const direction = !known ? 'unknown' : !clear ? 'steady' : current > previous ? 'rising' : 'falling';
  return { direction, current, previous, ratio };
};

export const spikeOf = (
  group: Group,
  { bucket, from }: Window,
  { spike, bucketMs }: Settings,
): ErrorSpike | undefined => {
  const count = group.series.sum(bucket, bucket);
  if (count < spike.minCount) return undefined;
  // From its first bucket on: before it the group was not quiet but unknown, and 'new' says that.
  const start = Math.max(Math.floor(group.firstSeen / bucketMs), from);
  if (bucket - start < spike.minBuckets) return undefined;
  if (group.baseline?.bucket !== bucket) {
    const counts = group.series.entries(start, bucket - 1).map(([, one]) => one);
    group.baseline = { bucket, ...baselineOf(counts, bucket - start) };
  }
  const { median, deviation } = group.baseline;
  const score = (count - median) / deviation;
  if (score < spike.score) return undefined;
  return { group: viewOf(group, from, bucket), count, since: bucket * bucketMs, median, score };
};
