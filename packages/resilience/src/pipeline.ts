import { type Bulkhead, type BulkheadChanges, type BulkheadOptions, bulkhead } from './bulkhead.ts';
import {
  type CircuitBreaker,
  type CircuitBreakerChanges,
  type CircuitBreakerOptions,
  circuitBreaker,
} from './circuit-breaker.ts';
import type { CircuitExplanation, CircuitSnapshot } from './circuit-report.ts';
import { Emitter, type EventName, type PolicyEvents } from './events.ts';
import { type FallbackFunction, fallback } from './fallback.ts';
import { type PatternParts, patternsOf } from './pipeline-patterns.ts';
import { elementsOf, emitterOf, type Policy, type PolicyLike, policyOf, prepareOf } from './policy.ts';
import { type RetryChanges, type RetryPolicy, retry } from './retry.ts';
import { Stage } from './stage.ts';
import { type PolicyStats, Recorder } from './stats.ts';
import { timeout } from './timeout.ts';
import type { TimeSource } from './timers.ts';
import { nameOf, onlyKnown, optionalFunction, show, timeSource } from './validate.ts';
import type { Verdict } from './verdict.ts';

/** Options of {@link pipeline}, in the order in which a call meets the parts. A part is its options, or a ready policy. */
export interface PipelineOptions<A = never> extends TimeSource, PatternParts {
  /** The dependency's name; the parts bear it too. Default `pipeline`. */
  name?: string | undefined;
  /** Answers in the call's place when all else has failed; a ready `fallback(…)` can be choosier. */
  fallback?: FallbackFunction<A> | Policy<A, 'success' | 'failure' | 'fallback'> | undefined;
  /** The limit of the whole: queueing, all attempts, all waits. Its name is `<name>.total`. */
  totalTimeoutMs?: number | PolicyLike | undefined;
  /** The slot is held during retries and their waits. */
  bulkhead?: BulkheadOptions | PolicyLike | undefined;
  retry?: RetryPolicy | PolicyLike | undefined;
  /** Sees each attempt. */
  circuitBreaker?: CircuitBreakerOptions | PolicyLike | undefined;
  /** The limit of each attempt. */
  timeoutMs?: number | PolicyLike | undefined;
  /** What an error means, for retry and breaker. Default: the error's own `retryable`, `safety` and `retryAfterMs`. */
  classify?: ((error: unknown) => Verdict) | undefined;
}

export interface PipelineSnapshot {
  name: string;
  circuitBreaker: CircuitSnapshot | undefined;
  bulkhead: ReturnType<Bulkhead['snapshot']> | undefined;
  stats: PolicyStats;
}

/** What `configure` can change: settings of parts that the pipeline has. */
export interface PipelineChanges {
  totalTimeoutMs?: number | undefined;
  bulkhead?: BulkheadChanges | undefined;
  retry?: RetryChanges | undefined;
  circuitBreaker?: CircuitBreakerChanges | undefined;
  timeoutMs?: number | undefined;
}

const CHANGES = ['totalTimeoutMs', 'bulkhead', 'retry', 'circuitBreaker', 'timeoutMs'];

export interface PipelineExplanation {
  name: string;
  /** The parts, the outermost first. */
  order: readonly string[];
  /** For people, in a line. */
  text: string;
  circuitBreaker: CircuitExplanation | undefined;
  bulkhead: ReturnType<Bulkhead['snapshot']> | undefined;
}

/** A {@link Policy} of the usual parts. `on` hears the parts' events as well; `success` and `failure` are the whole's. */
export interface Pipeline<A = never> extends Policy<A, EventName> {
  /** Undefined when there is none, or it is not one of ours; the type knows it is there when the options say so. */
  readonly circuitBreaker: CircuitBreaker | undefined;
  /** As `circuitBreaker`. */
  readonly bulkhead: Bulkhead | undefined;
  snapshot(): PipelineSnapshot;
  /** What a call meets, and what it would meet just now. */
  explain(): PipelineExplanation;
  /**
   * Changes settings of the parts for calls from now on; those running keep theirs. A ready policy that was handed in is changed
   * for all its users.
   * @throws As at construction, or TypeError for a part that is not there; then nothing is changed.
   */
  configure(changes: PipelineChanges): void;
  /** Counts of the whole; `retries` and `timeouts` are summed over the parts (a shared part counts all its users). */
  stats(): PolicyStats;
}

interface GivesBreaker {
  circuitBreaker: (CircuitBreakerOptions & { execute?: undefined }) | CircuitBreaker;
}

interface GivesBulkhead {
  bulkhead: (BulkheadOptions & { execute?: undefined }) | Bulkhead;
}

interface ShowsBreaker {
  readonly circuitBreaker: CircuitBreaker;
}

interface ShowsBulkhead {
  readonly bulkhead: Bulkhead;
}

const PARTS = [
  ...(['fallback', 'deadlineMs', 'totalTimeoutMs', 'coalesce', 'rateLimit', 'bulkhead'] as const),
  ...(['adaptiveConcurrency', 'retry', 'hedge', 'circuitBreaker', 'timeoutMs', 'chaos'] as const),
];
const OPTIONS = ['name', ...PARTS, 'classify', 'clock', 'timers'];

const EVENTS: readonly EventName[] = [
  ...(['success', 'failure', 'retry', 'suppress', 'timeout', 'reject', 'fallback'] as const),
  ...(['state', 'open', 'half-open', 'close', 'isolate'] as const),
  ...(['deadline', 'hedge', 'coalesce', 'chaos', 'limit'] as const),
];

/**
 * The usual policies around one dependency, in the order that works:
 * fallback > deadline > total timeout > coalesce > rate limit > bulkhead > adaptive concurrency > retry > hedge > circuit breaker
 * > timeout of each attempt > chaos > call.
 * A part that is not given is not there.
 * @throws What the parts throw; see each.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense, or when there is no part at all.
 */
export function pipeline<A = never>(
  options: PipelineOptions<A> & GivesBreaker & GivesBulkhead,
): Pipeline<A> & ShowsBreaker & ShowsBulkhead;
export function pipeline<A = never>(options: PipelineOptions<A> & GivesBreaker): Pipeline<A> & ShowsBreaker;
export function pipeline<A = never>(options: PipelineOptions<A> & GivesBulkhead): Pipeline<A> & ShowsBulkhead;
export function pipeline<A = never>(options: PipelineOptions<A>): Pipeline<A>;
export function pipeline<A = never>(options: PipelineOptions<A>): Pipeline<A> {
  onlyKnown('pipeline', options, OPTIONS);
  if (PARTS.every((part) => options[part] === undefined))
    throw new TypeError(`pipeline needs at least one part, one of ${PARTS.join(', ')}`);
  const name = nameOf(options.name, 'pipeline');
  const { clock, timers } = timeSource(options);
  const classify = optionalFunction('classify', options.classify);
  const shared = { name, clock, timers };

  const breaker = part('circuitBreaker', options.circuitBreaker, (given) =>
    circuitBreaker({ name, clock, classify, ...optionsOf<CircuitBreakerOptions>(given) }),
  );
  const slots = part('bulkhead', options.bulkhead, (given) =>
    bulkhead({ ...shared, ...optionsOf<BulkheadOptions>(given) }),
  );
  const limit = (option: 'totalTimeoutMs' | 'timeoutMs', called: string): PolicyLike | undefined =>
    part(option, options[option], (ms) => {
      if (typeof ms !== 'number')
        throw new TypeError(`${option} must be a number of milliseconds or a policy, got ${show(ms)}`);
      return timeout({ ...shared, name: called, ms });
    });
  const pattern = patternsOf(shared, (each, of) => part(each, options[each], of), optionsOf);
  const named: Record<(typeof PARTS)[number], PolicyLike | undefined> = {
    ...pattern,
    fallback: part('fallback', options.fallback, (answer) => {
      if (typeof answer !== 'function')
        throw new TypeError(`fallback must be a function or a policy, got ${show(answer)}`);
      return fallback(answer as FallbackFunction<A>, { name });
    }),
    totalTimeoutMs: limit('totalTimeoutMs', `${name}.total`),
    bulkhead: slots,
    retry: part('retry', options.retry, (given) =>
      retry({ ...shared, classify, ...optionsOf<RetryPolicy>(given) }),
    ),
    circuitBreaker: breaker,
    timeoutMs: limit('timeoutMs', name),
  };
  const parts = PARTS.map((each) => named[each]).filter((each) => each !== undefined);

  const emitter = new Emitter(name, EVENTS);
  const recorder = new Recorder();
  const stats = (): PolicyStats => {
    const sum = recorder.stats();
    for (const each of parts) {
      const own = emitterOf(each) === undefined ? undefined : (each as Policy).stats();
      sum.retries += own?.retries ?? 0;
      sum.suppressed += own?.suppressed ?? 0;
      sum.timeouts += own?.timeouts ?? 0;
    }
    return sum;
  };
  const on = <K extends EventName>(
    event: K,
    listener: (payload: PolicyEvents[K]) => unknown,
  ): (() => void) => {
    const stops = [emitter.on(event, listener)];
    if (event !== 'success' && event !== 'failure') {
      for (const each of parts) {
        if (emitterOf(each)?.knows(event)) stops.push((each as Policy).on(event, listener));
      }
    }
    return () => {
      for (const stop of stops) stop();
    };
  };
  const ownBreaker = ours<CircuitBreaker>(breaker, 'isolate');
  const ownBulkhead = ours<Bulkhead>(slots, 'snapshot');
  const snapshot = (): PipelineSnapshot => ({
    name,
    circuitBreaker: ownBreaker?.snapshot(),
    bulkhead: ownBulkhead?.snapshot(),
    stats: stats(),
  });
  const explain = (): PipelineExplanation => {
    const circuit = ownBreaker?.explain();
    const bulk = ownBulkhead?.snapshot();
    const order = PARTS.filter((each) => named[each] !== undefined);
    const texts = [circuit && `circuit breaker ${circuit.text}`, bulk && slotsText(bulk)];
    const text = [`${name}: ${order.join(' > ')} > call`, ...texts.filter((each) => each !== undefined)].join(
      '; ',
    );
    return { name, order, text, circuitBreaker: circuit, bulkhead: bulk };
  };
  return policyOf(
    [new Stage({ emitter, recorder, clock }), ...parts.flatMap(elementsOf)],
    { circuitBreaker: ownBreaker, bulkhead: ownBulkhead, on, stats, snapshot, explain },
    (changes: PipelineChanges) => prepareAll(named, changes),
  );
}

const slotsText = ({ running, maxConcurrent, queued }: ReturnType<Bulkhead['snapshot']>): string =>
  `bulkhead ${running} of ${maxConcurrent} slots taken, ${queued} waiting`;

const prepareAll = (
  named: Readonly<Record<string, PolicyLike | undefined>>,
  changes: PipelineChanges,
): (() => void) => {
  onlyKnown('configure', changes, CHANGES);
  // All are checked before any takes effect.
  const commits = Object.entries(changes)
    .filter(([, change]) => change !== undefined)
    .map(([option, change]) => {
      const policy = named[option];
      const prepare = policy && prepareOf(policy);
      if (prepare === undefined)
        throw new TypeError(`configure cannot change ${option}: the pipeline has no such part of ours`);
      return blaming(option, () => prepare((typeof change === 'number' ? { ms: change } : change) as never));
    });
  return () => {
    for (const commit of commits) commit();
  };
};

const part = (
  option: string,
  given: unknown,
  build: (given: unknown) => PolicyLike,
): PolicyLike | undefined => {
  if (given === undefined) return undefined;
  // A policy of ours is a function, so `execute` is what tells a ready policy from options and from a plain function.
  if (typeof (given as PolicyLike | null)?.execute === 'function') return given as PolicyLike;
  return blaming(option, () => build(given));
};

const blaming = <T>(option: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    // The message of a part names its own option; say which part that was.
    if (error instanceof RangeError) throw new RangeError(`${option}: ${error.message}`, { cause: error });
    if (error instanceof TypeError) throw new TypeError(`${option}: ${error.message}`, { cause: error });
    throw error;
  }
};

/** Spreading would take `false`, meant as "without", for options with nothing in them, and switch the part on. */
const optionsOf = <O extends object>(given: unknown): O => {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new TypeError(`must be its options or a policy, got ${show(given)}; leave it out to do without`);
  return given as O;
};

const ours = <P extends PolicyLike>(policy: PolicyLike | undefined, method: keyof P): P | undefined =>
  policy !== undefined && emitterOf(policy) !== undefined && method in policy ? (policy as P) : undefined;
