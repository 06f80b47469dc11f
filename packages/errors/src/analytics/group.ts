import type { ErrorCategory, ErrorSeverity } from '../error-table.ts';
import type { Baseline } from './baseline.ts';
import { Series } from './series.ts';

/** One occurrence, as logs may have it. */
export interface ErrorSample {
  /** Milliseconds since 1970. */
  at: number;
  /** Id of the structured error. */
  id: string;
  correlationId?: string;
  /** Masked, at most 200 characters. */
  message: string;
}

/** A kind of error, as it is shown: plain data, a copy. */
export interface ErrorGroup {
  /** The fingerprint, the key of `groupBy`, or `_OTHER`. */
  key: string;
  /** Class, code and place (`in loadUser (users.ts)`), or the message's template where no frame is known. */
  title: string;
  category: ErrorCategory;
  severity: ErrorSeverity;
  /** All since the group was made. */
  count: number;
  /** Within the retention. */
  recent: number;
  /** Milliseconds since 1970, like `lastSeen`. */
  firstSeen: number;
  lastSeen: number;
  state: 'active' | 'resolved' | 'regressed';
  /** When it was last seen again after `resolve()` or silence; only when it was. */
  regressedAt?: number;
  samples: ErrorSample[];
}

/** The inside of a group. */
export interface Group {
  readonly key: string;
  readonly title: string;
  readonly category: ErrorCategory;
  readonly severity: ErrorSeverity;
  count: number;
  firstSeen: number;
  lastSeen: number;
  state: ErrorGroup['state'];
  regressedAt: number | undefined;
  readonly samples: ErrorSample[];
  readonly series: Series;
  /** What is usual, worked out once a bucket. */
  baseline: (Baseline & { bucket: number }) | undefined;
  /** The last bucket that was a spike. */
  spikeBucket: number;
}

export const otherKey = '_OTHER';

export const newGroup = (
  about: Pick<Group, 'key' | 'title' | 'category' | 'severity'>,
  firstSeen: number,
): Group => ({
  ...about,
  count: 0,
  firstSeen,
  lastSeen: firstSeen,
  state: 'active',
  regressedAt: undefined,
  samples: [],
  series: new Series(),
  baseline: undefined,
  spikeBucket: -1,
});

export const viewOf = (group: Group, from: number, to: number): ErrorGroup => {
  const { key, title, category, severity, count, firstSeen, lastSeen, state, regressedAt, samples } = group;
  return {
    key,
    title,
    category,
    severity,
    count,
    recent: group.series.sum(from, to),
    firstSeen,
    lastSeen,
    state,
    ...(regressedAt === undefined ? {} : { regressedAt }),
    samples: samples.map((sample) => ({ ...sample })),
  };
};
