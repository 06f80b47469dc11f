import type { CustomBackoff } from './backoff.ts';
import { Circuit } from './circuit.ts';
import type { CircuitWindow } from './circuit-counters.ts';
import {
  type CircuitExplanation,
  type CircuitSnapshot,
  checkSnapshot,
  explanationOf,
  type IsolationHandle,
  snapshotOf,
} from './circuit-report.ts';
import { CircuitRule } from './circuit-rule.ts';
import { bringsCounter, circuitSettings } from './circuit-settings.ts';
import type { CircuitMode } from './circuit-state.ts';
import type { IBreaker } from './cockatiel.ts';
import { type CircuitStateName, Emitter } from './events.ts';
import { type Policy, policyOf } from './policy.ts';
import { Stage } from './stage.ts';
import type { TimeSource } from './timers.ts';
import { changed, nameOf, oneOf, onlyKnown, timeSource } from './validate.ts';
import type { Handle, Verdict } from './verdict.ts';

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
  /**
   * How long the circuit stays open: a duration, or a backoff over the openings in a row. Default 30_000, which also holds where a
   * function throws or answers no number above 0.
   */
  openMs?: number | CustomBackoff | undefined;
  /** What an error's Retry-After does: makes the break it leads to as long (`extend`), opens the circuit by itself (`open`), nothing (`ignore`). Default `extend`. */
  retryAfter?: 'extend' | 'open' | 'ignore' | undefined;
  /** The longest Retry-After that is obeyed; a longer one is cut to this. Default 300_000. */
  maxRetryAfterMs?: number | undefined;
  /** Calls let through while half-open. Default 1. */
  halfOpenProbes?: number | undefined;
  /** Share of the probes that must succeed to close the circuit, more than 0 and at most 1. Default 1: one failure opens it. */
  halfOpenSuccessRate?: number | undefined;
  /** A probe that takes longer, a stream to its first item, counts as failed. Default 30_000; `Infinity` waits for ever. */
  halfOpenMaxWaitMs?: number | undefined;
  /** After closing, the share of calls let through grows from a tenth to all within this time. Default 0: all at once. */
  rampUpMs?: number | undefined;
  /** Chooses who is let through while ramping up. Default `Math.random`. */
  random?: (() => number) | undefined;
  /** Default `enabled`; can be changed later. */
  mode?: CircuitMode | undefined;
  /** Which errors (and, as a filter of cockatiel, results) count. Default: all but those whose verdict is not retryable. */
  isFailure?: Handle | undefined;
  /** What an error means. Default: the error's own `retryable`. */
  classify?: ((error: unknown) => Verdict) | undefined;
}

/** What `configure` can change. */
export type CircuitBreakerChanges = Omit<CircuitBreakerOptions, 'name' | 'clock' | 'mode'>;

const CHANGES = [
  ...['failureThreshold', 'window', 'breaker', 'openMs', 'retryAfter', 'maxRetryAfterMs', 'halfOpenProbes'],
  ...['halfOpenSuccessRate', 'halfOpenMaxWaitMs', 'rampUpMs', 'random', 'isFailure', 'classify'],
];
export const CIRCUIT_OPTIONS: readonly string[] = ['name', ...CHANGES, 'mode', 'clock'];

export const CIRCUIT_EVENTS = [
  ...(['success', 'failure', 'reject'] as const),
  ...(['state', 'open', 'half-open', 'close', 'isolate'] as const),
];

export type CircuitBreakerEvents = (typeof CIRCUIT_EVENTS)[number];

/** A {@link Policy} that also shows and steers its circuit. */
export interface CircuitBreaker extends Policy<never, CircuitBreakerEvents> {
  /** Seen against the clock: an idle circuit whose break is over reads `half-open`. */
  readonly state: CircuitStateName;
  /** Assigning takes effect at once; an open circuit that is no longer to open closes. */
  mode: CircuitMode;
  snapshot(): CircuitSnapshot;
  /** Why calls are let through or not, and when the next one may be. */
  explain(): CircuitExplanation;
  /**
   * Takes up a state that `snapshot()` gave `elapsedMs` ago, perhaps in another process. The evidence of a closed circuit begins
   * anew. For an isolated one the answer is the handle that releases it. What is isolated here stays so: then another state is
   * left out, as one that is open is while the mode is not `enabled`.
   * @throws TypeError or RangeError for what is no snapshot.
   */
  restore(saved: CircuitSnapshot, elapsedMs?: number): IsolationHandle | undefined;
  /**
   * Changes settings for calls from now on; those running keep theirs, a half-open circuit goes by the new ones at once. The state stays; a new `failureThreshold`, `window` or
   * `breaker` begins its evidence anew.
   * @throws As at construction; then nothing is changed.
   */
  configure(changes: CircuitBreakerChanges): void;
  /** Rejects all calls, in each mode, until every handle given out is disposed of; then the circuit is closed, its counters empty. */
  isolate(): IsolationHandle;
}

/**
 * A policy that stops calling what keeps failing, and probes whether it is back.
 * Share one breaker between all calls to the same dependency. The call's errors pass unchanged.
 * @param options.failureThreshold Failures in a row that open the circuit. Default 5.
 * @param options.openMs How long it stays open. Default 30_000.
 * @throws CircuitOpenError at once, with `retryAfterMs`, while open or while half-open with all probes out; without it for a call
 * that `rampUpMs` holds back.
 * @throws CircuitIsolatedError at once while isolated.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  onlyKnown('circuitBreaker', options, CIRCUIT_OPTIONS);
  const { clock } = timeSource(options);
  const emitter = new Emitter(nameOf(options.name, 'circuitBreaker'), CIRCUIT_EVENTS);
  const circuit = new Circuit(circuitSettings(options, clock), clock, emitter);
  circuit.mode = modeOf(options.mode ?? 'enabled');
  let current = options;
  const surface = {
    get state() {
      return circuit.look().state;
    },
    get mode() {
      return circuit.mode;
    },
    set mode(mode: CircuitMode) {
      circuit.mode = modeOf(mode);
    },
    snapshot: () => snapshotOf(circuit),
    explain: () => explanationOf(circuit),
    isolate: () => circuit.isolate(),
    restore: (saved: CircuitSnapshot, elapsedMs = 0) => {
      checkSnapshot(saved, elapsedMs);
      return circuit.restore(saved, elapsedMs);
    },
  };
  return policyOf(
    [new Stage(new CircuitRule(emitter, clock, circuit))],
    surface,
    (changes: CircuitBreakerChanges) => {
      onlyKnown('configure', changes, CHANGES);
      const fresh = bringsCounter(changes);
      // The three ways to count exclude each other, so a new one takes the place of whichever was there.
      const next = changed({ ...current, ...(fresh ? NO_COUNTER : {}) }, changes);
      const settings = circuitSettings(next, clock, fresh ? undefined : circuit.settings.counter);
      return () => {
        current = next;
        circuit.settings = settings;
      };
    },
  );
}

const NO_COUNTER = { failureThreshold: undefined, window: undefined, breaker: undefined };

const modeOf = (mode: CircuitMode): CircuitMode =>
  oneOf('mode', mode, ['enabled', 'metrics-only', 'disabled']);
