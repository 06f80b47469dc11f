import type { AlertRateLimit } from './alert-limit.ts';
import type { ActiveAlert, AlertSeverity } from './alert-notice.ts';
import type { AlertSink, AlertSinkFunction, SinkSettings } from './alert-queue.ts';
import type { FlapSettings } from './alert-tracker.ts';
import type { CircuitStateName, StateChange } from './events.ts';
import type { TimeSource } from './timers.ts';
import { duration, integer, nameOf, oneOf, onlyKnown, show } from './validate.ts';

/** A circuit breaker, or a pipeline with one. */
export interface AlertSource {
  readonly name: string;
  readonly state?: CircuitStateName;
  readonly circuitBreaker?: AlertSource | undefined;
  on(event: 'state', listener: (change: StateChange) => unknown): () => void;
}

/** `circuitBreakers`, by their shape: the circuit of each key is watched by its own name, `<name>:<key>`. */
export interface KeyedAlertSource {
  readonly name: string;
  for(key: string): unknown;
  snapshot(): Record<string, { readonly name: string; readonly state: CircuitStateName }>;
  on(event: 'state', listener: (change: StateChange) => unknown): () => void;
}

export interface AlertOptions extends TimeSource {
  /** Circuits to watch; `watch` adds more. Each needs a name of its own. Default none. */
  sources?: Iterable<AlertSource | KeyedAlertSource> | undefined;
  /** Where notices go; each has its own queue and time limit. */
  sinks: readonly (AlertSink | AlertSinkFunction)[];
  /** How bad an alert is. Default: `warning` for a circuit isolated by hand and for flapping, else `critical`. */
  severity?:
    | AlertSeverity
    | ((alert: Pick<ActiveAlert, 'policy' | 'kind' | 'state'>) => AlertSeverity)
    | undefined;
  /**
   * After an alert was resolved, a circuit that opens within this time is told of only if it is still not closed at its end.
   * Default 60_000; 0 for none.
   */
  coolDownMs?: number | undefined;
  /** One alert for a circuit that opens and closes in turn. Default 6 within 300_000 ms, over after as long a quiet; `false` for none. */
  flap?: { transitions?: number; windowMs?: number; quietMs?: number } | false | undefined;
  /** A limit over all circuits. Default 20 in 60_000 ms; `false` for none. */
  rateLimit?: Partial<AlertRateLimit> | false | undefined;
  /** Put into every notice, such as service and host. */
  labels?: Readonly<Record<string, string>> | undefined;
  /** The wall clock of the notices' times, milliseconds since 1970. Default `Date.now`. */
  now?: (() => number) | undefined;
}

const SEVERITIES: readonly AlertSeverity[] = ['critical', 'warning', 'info'];

export const OPTIONS: readonly string[] = [
  ...['sources', 'sinks', 'severity', 'coolDownMs', 'flap', 'rateLimit', 'labels', 'now', 'clock', 'timers'],
];

const MS = { zero: false, infinite: false };

export const flapOf = (given: AlertOptions['flap']): FlapSettings | undefined => {
  if (given === false) return undefined;
  const options = given ?? {};
  onlyKnown('flap', options, ['transitions', 'windowMs', 'quietMs']);
  const windowMs = duration('flap.windowMs', options.windowMs ?? 300_000, MS);
  return {
    transitions: integer('flap.transitions', options.transitions ?? 6, 2),
    windowMs,
    quietMs: duration('flap.quietMs', options.quietMs ?? windowMs, MS),
  };
};

export const rateLimitOf = (given: AlertOptions['rateLimit']): AlertRateLimit => {
  if (given === false) return { max: Number.POSITIVE_INFINITY, perMs: 1 };
  const options = given ?? {};
  onlyKnown('rateLimit', options, ['max', 'perMs']);
  return {
    max: integer('rateLimit.max', options.max ?? 20, 1),
    perMs: duration('rateLimit.perMs', options.perMs ?? 60_000, MS),
  };
};

export const labelsOf = (given: AlertOptions['labels']): Readonly<Record<string, string>> => {
  const labels = given ?? {};
  if (typeof labels !== 'object' || Object.values(labels).some((value) => typeof value !== 'string'))
    throw new TypeError(`labels must be an object of strings, got ${show(labels)}`);
  return Object.freeze({ ...labels });
};

/** Sinks with every default filled in, by name. */
export const sinksOf = (given: AlertOptions['sinks']): [string, SinkSettings][] => {
  if (!Array.isArray(given) || given.length === 0)
    throw new TypeError(`sinks must be a list with at least one sink, got ${show(given)}`);
  const taken = new Set<string>();
  return (given as AlertOptions['sinks']).map((each, at) => {
    const sink: AlertSink = typeof each === 'function' ? { send: each } : each;
    onlyKnown(`sink ${at + 1}`, sink, ['send', 'name', 'timeoutMs', 'maxQueued']);
    if (typeof sink.send !== 'function')
      throw new TypeError(`send of sink ${at + 1} must be a function, got ${show(sink.send)}`);
    const name = nameOf(sink.name, `sink-${at + 1}`);
    if (taken.has(name)) throw new TypeError(`two sinks are named "${name}"; give each a name of its own`);
    taken.add(name);
    return [
      name,
      {
        send: (notice, context) => sink.send(notice, context),
        timeoutMs: duration(`timeoutMs of sink "${name}"`, sink.timeoutMs ?? 10_000, MS),
        maxQueued: integer(`maxQueued of sink "${name}"`, sink.maxQueued ?? 100, 1),
      },
    ];
  });
};

/** Shown to `severity`, and to people in the text. */
export type AlertView = Pick<ActiveAlert, 'policy' | 'kind' | 'state'>;

const defaultSeverity = ({ kind, state }: AlertView): AlertSeverity =>
  kind === 'flapping' || state === 'isolated' ? 'warning' : 'critical';

/** How bad an alert is; a function that throws or answers no such word is reported, and the default holds. */
export const severityOf = (
  given: AlertOptions['severity'],
  report: (error: unknown) => void,
): ((alert: AlertView) => AlertSeverity) => {
  if (typeof given !== 'function') {
    if (given === undefined) return defaultSeverity;
    oneOf('severity', given, SEVERITIES);
    return () => given;
  }
  return (alert) => {
    try {
      return oneOf('severity', given(alert), SEVERITIES);
    } catch (error) {
      report(error);
      return defaultSeverity(alert);
    }
  };
};
