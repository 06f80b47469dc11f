import type { DestinationHealth } from './health.ts';
import type { LoggingMetrics } from './metrics.ts';

type Sample = readonly [labels: Record<string, string>, value: number, suffix?: string];

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const labelText = (labels: Record<string, string>): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

const family = (name: string, type: string, help: string, samples: readonly Sample[]): string =>
  samples.length === 0
    ? ''
    : [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(([labels, value, suffix = '']) => `${name}${suffix}${labelText(labels)} ${value}`),
        '',
      ].join('\n');

/** Two destinations of one name would be one series twice, which a scrape refuses: the sum, or the worse state, stands for both. */
const gauges = (
  health: LoggingMetrics['health'],
  value: (one: DestinationHealth) => number,
  merge: (a: number, b: number) => number = (a, b) => a + b,
): Sample[] => {
  const byName = new Map<string, number>();
  for (const one of health) {
    const before = byName.get(one.name);
    byName.set(one.name, before === undefined ? value(one) : merge(before, value(one)));
  }
  return [...byName].map(([destination, number]) => [{ destination }, number]);
};

/** Names by Prometheus' conventions: base units, counters end in `_total`. */
export const prometheusText = (metrics: Omit<LoggingMetrics, 'toPrometheus'>): string => {
  const { destinations, failures, health } = metrics;
  const all = Object.entries(destinations);
  const byLevel = (field: 'lines' | 'characters'): Sample[] =>
    all.flatMap(([destination, of]) =>
      Object.entries(of[field]).map(([level, value]): Sample => [{ destination, level }, value]),
    );
  const flushes = all.flatMap(([destination, { flushes: stats }]): Sample[] =>
    stats === undefined
      ? []
      : [
          [{ destination, quantile: '0.5' }, stats.p50Ms / 1_000],
          [{ destination, quantile: '0.99' }, stats.p99Ms / 1_000],
          [{ destination }, stats.sumMs / 1_000, '_sum'],
          [{ destination }, stats.count, '_count'],
        ],
  );
  return [
    family('agent4_logging_lines_total', 'counter', 'Lines handed to a destination.', byLevel('lines')),
    family(
      'agent4_logging_characters_total',
      'counter',
      'UTF-16 units of the lines handed to a destination.',
      byLevel('characters'),
    ),
    family(
      'agent4_logging_written_bytes_total',
      'counter',
      'Bytes that the operating system took.',
      all.filter(([, { bytes }]) => bytes > 0).map(([destination, { bytes }]) => [{ destination }, bytes]),
    ),
    family(
      'agent4_logging_dropped_lines_total',
      'counter',
      'Lines lost, by reason.',
      all.flatMap(([destination, { drops }]) =>
        Object.entries(drops).map(([reason, value]): Sample => [{ destination, reason }, value]),
      ),
    ),
    family(
      'agent4_logging_failures_total',
      'counter',
      'Throws, rejections and errors of destinations, transports and formats.',
      Object.entries(failures).map(([source, value]) => [{ source }, value]),
    ),
    family('agent4_logging_truncations_total', 'counter', 'Records or values cut to a limit.', [
      [{}, metrics.truncations],
    ]),
    family('agent4_logging_unreadable_values_total', 'counter', 'Values marked as unreadable.', [
      [{}, metrics.unreadable],
    ]),
    family('agent4_logging_serialize_failures_total', 'counter', 'Log calls that gave no line.', [
      [{}, metrics.serializeFailures],
    ]),
    family('agent4_logging_event_mismatches_total', 'counter', 'Typed events not as they are defined.', [
      [{}, metrics.eventMismatches],
    ]),
    family('agent4_logging_flush_duration_seconds', 'summary', 'How long flushes took.', flushes),
    family(
      'agent4_logging_queued_lines',
      'gauge',
      'Lines taken and not yet out.',
      gauges(health, ({ queued }) => queued),
    ),
    family(
      'agent4_logging_queued_bytes',
      'gauge',
      'Bytes taken and not yet out.',
      gauges(health, ({ queuedBytes }) => queuedBytes),
    ),
    family(
      'agent4_logging_destination_up',
      'gauge',
      '1 while the destination takes lines, 0.5 while it is degraded, 0 while it is down.',
      gauges(health, ({ state }) => ({ up: 1, degraded: 0.5, down: 0 })[state], Math.min),
    ),
  ].join('');
};
