import type { Delays } from './backoff.ts';
import type { Counter } from './circuit-counters.ts';
import type { CircuitSnapshot, IsolationHandle } from './circuit-report.ts';
import type { CircuitJudge } from './circuit-rule.ts';
import { CircuitIsolatedError, CircuitOpenError, stackless } from './errors.ts';
import type { Emitter, StateChange } from './events.ts';
import type { Clock } from './timers.ts';

/** `metrics-only` counts and never opens; `disabled` does not even count. */
export type CircuitMode = 'enabled' | 'metrics-only' | 'disabled';

/** Why a circuit did not let a call through. */
export type CircuitRefusal = 'open' | 'half-open' | 'isolated' | 'ramp-up';

/** A call that was let through; to be handed back once. Its result counts only for the state that admitted it. */
export interface Permit {
  readonly generation: number;
  /** 0 where nobody asks how long the call took. */
  readonly admittedAt: number;
  /** Those of the moment of admission hold for the call. */
  readonly settings: CircuitSettings;
}

export type Inner =
  /** One permit for all: nothing has to tell the calls of a closed circuit apart. The share of calls grows until `rampEndsAt`. */
  | { state: 'closed'; permit: Permit; rampEndsAt: number | undefined }
  | { state: 'open'; openedAt: number; breakMs: number }
  | { state: 'half-open'; running: Set<Permit>; succeeded: number; failed: number }
  | { state: 'isolated'; holders: number };

export interface CircuitSettings {
  counter: Counter;
  judge: CircuitJudge;
  breaks: () => Delays;
  retryAfter: 'extend' | 'open' | 'ignore';
  maxRetryAfterMs: number;
  halfOpenProbes: number;
  /** Successes among the probes that close the circuit. */
  halfOpenSuccesses: number;
  halfOpenMaxWaitMs: number;
  /** Infinity when no call is too slow. */
  slowCallMs: number;
  rampUpMs: number;
  random: () => number;
}

/** The share of calls that a ramp lets through at its very beginning. */
const RAMP_FROM = 0.1;

/**
 * The state machine of a breaker, without calls in it. Nothing here waits or sets a timer: time passes by being looked at,
 * and a late look gives the state that an early one would have led to.
 */
export class Circuit {
  readonly emitter: Emitter;
  readonly #clock: Clock;
  #set: CircuitSettings;
  #mode: CircuitMode = 'enabled';
  #generation = 0;
  #inner: Inner;
  /** Openings in a row, without a close between them. */
  #openings = 0;
  #delays: Delays | undefined;
  #lastError: unknown;
  #lastRefusal: { reason: CircuitRefusal; at: number } | undefined;

  constructor(settings: CircuitSettings, clock: Clock, emitter: Emitter) {
    this.#set = settings;
    this.#clock = clock;
    this.emitter = emitter;
    this.#inner = this.#closed(undefined);
  }

  get settings(): CircuitSettings {
    return this.#set;
  }

  /** For calls from now on; the state stays, its evidence too unless there is a new counter. */
  set settings(settings: CircuitSettings) {
    this.#set = settings;
    this.#delays = undefined;
    const inner = this.#look();
    if (inner.state === 'closed') this.#inner = this.#closed(inner.rampEndsAt);
  }

  get mode(): CircuitMode {
    return this.#mode;
  }

  /** A circuit that is open or half-open closes when it is no longer to open. */
  set mode(mode: CircuitMode) {
    const inner = this.#look();
    this.#mode = mode;
    if (mode !== 'enabled' && (inner.state === 'open' || inner.state === 'half-open')) this.#close(false);
  }

  /** The present state, as the clock has it. */
  look(): Inner {
    return this.#look();
  }

  get openings(): number {
    return this.#openings;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  get lastRefusal(): { reason: CircuitRefusal; agoMs: number } | undefined {
    const last = this.#lastRefusal;
    return last && { reason: last.reason, agoMs: this.#clock() - last.at };
  }

  /** A permit, or the error of the refusal. */
  admit(): Permit | CircuitOpenError {
    const inner = this.#look();
    switch (inner.state) {
      case 'closed':
        if (inner.rampEndsAt !== undefined && !this.#rampLets(inner.rampEndsAt))
          return this.#refuse('ramp-up', undefined);
        if (this.#set.slowCallMs === Number.POSITIVE_INFINITY) return inner.permit;
        return { ...inner.permit, admittedAt: this.#clock() };
      case 'half-open': {
        const { running, succeeded, failed } = inner;
        if (running.size + succeeded + failed >= this.#set.halfOpenProbes)
          return this.#refuse('half-open', this.retryAfterMs);
        const permit = { generation: this.#generation, admittedAt: this.#clock(), settings: this.#set };
        running.add(permit);
        return permit;
      }
      default:
        return this.#refuse(inner.state, this.retryAfterMs);
    }
  }

  succeed(permit: Permit): void {
    const { settings } = permit;
    const slow =
      settings.slowCallMs !== Number.POSITIVE_INFINITY &&
      this.#clock() - permit.admittedAt >= settings.slowCallMs;
    const inner = this.#take(permit);
    if (inner === undefined) return;
    if (inner.state === 'half-open') {
      if (slow) this.#probeFailed(inner, undefined, 0);
      else if (++inner.succeeded >= this.#set.halfOpenSuccesses) this.#close(true);
    } else if (settings.counter.success(slow)) this.#trip(undefined, 0);
  }

  /** @param afterMs How long the dependency asked to be left alone; 0 when it did not. */
  fail(permit: Permit, error: unknown, afterMs = 0): void {
    const { settings } = permit;
    const slow =
      settings.slowCallMs !== Number.POSITIVE_INFINITY &&
      this.#clock() - permit.admittedAt >= settings.slowCallMs;
    const inner = this.#take(permit);
    if (inner === undefined) return;
    this.#lastError = error;
    const asked = settings.retryAfter === 'ignore' ? 0 : Math.min(afterMs, settings.maxRetryAfterMs);
    if (inner.state === 'half-open') this.#probeFailed(inner, error, asked);
    else if (settings.counter.failure(slow) || (asked > 0 && settings.retryAfter === 'open'))
      this.#trip(error, asked);
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
      if (held.holders === 0 && this.#inner === held) this.#close(false);
    };
    return { dispose, [Symbol.dispose]: dispose };
  }

  /** Takes up the state that another process, or this one before a restart, was in `elapsedMs` ago. */
  restore(saved: CircuitSnapshot, elapsedMs: number): IsolationHandle | undefined {
    if (saved.state === 'isolated') return this.isolate();
    if (saved.state === 'closed') {
      if (this.#look().state !== 'closed') this.#close(false);
      return undefined;
    }
    if (this.#mode !== 'enabled') return undefined;
    this.#openings = saved.openings;
    this.#delays = undefined;
    const breakMs = saved.state === 'open' ? Math.max(0, saved.retryAfterMs - elapsedMs) : 0;
    this.#enter({ state: 'open', openedAt: this.#clock(), breakMs });
    this.#look();
    return undefined;
  }

  /** Milliseconds until a call may be let through: 0 for now, undefined when nobody can tell. */
  get retryAfterMs(): number | undefined {
    const inner = this.#look();
    if (inner.state === 'closed') return 0;
    if (inner.state === 'open') return this.#untilProbe(inner);
    if (inner.state === 'isolated') return undefined;
    const { halfOpenProbes, halfOpenMaxWaitMs } = this.#set;
    if (inner.running.size + inner.succeeded + inner.failed < halfOpenProbes) return 0;
    const [oldest] = inner.running;
    if (oldest === undefined || halfOpenMaxWaitMs === Number.POSITIVE_INFINITY) return undefined;
    return oldest.admittedAt + halfOpenMaxWaitMs - this.#clock();
  }

  #closed(rampEndsAt: number | undefined): Inner {
    const permit = { generation: this.#generation, admittedAt: 0, settings: this.#set };
    return { state: 'closed', permit, rampEndsAt };
  }

  #rampLets(endsAt: number): boolean {
    const left = endsAt - this.#clock();
    if (left <= 0) {
      this.#inner = this.#closed(undefined);
      return true;
    }
    const share = 1 - (1 - RAMP_FROM) * Math.min(1, left / this.#set.rampUpMs);
    return this.emitter.ask('random', this.#set.random, 0) < share;
  }

  /** The state that the permit's result belongs to; undefined when that state is over. */
  #take(permit: Permit): Inner | undefined {
    const inner = this.#look();
    if (permit.generation !== this.#generation || this.#mode === 'disabled') return undefined;
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
        if (this.#clock() >= overdueAt) this.#open(undefined, overdueAt, 0);
      }
    }
    if (this.#inner.state === 'open' && this.#untilProbe(this.#inner) <= 0)
      this.#enter({ state: 'half-open', running: new Set(), succeeded: 0, failed: 0 });
    return this.#inner;
  }

  #untilProbe(inner: Inner & { state: 'open' }): number {
    return inner.openedAt + inner.breakMs - this.#clock();
  }

  /** So many probes have failed that the others cannot make it good any more: open. */
  #probeFailed(inner: Inner & { state: 'half-open' }, error: unknown, askedMs: number): void {
    inner.failed++;
    const { halfOpenProbes, halfOpenSuccesses } = this.#set;
    if (inner.failed > halfOpenProbes - halfOpenSuccesses) this.#open(error, this.#clock(), askedMs);
  }

  #trip(error: unknown, askedMs: number): void {
    if (this.#mode === 'enabled') this.#open(error, this.#clock(), askedMs);
  }

  #open(error: unknown, openedAt: number, askedMs: number): void {
    const attempt = ++this.#openings;
    this.#delays ??= this.#set.breaks();
    const delays = this.#delays;
    const { signal } = new AbortController();
    const computed = this.emitter.ask('openMs', () => delays({ attempt, signal, result: { error } }), 0);
    this.#enter({ state: 'open', openedAt, breakMs: Math.max(computed, askedMs) }, error);
  }

  #close(ramp: boolean): void {
    this.#openings = 0;
    this.#delays = undefined;
    this.#set.counter.clear();
    const { rampUpMs } = this.#set;
    this.#enter(this.#closed(ramp && rampUpMs > 0 ? this.#clock() + rampUpMs : undefined));
  }

  #enter(inner: Inner, error?: unknown): void {
    const from = this.#inner.state;
    this.#generation++;
    this.#inner = inner.state === 'closed' ? this.#closed(inner.rampEndsAt) : inner;
    const { emitter } = this;
    const event = EVENTS[inner.state];
    if (from === inner.state || (!emitter.wants('state') && !emitter.wants(event))) return;
    const change: StateChange = { policy: emitter.policy, from, to: inner.state };
    if (inner.state === 'open') change.retryAfterMs = Math.max(0, this.#untilProbe(inner));
    if (error !== undefined) change.error = error;
    emitter.emit('state', change);
    emitter.emit(event, change);
  }

  #refuse(reason: CircuitRefusal, retryAfterMs: number | undefined): CircuitOpenError {
    const { emitter } = this;
    const policy = emitter.policy;
    this.#lastRefusal = { reason, at: this.#clock() };
    if (emitter.wants('reject'))
      emitter.emit('reject', { policy, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    const cause = this.#lastError;
    return stackless(() =>
      reason === 'isolated'
        ? new CircuitIsolatedError(policy)
        : new CircuitOpenError(policy, retryAfterMs, cause, MESSAGES[reason](policy)),
    );
  }
}

const MESSAGES = {
  open: () => undefined,
  'half-open': (policy: string) => `Circuit "${policy}" is half-open and its probes are out`,
  'ramp-up': (policy: string) => `Circuit "${policy}" has just closed and takes up its calls bit by bit`,
};

const EVENTS = { closed: 'close', open: 'open', 'half-open': 'half-open', isolated: 'isolate' } as const;
