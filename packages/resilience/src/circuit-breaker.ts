import { type CustomBackoff, customDelays } from './backoff.ts';
import { Circuit, type CircuitSnapshot, type IsolationHandle } from './circuit.ts';
import {
  type CircuitWindow,
  type Counter,
  consecutiveCounter,
  engineCounter,
  windowCounter,
} from './circuit-counters.ts';
import { type CircuitJudge, CircuitRule } from './circuit-rule.ts';
import type { IBreaker } from './cockatiel.ts';
import { type CircuitStateName, Emitter } from './events.ts';
import { type Policy, policyOf } from './policy.ts';
import { Stage } from './stage.ts';
import type { Clock, TimeSource } from './timers.ts';
import { duration, integer, nameOf, onlyKnown, optionalFunction, timeSource } from './validate.ts';
import { clean, filterOf, type Handle, type Verdict, verdictOf } from './verdict.ts';

/** Options of {@link circuitBreaker}. `failureThreshold`, `window` and `breaker` exclude each other. */
export interface CircuitBreakerOptions extends Pick<TimeSource, 'clock'> {
  /** In events, errors and health. Default `circuitBreaker`. */
  name?: string | undefined;
  /** Failures in a row that open the circuit. Default 5. */
  failureThreshold?: number | undefined;
  /** Opens by the rate of failures instead. */
  window?: CircuitWindow | undefined;
  /** Any breaker of cockatiel, for this circuit alone. */
  breaker?: IBreaker | undefined;
  /** How long the circuit stays open: a duration, or a backoff over the openings in a row. Default 30_000. */
  openMs?: number | CustomBackoff | undefined;
  /** Calls let through while half-open; this many successes close the circuit, one failure opens it. Default 1. */
  halfOpenProbes?: number | undefined;
  /** A probe that takes longer counts as failed. Default 30_000; `Infinity` waits for ever. */
  halfOpenMaxWaitMs?: number | undefined;
  /** Which errors (and, as a filter of cockatiel, results) count. Default: all but those whose verdict is not retryable. */
  isFailure?: Handle | undefined;
  /** What an error means. Default: the error's own `retryable`. */
  classify?: ((error: unknown) => Verdict) | undefined;
}

const OPTIONS = [
  ...['name', 'failureThreshold', 'window', 'breaker', 'openMs', 'halfOpenProbes', 'halfOpenMaxWaitMs'],
  ...['isFailure', 'classify', 'clock'],
];

const EVENTS = [
  ...(['success', 'failure', 'reject'] as const),
  ...(['state', 'open', 'half-open', 'close', 'isolate'] as const),
];

export type CircuitBreakerEvents = (typeof EVENTS)[number];

/** A {@link Policy} that also shows and steers its circuit. */
export interface CircuitBreaker extends Policy<never, CircuitBreakerEvents> {
  /** Seen against the clock: an idle circuit whose break is over reads `half-open`. */
  readonly state: CircuitStateName;
  snapshot(): CircuitSnapshot;
  /** Rejects all calls until every handle given out is disposed of; then the circuit is closed, its counters empty. */
  isolate(): IsolationHandle;
}

/**
 * A policy that stops calling what keeps failing, and probes whether it is back.
 * Share one breaker between all calls to the same dependency. The call's errors pass unchanged.
 * @param options.failureThreshold Failures in a row that open the circuit. Default 5.
 * @param options.openMs How long it stays open. Default 30_000.
 * @throws CircuitOpenError at once, with `retryAfterMs`, while open or while half-open with all probes out.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  onlyKnown('circuitBreaker', options, OPTIONS);
  const { clock } = timeSource(options);
  const emitter = new Emitter(nameOf(options.name, 'circuitBreaker'), EVENTS);
  const openMs = options.openMs ?? 30_000;
  const circuit = new Circuit({
    counter: counterOf(options, clock),
    breaks:
      typeof openMs === 'number'
        ? customDelays('openMs', [duration('openMs', openMs, { zero: false, infinite: false })])
        : customDelays('openMs', openMs),
    halfOpenProbes: integer('halfOpenProbes', options.halfOpenProbes ?? 1, 1),
    halfOpenMaxWaitMs: duration('halfOpenMaxWaitMs', options.halfOpenMaxWaitMs ?? 30_000, {
      zero: false,
      infinite: true,
    }),
    clock,
    emitter,
  });
  const rule = new CircuitRule(emitter, clock, circuit, judgeOf(options));
  const surface = {
    get state() {
      return circuit.state;
    },
    snapshot: () => circuit.snapshot(),
    isolate: () => circuit.isolate(),
  };
  return policyOf([new Stage(rule)], surface);
}

const judgeOf = (options: CircuitBreakerOptions): CircuitJudge => {
  const classify = optionalFunction('classify', options.classify);
  const { error: fault, result } = filterOf('isFailure', options.isFailure);
  return {
    error: (error, emitter) =>
      fault !== undefined
        ? emitter.ask('isFailure', () => fault(error), true)
        : emitter.ask(
            'classify',
            () => (classify === undefined ? verdictOf(error) : clean(classify(error))).retryable !== false,
            true,
          ),
    result:
      result && ((value, emitter) => emitter.ask('isFailure', () => result(value), false)),
  };
};

const counterOf = (options: CircuitBreakerOptions, clock: Clock): Counter => {
  const { failureThreshold, window, breaker } = options;
  const given = Object.entries({ failureThreshold, window, breaker }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length > 1)
    throw new TypeError(
      `give one of failureThreshold, window and breaker, got ${given.map(([key]) => key).join(' and ')}`,
    );
  if (window !== undefined) return windowCounter(window, clock);
  if (breaker !== undefined) return engineCounter(breaker);
  return consecutiveCounter(failureThreshold ?? 5);
};
