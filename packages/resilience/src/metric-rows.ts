import { addStats, type PolicyStats } from './stats.ts';
import { integer, show } from './validate.ts';

/**
 * A policy, by what is read of it: its `stats()`, and the state of a circuit, slots and queues if it shows them. Breakers by key
 * are told as one, by the worst state.
 */
export interface MetricSource {
  readonly name: string;
  stats(): PolicyStats;
  readonly state?: unknown;
  readonly circuitBreaker?: { readonly state: unknown } | undefined;
  readonly bulkhead?: { snapshot(): unknown } | undefined;
  /** Of breakers by key. */
  for?(key: string): unknown;
  snapshot?(): unknown;
}

/** Policies, or a Map of them by the names they should bear. */
export type MetricSources = Iterable<MetricSource | readonly [name: string, policy: MetricSource]>;

const CIRCUIT_STATES = ['closed', 'open', 'half-open', 'isolated'] as const;

/** What is told of slots and queues: the field of which part's snapshot, by which name. */
export const GAUGES = [
  ['bulkhead', 'running', 'bulkhead.running', 'Calls that hold a slot.'],
  ['bulkhead', 'queued', 'bulkhead.queued', 'Callers that wait for a slot.'],
  ['bulkhead', 'maxConcurrent', 'bulkhead.max_concurrent', 'Slots.'],
  ['bulkhead', 'maxQueue', 'bulkhead.max_queue', 'Callers that may wait for a slot.'],
  ['adaptive', 'running', 'adaptive_concurrency.running', 'Calls that hold a slot.'],
  ['adaptive', 'queued', 'adaptive_concurrency.queued', 'Callers that wait for a slot.'],
  ['adaptive', 'limit', 'adaptive_concurrency.limit', 'Slots, as many as were found to be good.'],
  ['rate', 'queued', 'rate_limit.queued', 'Callers that wait for their turn.'],
] as const satisfies readonly (readonly [keyof Parts, string, string, string])[];

/** What is told of all policies of one name. */
export interface MetricRow {
  name: string;
  stats: PolicyStats;
  /** Undefined without a circuit. */
  state: string | undefined;
  /** In the order of {@link GAUGES}; undefined for a part that is not there. */
  gauges: readonly (number | undefined)[];
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
  const parts = partsOf(policy);
  return {
    name,
    stats: policy.stats(),
    state: stateOf(policy),
    gauges: GAUGES.map(([part, field]) => numberOf(parts[part], field)),
  };
};

const stateOf = (policy: MetricSource): string | undefined => {
  if (typeof policy.for === 'function') {
    const circuits = Object.values((policy.snapshot?.() ?? {}) as Record<string, { state?: unknown }>);
    return circuits.map(({ state }) => wordOf(state)).reduce(worse, 'closed');
  }
  const circuit = policy.circuitBreaker ?? policy;
  return 'state' in circuit ? wordOf(circuit.state) : undefined;
};

const wordOf = (state: unknown): string | undefined => (typeof state === 'string' ? state : undefined);

/** What parts with slots or queues show. */
interface Parts {
  bulkhead?: unknown;
  adaptive?: unknown;
  rate?: unknown;
}

const partsOf = (policy: MetricSource): Parts => {
  const shown: unknown = policy.snapshot?.();
  if (typeof policy.for === 'function') return {};
  // A pipeline's snapshot is that of its parts.
  if ('bulkhead' in policy) {
    const { adaptiveConcurrency, rateLimit } = (shown ?? {}) as Record<string, unknown>;
    return { bulkhead: policy.bulkhead?.snapshot(), adaptive: adaptiveConcurrency, rate: rateLimit };
  }
  if (numberOf(shown, 'maxConcurrent') !== undefined) return { bulkhead: shown };
  if (numberOf(shown, 'nextInMs') !== undefined) return { rate: shown };
  return numberOf(shown, 'limit') === undefined ? {} : { adaptive: shown };
};

const numberOf = (shown: unknown, field: string): number | undefined => {
  if (typeof shown !== 'object' || shown === null) return undefined;
  const value = (shown as Record<string, unknown>)[field];
  return typeof value === 'number' ? value : undefined;
};

const merged = (a: MetricRow, b: MetricRow): MetricRow => ({
  name: a.name,
  stats: addStats(a.stats, b.stats),
  state: worse(a.state, b.state),
  gauges: a.gauges.map((value, at) => sum(value, b.gauges[at])),
});

const worse = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && (SEVERITY[b] ?? 0) > (SEVERITY[a] ?? 0)) ? (b ?? a) : a;

const sum = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : a + b;

/** The states to tell of: the four of old, and whatever other word a circuit says. */
export const statesOf = (rows: readonly MetricRow[]): string[] => [
  ...new Set<string>([
    ...CIRCUIT_STATES,
    ...rows.map(({ state }) => state).filter((each) => each !== undefined),
  ]),
];
