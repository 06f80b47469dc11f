import type { PolicyStats } from './stats.ts';
import { integer, show } from './validate.ts';

/** A policy, by what is read of it: its `stats()`, and the state of a circuit and a bulkhead if it shows them. */
export interface MetricSource {
  readonly name: string;
  stats(): PolicyStats;
  readonly state?: unknown;
  readonly circuitBreaker?: { readonly state: unknown } | undefined;
  readonly bulkhead?: { snapshot(): unknown } | undefined;
  snapshot?(): unknown;
}

/** Policies, or a Map of them by the names they should bear. */
export type MetricSources = Iterable<MetricSource | readonly [name: string, policy: MetricSource]>;

const CIRCUIT_STATES = ['closed', 'open', 'half-open', 'isolated'] as const;

export interface BulkheadRow {
  running: number;
  queued: number;
  maxConcurrent: number;
  maxQueue: number;
}

/** What is told of all policies of one name. */
export interface MetricRow {
  name: string;
  stats: PolicyStats;
  /** Undefined without a circuit. */
  state: string | undefined;
  bulkhead: BulkheadRow | undefined;
}

/** The name of what is beyond `maxPolicies`. */
export const OTHER = '_other';

const SEVERITY: Record<string, number> = { closed: 0, 'half-open': 1, open: 2, isolated: 3 };

/** The named policies; throws for what is none. */
export const entriesOf = (policies: MetricSources): [string, MetricSource][] => {
  if (typeof (policies as Partial<MetricSources> | null | undefined)?.[Symbol.iterator] !== 'function')
    throw new TypeError(`policies must be a list or a Map of policies, got ${show(policies)}`);
  return [...policies].map((each) => {
    const [name, policy] = Array.isArray(each)
      ? (each as [string, MetricSource])
      : [(each as MetricSource | null)?.name ?? '', each as MetricSource];
    if (typeof policy?.stats !== 'function' || typeof name !== 'string' || name === '')
      throw new TypeError(`policies must be policies, with a name and stats(), got ${show(policy)}`);
    return [name, policy];
  });
};

export const maxPoliciesOf = (given: number | undefined): number => integer('maxPolicies', given ?? 500, 1);

/**
 * One row for each name, at most `max`, then one row `_other` for all the rest, so that names made of keys cannot fill a
 * metrics store. Policies of one name are one row: the sum, the worse state, the slower latency.
 */
export const rowsOf = (entries: readonly [string, MetricSource][], max: number): MetricRow[] => {
  const rows = new Map<string, MetricRow>();
  for (const [name, policy] of entries) {
    const called = rows.has(name) || rows.size < max ? name : OTHER;
    const row = rowOf(called, policy);
    const before = rows.get(called);
    rows.set(called, before === undefined ? row : merged(before, row));
  }
  return [...rows.values()];
};

const rowOf = (name: string, policy: MetricSource): MetricRow => {
  const circuit = policy.circuitBreaker ?? policy;
  const state = 'state' in circuit ? circuit.state : undefined;
  // A pipeline's snapshot is no bulkhead's; its part is asked.
  const slots = 'bulkhead' in policy ? policy.bulkhead?.snapshot() : policy.snapshot?.();
  return {
    name,
    stats: policy.stats(),
    state: typeof state === 'string' ? state : undefined,
    bulkhead: isBulkhead(slots) ? slots : undefined,
  };
};

const isBulkhead = (value: unknown): value is BulkheadRow =>
  typeof value === 'object' &&
  value !== null &&
  (['running', 'queued', 'maxConcurrent', 'maxQueue'] as const).every(
    (field) => typeof (value as Partial<BulkheadRow>)[field] === 'number',
  );

const merged = (a: MetricRow, b: MetricRow): MetricRow => ({
  name: a.name,
  stats: {
    calls: a.stats.calls + b.stats.calls,
    successes: a.stats.successes + b.stats.successes,
    failures: a.stats.failures + b.stats.failures,
    rejections: a.stats.rejections + b.stats.rejections,
    cancelled: a.stats.cancelled + b.stats.cancelled,
    retries: a.stats.retries + b.stats.retries,
    timeouts: a.stats.timeouts + b.stats.timeouts,
    suppressed: a.stats.suppressed + b.stats.suppressed,
    latencyMs: slower(a.stats.latencyMs, b.stats.latencyMs),
  },
  state: worse(a.state, b.state),
  bulkhead: a.bulkhead && b.bulkhead ? sum(a.bulkhead, b.bulkhead) : (a.bulkhead ?? b.bulkhead),
});

type Latency = PolicyStats['latencyMs'];

/** Percentiles of two populations cannot be merged; the larger is the safe thing to show. */
const slower = (a: Latency, b: Latency): Latency =>
  a && b
    ? {
        ...a,
        count: a.count + b.count,
        p50: Math.max(a.p50, b.p50),
        p95: Math.max(a.p95, b.p95),
        p99: Math.max(a.p99, b.p99),
      }
    : (a ?? b);

const worse = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && (SEVERITY[b] ?? 0) > (SEVERITY[a] ?? 0)) ? (b ?? a) : a;

const sum = (a: BulkheadRow, b: BulkheadRow): BulkheadRow => ({
  running: a.running + b.running,
  queued: a.queued + b.queued,
  maxConcurrent: a.maxConcurrent + b.maxConcurrent,
  maxQueue: a.maxQueue + b.maxQueue,
});

/** The states to tell of: the four of old, and whatever other word a circuit says. */
export const statesOf = (rows: readonly MetricRow[]): string[] => [
  ...new Set<string>([
    ...CIRCUIT_STATES,
    ...rows.map(({ state }) => state).filter((each) => each !== undefined),
  ]),
];
