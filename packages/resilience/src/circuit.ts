import type { Delays } from './backoff.ts';
import type { Counter } from './circuit-counters.ts';
import { CircuitIsolatedError, CircuitOpenError, stackless } from './errors.ts';
import type { Emitter, StateChange } from './events.ts';
import type { Clock } from './timers.ts';

/** What a circuit is doing, by its `state`. */
export type CircuitSnapshot =
  | { state: 'closed'; name: string; window: { calls: number; failures: number } | undefined }
  | { state: 'open'; name: string; retryAfterMs: number; openings: number; lastError: unknown }
  | { state: 'half-open'; name: string; probesRunning: number; probesSucceeded: number; openings: number }
  | { state: 'isolated'; name: string; holders: number };

/** Keeps a circuit isolated until disposed of; `using held = breaker.isolate()` works too. */
export interface IsolationHandle extends Disposable {
  dispose(): void;
}

/** A call that was let through; to be handed back once. Its result counts only for the state that admitted it. */
export interface Permit {
  readonly generation: number;
  readonly admittedAt: number;
}

type Inner =
  // One permit for all: nothing has to tell the calls of a closed circuit apart.
  | { state: 'closed'; permit: Permit }
  | { state: 'open'; openedAt: number; breakMs: number }
  | { state: 'half-open'; running: Set<Permit>; succeeded: number }
  | { state: 'isolated'; holders: number };

export interface CircuitSettings {
  counter: Counter;
  breaks: () => Delays;
  halfOpenProbes: number;
  halfOpenMaxWaitMs: number;
  clock: Clock;
  emitter: Emitter;
}

/**
 * The state machine of a breaker, without calls in it. Nothing here waits or sets a timer: time passes by being looked at,
 * and a late look gives the state that an early one would have led to.
 */
export class Circuit {
  readonly #set: CircuitSettings;
  #inner: Inner = { state: 'closed', permit: { generation: 0, admittedAt: 0 } };
  #generation = 0;
  /** Openings in a row, without a close between them. */
  #openings = 0;
  #delays: Delays | undefined;
  #lastError: unknown;

  constructor(settings: CircuitSettings) {
    this.#set = settings;
  }

  get state(): Inner['state'] {
    return this.#look().state;
  }

  snapshot(): CircuitSnapshot {
    const inner = this.#look();
    const name = this.#set.emitter.policy;
    const openings = this.#openings;
    switch (inner.state) {
      case 'closed':
        return { state: 'closed', name, window: this.#set.counter.counts() };
      case 'open':
        return {
          state: 'open',
          name,
          retryAfterMs: this.#untilProbe(inner),
          openings,
          lastError: this.#lastError,
        };
      case 'half-open':
        return {
          state: 'half-open',
          name,
          probesRunning: inner.running.size,
          probesSucceeded: inner.succeeded,
          openings,
        };
      case 'isolated':
        return { state: 'isolated', name, holders: inner.holders };
    }
  }

  /** Lets a call through, or throws the rejection. */
  /** A permit, or the error of the refusal. */
  admit(): Permit | CircuitOpenError {
    const inner = this.#look();
    if (inner.state === 'isolated') return this.#refusal('isolated');
    if (inner.state === 'open') return this.#refusal('open', this.#untilProbe(inner));
    if (inner.state === 'closed') return inner.permit;
    if (inner.running.size + inner.succeeded >= this.#set.halfOpenProbes)
      return this.#refusal('half-open', this.#untilVerdict(inner));
    const permit: Permit = { generation: this.#generation, admittedAt: this.#set.clock() };
    inner.running.add(permit);
    return permit;
  }

  succeed(permit: Permit): void {
    const inner = this.#take(permit);
    if (inner === undefined) return;
    if (inner.state === 'half-open') {
      inner.succeeded++;
      if (inner.succeeded >= this.#set.halfOpenProbes) this.#close();
    } else if (this.#set.counter.success()) this.#open(undefined, this.#set.clock());
  }

  fail(permit: Permit, error: unknown): void {
    const inner = this.#take(permit);
    if (inner === undefined) return;
    this.#lastError = error;
    if (inner.state === 'half-open' || this.#set.counter.failure()) this.#open(error, this.#set.clock());
  }

  /** Neither success nor failure: a probe's place is free again. */
  cancel(permit: Permit): void {
    this.#take(permit);
  }

  isolate(): IsolationHandle {
    const inner = this.#look();
    const held = inner.state === 'isolated' ? inner : { state: 'isolated' as const, holders: 0 };
    held.holders++;
    if (held !== inner) this.#enter(held);
    let disposed = false;
    const dispose = (): void => {
      if (disposed) return;
      disposed = true;
      held.holders--;
      if (held.holders === 0) this.#close();
    };
    return { dispose, [Symbol.dispose]: dispose };
  }

  /** The state that the permit's result belongs to; undefined when that state is over or the result is known already. */
  #take(permit: Permit): Inner | undefined {
    const inner = this.#look();
    if (permit.generation !== this.#generation) return undefined;
    if (inner.state === 'half-open') inner.running.delete(permit);
    return inner;
  }

  #look(): Inner {
    if (this.#inner.state === 'closed') return this.#inner;
    if (this.#inner.state === 'half-open') {
      // Permits are in the order of admission, so the first is the oldest.
      const [oldest] = this.#inner.running;
      if (oldest !== undefined) {
        const overdueAt = oldest.admittedAt + this.#set.halfOpenMaxWaitMs;
        if (this.#set.clock() >= overdueAt) this.#open(undefined, overdueAt);
      }
    }
    if (this.#inner.state === 'open' && this.#untilProbe(this.#inner) <= 0)
      this.#enter({ state: 'half-open', running: new Set(), succeeded: 0 });
    return this.#inner;
  }

  #untilProbe(inner: Inner & { state: 'open' }): number {
    return inner.openedAt + inner.breakMs - this.#set.clock();
  }

  #untilVerdict(inner: Inner & { state: 'half-open' }): number | undefined {
    const [oldest] = inner.running;
    const { halfOpenMaxWaitMs, clock } = this.#set;
    if (oldest === undefined || halfOpenMaxWaitMs === Number.POSITIVE_INFINITY) return undefined;
    return oldest.admittedAt + halfOpenMaxWaitMs - clock();
  }

  #open(error: unknown, openedAt: number): void {
    const attempt = ++this.#openings;
    this.#delays ??= this.#set.breaks();
    const delays = this.#delays;
    const { signal } = new AbortController();
    const breakMs = this.#set.emitter.ask('openMs', () => delays({ attempt, signal, result: { error } }), 0);
    this.#enter({ state: 'open', openedAt, breakMs }, error);
  }

  #close(): void {
    this.#openings = 0;
    this.#delays = undefined;
    this.#set.counter.clear();
    this.#enter({ state: 'closed', permit: { generation: this.#generation + 1, admittedAt: 0 } });
  }

  #enter(inner: Inner, error?: unknown): void {
    const from = this.#inner.state;
    this.#inner = inner;
    this.#generation++;
    const { emitter } = this.#set;
    const event = EVENTS[inner.state];
    if (!emitter.wants('state') && !emitter.wants(event)) return;
    const change: StateChange = { policy: emitter.policy, from, to: inner.state };
    if (inner.state === 'open') change.retryAfterMs = Math.max(0, this.#untilProbe(inner));
    if (error !== undefined) change.error = error;
    emitter.emit('state', change);
    emitter.emit(event, change);
  }

  #refusal(reason: 'open' | 'half-open' | 'isolated', retryAfterMs?: number): CircuitOpenError {
    const { emitter } = this.#set;
    const policy = emitter.policy;
    if (emitter.wants('reject'))
      emitter.emit('reject', { policy, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    return stackless(() =>
      reason === 'isolated'
        ? new CircuitIsolatedError(policy)
        : new CircuitOpenError(
            policy,
            retryAfterMs,
            this.#lastError,
            reason === 'open' ? undefined : `Circuit "${policy}" is half-open and its probes are out`,
          ),
    );
  }
}

const EVENTS = { closed: 'close', open: 'open', 'half-open': 'half-open', isolated: 'isolate' } as const;
