// The whole public surface of @agent4/resilience/prometheus: text format 0.0.4, without a client library.
import type { HealthReport } from './health.ts';
import {
  entriesOf,
  GAUGES,
  type MetricRow,
  type MetricSources,
  maxPoliciesOf,
  rowsOf,
  statesOf,
} from './metric-rows.ts';
import type { PolicyStats } from './stats.ts';
import { onlyKnown, show } from './validate.ts';

export type { MetricSource, MetricSources } from './metric-rows.ts';

export interface PrometheusOptions {
  /** Names beyond these are told together as `_other`. Default 500. */
  maxPolicies?: number | undefined;
  /** A `HealthRegistry`: its last known results are told too; no check is run. */
  health?: { snapshot(): HealthReport } | undefined;
}

/** The `content-type` of what {@link prometheusText} answers. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

type Sample = readonly [labels: Record<string, string>, value: number, suffix?: string];

const OUTCOMES = [
  ['success', 'successes'],
  ['failure', 'failures'],
  ['rejected', 'rejections'],
  ['cancelled', 'cancelled'],
] as const satisfies readonly (readonly [string, keyof PolicyStats])[];

const HEALTH = ['up', 'degraded', 'down', 'unknown'] as const;

/**
 * Counts, latency, circuit states and bulkheads of policies as Prometheus reads them. Costs the calls nothing: it reads
 * `stats()` and `snapshot()` when asked. Policies of one name are told as one: the sum, the worse state, the slower latency.
 * @param policies Policies, or a Map of them whose keys stand for their names.
 * @throws TypeError for something that is no policy.
 */
export function prometheusText(policies: MetricSources, options: PrometheusOptions = {}): string {
  onlyKnown('prometheusText', options, ['maxPolicies', 'health']);
  const { health } = options;
  if (health !== undefined && typeof health?.snapshot !== 'function')
    throw new TypeError(`health must be a HealthRegistry, got ${show(health)}`);
  const rows = rowsOf(entriesOf(policies), maxPoliciesOf(options.maxPolicies));
  const states = statesOf(rows);
  return [
    ...COUNTERS.map(([name, help, read]) => family(name, 'counter', help, rows.flatMap(read))),
    family(
      'call_duration_seconds',
      'summary',
      'How long successes and failures took, since the policy was made.',
      rows.flatMap(({ name, stats }) => latency(name, stats.latencyMs)),
    ),
    family(
      'circuit_state',
      'gauge',
      'The state of a circuit: 1 for the one it is in, 0 for the others.',
      rows.flatMap(({ name, state }) => oneHot({ policy: name }, 'state', states, state)),
    ),
    ...GAUGES.map(([, , name, help], at) => family(name.replace('.', '_'), 'gauge', help, gaugeOf(rows, at))),
    family(
      'health_status',
      'gauge',
      'The last known result of a health check: 1 for its status, 0 for the others.',
      Object.entries(health?.snapshot().checks ?? {}).flatMap(([check, { status }]) =>
        oneHot({ check }, 'status', HEALTH, status),
      ),
    ),
  ].join('');
}

const COUNTERS: readonly (readonly [name: string, help: string, read: (row: MetricRow) => Sample[]])[] = [
  [
    'calls_total',
    'Calls that have ended, by how: success, failure, rejected by a policy, cancelled by the caller.',
    ({ name, stats }) =>
      OUTCOMES.map(([outcome, field]): Sample => [{ policy: name, outcome }, stats[field]]),
  ],
  ['retries_total', 'Second and later attempts.', ({ name, stats }) => [[{ policy: name }, stats.retries]]],
  [
    'retries_suppressed_total',
    'Retries that a budget did not allow.',
    ({ name, stats }) => [[{ policy: name }, stats.suppressed]],
  ],
  [
    'timeouts_total',
    'Calls and attempts that ran out of time.',
    ({ name, stats }) => [[{ policy: name }, stats.timeouts]],
  ],
];

const gaugeOf = (rows: readonly MetricRow[], at: number): Sample[] =>
  rows.flatMap(({ name, gauges }) => {
    const value = gauges[at];
    return value === undefined ? [] : [[{ policy: name }, value] as const];
  });

/** A sample for each word, 1 for the one that holds; none where nothing is known. */
const oneHot = (
  labels: Record<string, string>,
  label: string,
  words: readonly string[],
  current: string | undefined,
): Sample[] =>
  current === undefined
    ? []
    : words.map((word): Sample => [{ ...labels, [label]: word }, Number(word === current)]);

// No `_sum`: the policies keep percentiles, and a sum made of rounded values would not be monotone.
const latency = (policy: string, of: PolicyStats['latencyMs']): Sample[] =>
  of === undefined
    ? []
    : [
        [{ policy, quantile: '0.5' }, seconds(of.p50)],
        [{ policy, quantile: '0.95' }, seconds(of.p95)],
        [{ policy, quantile: '0.99' }, seconds(of.p99)],
        [{ policy }, of.count, '_count'],
      ];

/** To the microsecond, which is what was measured. */
const seconds = (ms: number): number => Math.round(ms * 1_000) / 1_000_000;

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const labelText = (labels: Record<string, string>): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`;

const numberText = (value: number): string =>
  Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';

/** Nothing for a family without samples. */
const family = (series: string, type: string, help: string, samples: readonly Sample[]): string => {
  if (samples.length === 0) return '';
  const name = `agent4_resilience_${series}`;
  const lines = samples.map(
    ([labels, value, suffix = '']) => `${name}${suffix}${labelText(labels)} ${numberText(value)}`,
  );
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
};
