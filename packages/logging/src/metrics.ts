import { counters } from './counters.ts';
import { type DestinationHealth, loggingHealth } from './health.ts';
import { allFailures, allMeters, type LevelCount, type Meter } from './meters.ts';
import { prometheusText } from './prometheus.ts';

export interface FlushStats {
  readonly count: number;
  readonly sumMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What went to the destinations of one name since the start of the process. */
export interface DestinationMetrics {
  /** Lines handed over, by level; levels without any are left out. */
  readonly lines: Readonly<Record<string, number>>;
  /** UTF-16 units of those lines, newlines included; 0 for winston transports, which make their own text. */
  readonly characters: Readonly<Record<string, number>>;
  /** Bytes that the operating system took; 0 where the destination is not stdout, stderr or a file of ours. */
  readonly bytes: number;
  /** Lines lost, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** How long flushes took; undefined before the first. */
  readonly flushes: FlushStats | undefined;
}

/** Plain numbers at one moment; all but health only grow. */
export interface LoggingMetrics {
  readonly destinations: Readonly<Record<string, DestinationMetrics>>;
  /** Throws, rejections and errors of destinations, transports and formats, by source. */
  readonly failures: Readonly<Record<string, number>>;
  /** Records or values cut to a limit. */
  readonly truncations: number;
  /** Values that a line could only mark as unreadable. */
  readonly unreadable: number;
  /** Log calls that gave no line at all. */
  readonly serializeFailures: number;
  /** Typed events that were not as they are defined: of those that were checked, and of names that are not defined. */
  readonly eventMismatches: number;
  readonly health: readonly DestinationHealth[];
  /** The same in Prometheus' text format 0.0.4. */
  toPrometheus(): string;
}

const byLevel = ({ counts }: Meter, what: keyof LevelCount): Record<string, number> =>
  Object.fromEntries([...counts].map(([level, count]) => [level, count[what]]).filter(([, n]) => n !== 0));

const flushStats = ({ flushes, flushSumMs }: Meter): FlushStats | undefined =>
  flushes && {
    count: flushes.count,
    sumMs: flushSumMs,
    p50Ms: flushes.percentile(50) / 1_000,
    p99Ms: flushes.percentile(99) / 1_000,
    maxMs: flushes.max / 1_000,
  };

/** Counters of this copy of the package since the start of the process, read now. */
export const loggingMetrics = (): LoggingMetrics => {
  const destinations: Record<string, DestinationMetrics> = Object.create(null);
  for (const meter of allMeters())
    destinations[meter.name] = {
      lines: byLevel(meter, 'lines'),
      characters: byLevel(meter, 'characters'),
      bytes: meter.bytes,
      drops: Object.fromEntries(meter.drops),
      flushes: flushStats(meter),
    };
  const metrics = {
    destinations,
    failures: Object.fromEntries(allFailures()),
    ...counters,
    health: loggingHealth(),
  };
  return { ...metrics, toPrometheus: () => prometheusText(metrics) };
};
