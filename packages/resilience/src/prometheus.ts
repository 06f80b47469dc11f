// The whole public surface of @agent4/resilience/prometheus: text format 0.0.4, without a client library.
import type { HealthReport } from './health.ts';
import {
  entriesOf,
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
  const checks = Object.entries(health?.snapshot().checks ?? {});
  const of = (read: (row: MetricRow) => number | undefined): Sample[] =>
    rows.flatMap((row) => {
      const value = read(row);
      return value === undefined ? [] : [[{ policy: row.name }, value] as const];
    });
  const states = statesOf(rows);
  return [
    family(
      'agent4_resilience_calls_total',
      'counter',
      'Calls that have ended, by how: success, failure, rejected by a policy, cancelled by the caller.',
      rows.flatMap(({ name, stats }) =>
        OUTCOMES.map(([outcome, field]): Sample => [{ policy: name, outcome }, stats[field]]),
      ),
    ),
    family(
      'agent4_resilience_retries_total',
      'counter',
      'Second and later attempts.',
      of(({ stats }) => stats.retries),
    ),
    family(
      'agent4_resilience_timeouts_total',
      'counter',
      'Calls and attempts that ran out of time.',
      of(({ stats }) => stats.timeouts),
    ),
    family(
      'agent4_resilience_call_duration_seconds',
      'summary',
      'How long successes and failures took, since the policy was made.',
      rows.flatMap(({ name, stats }) => latency(name, stats.latencyMs)),
    ),
    family(
      'agent4_resilience_circuit_state',
      'gauge',
      'The state of a circuit: 1 for the one it is in, 0 for the others.',
      rows.flatMap(({ name, state: current }) =>
        current === undefined
          ? []
          : states.map((state): Sample => [{ policy: name, state }, Number(state === current)]),
      ),
    ),
    family(
      'agent4_resilience_bulkhead_running',
      'gauge',
      'Calls that hold a slot.',
      of(({ bulkhead }) => bulkhead?.running),
    ),
    family(
      'agent4_resilience_bulkhead_queued',
      'gauge',
      'Callers that wait for a slot.',
      of(({ bulkhead }) => bulkhead?.queued),
    ),
    family(
      'agent4_resilience_bulkhead_max_concurrent',
      'gauge',
      'Slots.',
      of(({ bulkhead }) => bulkhead?.maxConcurrent),
    ),
    family(
      'agent4_resilience_bulkhead_max_queue',
      'gauge',
      'Callers that may wait for a slot.',
      of(({ bulkhead }) => bulkhead?.maxQueue),
    ),
    family(
      'agent4_resilience_health_status',
      'gauge',
      'The last known result of a health check: 1 for its status, 0 for the others.',
      checks.flatMap(([check, result]) =>
        HEALTH.map((status): Sample => [{ check, status }, Number(status === result.status)]),
      ),
    ),
  ].join('');
}

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
const family = (name: string, type: string, help: string, samples: readonly Sample[]): string =>
  samples.length === 0
    ? ''
    : [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(
          ([labels, value, suffix = '']) => `${name}${suffix}${labelText(labels)} ${numberText(value)}`,
        ),
        '',
      ].join('\n');
