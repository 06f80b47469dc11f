import { bulkhead } from './bulkhead.ts';
import { type CircuitBreakerOptions, circuitBreaker } from './circuit-breaker.ts';
import { type FallbackFunction, fallback } from './fallback.ts';
import { prepareParts } from './pipeline-configure.ts';
import { msOf, optionsOf, partOf } from './pipeline-part.ts';
import { patternsOf } from './pipeline-patterns.ts';
import type {
  GivesBreaker,
  GivesBulkhead,
  Pipeline,
  PipelineChanges,
  PipelineOptions,
  ShowsBreaker,
  ShowsBulkhead,
} from './pipeline-types.ts';
import { PipelineView } from './pipeline-view.ts';
import { elementsOf, type PolicyLike, policyOf } from './policy.ts';
import { type PriorityBulkheadOptions, priorityBulkhead } from './priority-bulkhead.ts';
import { type RetryPolicy, retry } from './retry.ts';
import { Stage, Whole } from './stage.ts';
import { timeout } from './timeout.ts';
import { nameOf, onlyKnown, optionalFunction, show, timeSource } from './validate.ts';

const PARTS = [
  ...(['fallback', 'deadlineMs', 'totalTimeoutMs', 'coalesce', 'rateLimit', 'bulkhead'] as const),
  ...(['adaptiveConcurrency', 'retry', 'hedge', 'circuitBreaker', 'timeoutMs', 'chaos'] as const),
];
const OPTIONS = ['name', ...PARTS, 'classify', 'clock', 'timers'];

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
  const named = partsOf(options, { name, clock, timers });
  const view = new PipelineView(name, named);
  const { circuitBreaker: breaker, bulkhead: slots } = view;
  return policyOf(
    [new Stage(new Whole(view.emitter, view.recorder, clock)), ...view.parts.flatMap(elementsOf)],
    {
      circuitBreaker: breaker,
      bulkhead: slots,
      on: view.on.bind(view),
      stats: view.stats.bind(view),
      snapshot: view.snapshot.bind(view),
      explain: view.explain.bind(view),
    },
    (changes: PipelineChanges) => prepareParts(named, changes),
  );
}

/** The parts by their options' names, in the order in which a call meets them. */
const partsOf = <A>(
  options: PipelineOptions<A>,
  shared: Required<Pick<PipelineOptions, 'clock' | 'timers'>> & { name: string },
): Map<string, PolicyLike> => {
  const { name, clock } = shared;
  const classify = optionalFunction('classify', options.classify);
  const builders: Record<(typeof PARTS)[number], (given: unknown) => PolicyLike> = {
    ...patternsOf(shared),
    fallback: (answer) => {
      if (typeof answer !== 'function')
        throw new TypeError(`fallback must be a function or a policy, got ${show(answer)}`);
      return fallback(answer as FallbackFunction<A>, { name });
    },
    totalTimeoutMs: (given) =>
      timeout({ ...shared, name: `${name}.total`, ms: msOf('totalTimeoutMs', given) }),
    bulkhead: (given) => {
      const { priority, ...rest } = optionsOf<PriorityBulkheadOptions>('bulkhead', given);
      if (priority === undefined) return bulkhead({ ...shared, ...rest });
      return priorityBulkhead({ ...shared, ...rest, priority });
    },
    retry: (given) => retry({ ...shared, classify, ...optionsOf<RetryPolicy>('retry', given) }),
    circuitBreaker: (given) =>
      circuitBreaker({
        ...{ name, clock, classify },
        ...optionsOf<CircuitBreakerOptions>('circuitBreaker', given),
      }),
    timeoutMs: (given) => timeout({ ...shared, ms: msOf('timeoutMs', given) }),
  };
  const named = PARTS.map((option): [string, PolicyLike | undefined] => [
    option,
    partOf(option, options[option], builders[option]),
  ]);
  return new Map(named.filter((each): each is [string, PolicyLike] => each[1] !== undefined));
};
