import type { StructuredError } from '../structured-error.ts';

/** When a bucket counts as a spike. */
export interface SpikeOptions {
  /** Fewest errors in the bucket. Default 10. */
  minCount?: number | undefined;
  /** Fewest earlier buckets, empty ones included, to compare with. Default 5. */
  minBuckets?: number | undefined;
  /** How many robust deviations above the median. Default 5. */
  score?: number | undefined;
}

export interface ErrorAnalyticsOptions {
  /** In events, to tell several apart. Default 'errors'. */
  name?: string | undefined;
  /** Most groups kept, 1 to 100_000; what has none is counted in `_OTHER`. Default 1_000. */
  maxGroups?: number | undefined;
  /** Length of a bucket in ms. Default 60_000. */
  bucketMs?: number | undefined;
  /** How far back rates, trends and spikes see, in ms: 2 to 10_000 buckets. Default 3_600_000. */
  retentionMs?: number | undefined;
  /** A group seen again after this many ms has regressed. Default `retentionMs`. */
  silenceMs?: number | undefined;
  /** Most samples kept of each group, 0 to 20. Default 3. */
  maxSamples?: number | undefined;
  spike?: SpikeOptions | undefined;
  /** Milliseconds since 1970. Default `Date.now`. One that goes back is held at its highest time. */
  clock?: (() => number) | undefined;
  /** A key of your own to group by (its first 128 characters); undefined, '' or a throw means the fingerprint. */
  groupBy?: ((error: StructuredError) => string | undefined) | undefined;
}

export interface Settings {
  readonly name: string;
  readonly maxGroups: number;
  readonly bucketMs: number;
  /** Complete buckets kept beside the current one. */
  readonly buckets: number;
  readonly silenceMs: number;
  readonly maxSamples: number;
  readonly spike: { readonly minCount: number; readonly minBuckets: number; readonly score: number };
  readonly clock: () => number;
  readonly groupBy: ((error: StructuredError) => string | undefined) | undefined;
}

const show = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'number' || value === null || value === undefined ? String(value) : typeof value;
};

const integer = (name: string, value: number, least: number, most: number): number => {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be an integer from ${least} to ${most}, got ${show(value)}`);
};

const optionalFunction = <F>(name: string, value: F): F => {
  if (value === undefined || typeof value === 'function') return value;
  throw new TypeError(`${name} must be a function, got ${show(value)}`);
};

const known = (owner: string, options: object, names: readonly string[]): void => {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${owner} must be an object, got ${show(options)}`);
  for (const key of Object.keys(options))
    if (!names.includes(key))
      throw new TypeError(`${owner} has no option "${key}"; it knows ${names.join(', ')}`);
};

const options = [
  'name',
  'maxGroups',
  'bucketMs',
  'retentionMs',
  'silenceMs',
  'maxSamples',
  'spike',
  'clock',
  'groupBy',
];
const maxMs = 2 ** 31;

export const settingsOf = (given: ErrorAnalyticsOptions): Settings => {
  known('createErrorAnalytics', given, options);
  const { name = 'errors', spike = {} } = given;
  known('spike', spike, ['minCount', 'minBuckets', 'score']);
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`name must be a string that is not empty, got ${show(name)}`);
  const bucketMs = integer('bucketMs', given.bucketMs ?? 60_000, 1, maxMs);
  const retentionMs = given.retentionMs ?? 3_600_000;
  integer('retentionMs', retentionMs, 2 * bucketMs, Math.min(10_000 * bucketMs, 1_000 * maxMs));
  const { score = 5 } = spike;
  if (!(score > 0 && score < Number.POSITIVE_INFINITY))
    throw new RangeError(`spike.score must be a number > 0, got ${show(score)}`);
  const buckets = Math.floor(retentionMs / bucketMs);
  return {
    name,
    maxGroups: integer('maxGroups', given.maxGroups ?? 1_000, 1, 100_000),
    bucketMs,
    buckets,
    silenceMs: integer('silenceMs', given.silenceMs ?? retentionMs, 1, 1_000 * maxMs),
    maxSamples: integer('maxSamples', given.maxSamples ?? 3, 0, 20),
    spike: {
      minCount: integer('spike.minCount', spike.minCount ?? 10, 1, maxMs),
      minBuckets: integer('spike.minBuckets', spike.minBuckets ?? Math.min(5, buckets), 1, buckets),
      score,
    },
    clock: optionalFunction('clock', given.clock) ?? Date.now,
    groupBy: optionalFunction('groupBy', given.groupBy),
  };
};
