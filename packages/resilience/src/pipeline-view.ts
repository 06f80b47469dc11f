import type { AdaptiveConcurrency } from './adaptive-concurrency.ts';
import type { Bulkhead } from './bulkhead.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Deadline } from './deadline.ts';
import { Emitter, EVENTS, type EventName, type PolicyEvents } from './events.ts';
import { Parts } from './parts.ts';
import type { PartSnapshots, PipelineExplanation, PipelineSnapshot } from './pipeline-types.ts';
import { emitterOf, type PolicyLike } from './policy.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Retry } from './retry.ts';
import { type PolicyStats, Recorder } from './stats.ts';

/** What a pipeline shows of itself and of its parts. */
export class PipelineView {
  readonly emitter: Emitter;
  readonly recorder = new Recorder();
  readonly parts: readonly PolicyLike[];
  readonly circuitBreaker: CircuitBreaker | undefined;
  readonly bulkhead: Bulkhead | undefined;
  readonly #all: Parts;
  readonly #named: ReadonlyMap<string, PolicyLike>;

  constructor(name: string, named: ReadonlyMap<string, PolicyLike>) {
    this.emitter = new Emitter(name, EVENTS);
    this.parts = [...named.values()];
    this.circuitBreaker = ours<CircuitBreaker>(named.get('circuitBreaker'), 'isolate');
    this.bulkhead = ours<Bulkhead>(named.get('bulkhead'), 'snapshot');
    this.#all = new Parts(this.emitter, this.recorder, this.parts);
    this.#named = named;
  }

  stats(): PolicyStats {
    return this.#all.stats();
  }

  on<K extends EventName>(event: K, listener: (payload: PolicyEvents[K]) => unknown): () => void {
    return this.#all.on(event, listener);
  }

  snapshot(): PipelineSnapshot {
    return {
      name: this.emitter.policy,
      circuitBreaker: this.circuitBreaker?.snapshot(),
      ...this.#partSnapshots(),
      stats: this.stats(),
    };
  }

  explain(): PipelineExplanation {
    const name = this.emitter.policy;
    const order = [...this.#named.keys()];
    const told = {
      circuitBreaker: this.circuitBreaker?.explain(),
      ...this.#partSnapshots(),
      retryBudget: shown<ReturnType<Retry['snapshot']>>(this.#named.get('retry'), 'budget')?.budget,
      deadline: shown<ReturnType<Deadline['snapshot']>>(this.#named.get('deadlineMs'), 'remainingMs'),
    };
    return {
      name,
      order,
      text: [`${name}: ${order.join(' > ')} > call`, ...textsOf(told)].join('; '),
      ...told,
    };
  }

  #partSnapshots(): PartSnapshots {
    return {
      bulkhead: this.bulkhead?.snapshot(),
      rateLimit: shown<ReturnType<RateLimit['snapshot']>>(this.#named.get('rateLimit'), 'nextInMs'),
      adaptiveConcurrency: shown<ReturnType<AdaptiveConcurrency['snapshot']>>(
        this.#named.get('adaptiveConcurrency'),
        'limit',
      ),
    };
  }
}

const textsOf = (told: Omit<PipelineExplanation, 'name' | 'order' | 'text'>): string[] => {
  const { circuitBreaker, bulkhead, rateLimit, adaptiveConcurrency, retryBudget, deadline } = told;
  const texts = [
    circuitBreaker && `circuit breaker ${circuitBreaker.text}`,
    bulkhead && slotsText('bulkhead', bulkhead.maxConcurrent, bulkhead),
    adaptiveConcurrency && slotsText('adaptive concurrency', adaptiveConcurrency.limit, adaptiveConcurrency),
    rateLimit &&
      `rate limit ${rateLimit.limit} per ${rateLimit.perMs} ms, next turn in ${Math.ceil(rateLimit.nextInMs)} ms, ` +
        `${rateLimit.queued} waiting`,
    retryBudget && `retry budget for ${retryBudget.available} more`,
    deadline && `deadline in ${Math.ceil(deadline.remainingMs)} ms`,
  ];
  return texts.filter((each) => each !== undefined);
};

const slotsText = (part: string, slots: number, { running, queued }: { running: number; queued: number }) =>
  `${part} ${running} of ${slots} slots taken, ${queued} waiting`;

const ours = <P extends PolicyLike>(policy: PolicyLike | undefined, method: keyof P): P | undefined =>
  policy !== undefined && emitterOf(policy) !== undefined && method in policy ? (policy as P) : undefined;

/** What a part of ours shows, if this field is in it: a ready policy of another kind may stand in the part's place. */
const shown = <S extends object>(policy: PolicyLike | undefined, field: keyof S): S | undefined => {
  const snapshot = ours<PolicyLike & { snapshot(): S }>(policy, 'snapshot')?.snapshot();
  return snapshot !== undefined && field in snapshot ? snapshot : undefined;
};
