// The whole public surface of @agent4/resilience/otel. It loads nothing of OpenTelemetry: a meter is known by its shape.
import {
  entriesOf,
  GAUGES,
  type MetricRow,
  type MetricSource,
  maxPoliciesOf,
  OTHER,
  rowsOf,
  statesOf,
} from './metric-rows.ts';
import { flag, onlyKnown, show } from './validate.ts';

export type { MetricSource } from './metric-rows.ts';

interface InstrumentOptions {
  description: string;
  unit: string;
  advice?: { explicitBucketBoundaries: number[] };
}

type Attributes = Record<string, string>;

interface Observer {
  observe(instrument: never, value: number, attributes: Attributes): void;
}

/** The parts of an OpenTelemetry `Meter` that are used. */
export interface MeterLike {
  createObservableCounter(name: string, options: InstrumentOptions): unknown;
  createObservableUpDownCounter(name: string, options: InstrumentOptions): unknown;
  createHistogram(
    name: string,
    options: InstrumentOptions,
  ): { record(value: number, attributes: Attributes): void };
  addBatchObservableCallback(callback: (observer: unknown) => void, instruments: never[]): void;
  removeBatchObservableCallback(callback: (observer: unknown) => void, instruments: never[]): void;
}

/** A policy whose events are heard too, for the histogram of durations. */
export interface ObservedSource extends MetricSource {
  on?(event: 'success' | 'failure', listener: (payload: { durationMs: number }) => unknown): () => void;
}

export interface InstrumentationOptions {
  /** Names beyond these are told together as `_other`. Default 500. */
  maxPolicies?: number | undefined;
  /** Record a histogram of durations, which makes each call build an event. Default true. */
  durations?: boolean | undefined;
}

/** Seconds; the boundaries that OpenTelemetry advises for durations of HTTP. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

const NAME = 'agent4.resilience.policy.name';
const OUTCOME = 'agent4.resilience.call.outcome';
const STATE = 'agent4.resilience.circuit.state';

/**
 * Tells a meter of OpenTelemetry about policies. Counts and states are read when the meter collects; durations, unless
 * switched off, are recorded call by call.
 * @param meter Of `@opentelemetry/api` or its SDK.
 * @param policies Policies, or a Map of them whose keys stand for their names. The list is read once.
 * @returns A function that takes all of it back.
 * @throws TypeError for something that is no meter or no policy.
 */
export function instrument(
  meter: MeterLike,
  policies: Iterable<ObservedSource | readonly [name: string, policy: ObservedSource]>,
  options: InstrumentationOptions = {},
): () => void {
  if (typeof meter?.addBatchObservableCallback !== 'function')
    throw new TypeError(`meter must be a Meter of OpenTelemetry, got ${show(meter)}`);
  onlyKnown('instrument', options, ['maxPolicies', 'durations']);
  const max = maxPoliciesOf(options.maxPolicies);
  const durations = flag('durations', options.durations) ?? true;
  const entries = entriesOf(policies);

  const { observers, instruments } = instrumentsOf(meter);
  const collect = (given: unknown): void => {
    const observer = given as Observer;
    const rows = rowsOf(entries, max);
    for (const row of rows) for (const observe of observers) observe(observer, row, statesOf(rows));
  };
  meter.addBatchObservableCallback(collect, instruments);
  const stops = durations ? recordDurations(meter, entries, max) : [];
  return () => {
    meter.removeBatchObservableCallback(collect, instruments);
    for (const stop of stops.splice(0)) stop();
  };
}

type Observe = (observer: Observer, row: MetricRow, states: readonly string[]) => void;

/** What is read when the meter collects, and how. */
const instrumentsOf = (meter: MeterLike): { observers: Observe[]; instruments: never[] } => {
  const instruments: never[] = [];
  const made = (instrument: unknown): never => {
    instruments.push(instrument as never);
    return instrument as never;
  };
  const counter = (name: string, unit: string, description: string): never =>
    made(meter.createObservableCounter(`agent4.resilience.${name}`, { unit, description }));
  const gauge = (name: string, unit: string, description: string): never =>
    made(meter.createObservableUpDownCounter(`agent4.resilience.${name}`, { unit, description }));

  const calls = counter('calls', '{call}', 'Calls that have ended, by outcome.');
  const retries = counter('retries', '{attempt}', 'Second and later attempts.');
  const suppressed = counter('retries.suppressed', '{attempt}', 'Retries that a budget did not allow.');
  const timeouts = counter('timeouts', '{call}', 'Calls and attempts that ran out of time.');
  const state = gauge('circuit.state', '1', 'State of a circuit: 1 for the one it is in, 0 for the others.');
  const counts: Observe = (observer, { name, stats }) => {
    const policy = { [NAME]: name };
    observer.observe(calls, stats.successes, { ...policy, [OUTCOME]: 'success' });
    observer.observe(calls, stats.failures, { ...policy, [OUTCOME]: 'failure' });
    observer.observe(calls, stats.rejections, { ...policy, [OUTCOME]: 'rejected' });
    observer.observe(calls, stats.cancelled, { ...policy, [OUTCOME]: 'cancelled' });
    observer.observe(retries, stats.retries, policy);
    observer.observe(suppressed, stats.suppressed, policy);
    observer.observe(timeouts, stats.timeouts, policy);
  };
  const circuits: Observe = (observer, row, states) => {
    if (row.state === undefined) return;
    for (const each of states)
      observer.observe(state, Number(each === row.state), { [NAME]: row.name, [STATE]: each });
  };
  const gauges = GAUGES.map(([, , name, description], at): Observe => {
    const instrument = gauge(name, '{call}', description);
    return (observer, row) => {
      const value = row.gauges[at];
      // No bound is no number that a meter could tell.
      if (value !== undefined && Number.isFinite(value))
        observer.observe(instrument, value, { [NAME]: row.name });
    };
  });
  return { observers: [counts, circuits, ...gauges], instruments };
};

const recordDurations = (
  meter: MeterLike,
  entries: readonly [string, ObservedSource][],
  max: number,
): (() => void)[] => {
  const histogram = meter.createHistogram('agent4.resilience.call.duration', {
    unit: 's',
    description: 'How long successes and failures took.',
    advice: { explicitBucketBoundaries: BOUNDARIES },
  });
  const names = new Set<string>();
  return entries.flatMap(([name, policy]) => {
    if (names.size < max) names.add(name);
    const policyName = names.has(name) ? name : OTHER;
    return (['success', 'failure'] as const).flatMap((outcome) => {
      const attributes = { [NAME]: policyName, [OUTCOME]: outcome };
      const stop = policy.on?.(outcome, ({ durationMs }) => histogram.record(durationMs / 1_000, attributes));
      return stop === undefined ? [] : [stop];
    });
  });
};
