import { customDelays } from './backoff.ts';
import type { CircuitBreakerOptions } from './circuit-breaker.ts';
import { type Counter, consecutiveCounter, engineCounter, windowCounter } from './circuit-counters.ts';
import type { CircuitJudge } from './circuit-rule.ts';
import { type CircuitSettings, DEFAULT_OPEN_MS } from './circuit-state.ts';
import type { Clock } from './timers.ts';
import { duration, integer, oneOf, optionalFunction, share } from './validate.ts';
import { clean, filterOf, verdictOf } from './verdict.ts';

/** The options of a breaker, checked and made ready. Replaced as a whole, so that a running call keeps those it began with. */
export const circuitSettings = (
  options: CircuitBreakerOptions,
  clock: Clock,
  counter: Counter = counterOf(options, clock),
): CircuitSettings => {
  const openMs = options.openMs ?? DEFAULT_OPEN_MS;
  const probes = integer('halfOpenProbes', options.halfOpenProbes ?? 1, 1);
  const rate = share('halfOpenSuccessRate', options.halfOpenSuccessRate ?? 1);
  return {
    counter,
    judge: judgeOf(options),
    breaks:
      typeof openMs === 'number'
        ? customDelays('openMs', [duration('openMs', openMs, { zero: false, infinite: false })])
        : customDelays('openMs', openMs, false),
    retryAfter: oneOf('retryAfter', options.retryAfter ?? 'extend', ['extend', 'open', 'ignore']),
    maxRetryAfterMs: duration('maxRetryAfterMs', options.maxRetryAfterMs ?? 300_000, {
      zero: true,
      infinite: true,
    }),
    halfOpenProbes: probes,
    // 0.7 of 10 is 7.000000000000001 for a computer.
    halfOpenSuccesses: Math.ceil(rate * probes - 1e-9),
    halfOpenMaxWaitMs: duration('halfOpenMaxWaitMs', options.halfOpenMaxWaitMs ?? 30_000, {
      zero: false,
      infinite: true,
    }),
    slowCallMs: options.window?.slowCallMs ?? Number.POSITIVE_INFINITY,
    rampUpMs: duration('rampUpMs', options.rampUpMs ?? 0, { zero: true, infinite: false }),
    random: optionalFunction('random', options.random) ?? Math.random,
  };
};

/** Whether one of these options makes a new counter, in which the evidence begins anew. */
export const bringsCounter = (options: Partial<CircuitBreakerOptions>): boolean =>
  options.failureThreshold !== undefined || options.window !== undefined || options.breaker !== undefined;

const judgeOf = (options: CircuitBreakerOptions): CircuitJudge => {
  const classify = optionalFunction('classify', options.classify);
  const { error: fault, result } = filterOf('isFailure', options.isFailure);
  return {
    error: (error, emitter) => {
      const verdict = emitter.ask(
        'classify',
        () => (classify === undefined ? verdictOf(error) : clean(classify(error))),
        {},
      );
      const failed =
        fault === undefined
          ? verdict.retryable !== false
          : emitter.ask('isFailure', () => fault(error), true);
      return failed ? (verdict.afterMs ?? 0) : undefined;
    },
    cancellations: fault !== undefined,
    result: result && ((value, emitter) => emitter.ask('isFailure', () => result(value), false)),
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
