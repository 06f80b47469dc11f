import type { Delays } from './backoff.ts';
import { type CircuitSnapshot, type IsolationHandle, refusalOf, tellChange } from './circuit-report.ts';
import {
  type CircuitMode,
  type CircuitRefusal,
  type CircuitSettings,
  DEFAULT_OPEN_MS,
  HalfOpen,
  type Inner,
  type Permit,
  Ramp,
} from './circuit-state.ts';
import type { CircuitOpenError } from './errors.ts';
import type { Emitter } from './events.ts';
import type { Clock } from './timers.ts';

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
  #openedBy: unknown;
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
    const inner = this.look();
    if (inner.state === 'closed') this.#inner = this.#closed(settings.rampUpMs > 0 ? inner.ramp : undefined);
  }

  get mode(): CircuitMode {
    return this.#mode;
  }

  /** A circuit that is open or half-open closes when it is no longer to open, and one that takes up its calls takes all. */
  set mode(mode: CircuitMode) {
    const inner = this.look();
    this.#mode = mode;
    if (mode === 'enabled') return;
    if (inner.state === 'open' || inner.state === 'half-open') this.#close(false);
    else if (inner.state === 'closed') this.#inner = this.#closed(undefined);
  }

  get openings(): number {
    return this.#openings;
  }

  /** The last failure that counted since the circuit was closed. */
  get lastError(): unknown {
    return this.#lastError;
  }

  get lastRefusal(): { reason: CircuitRefusal; agoMs: number } | undefined {
    const last = this.#lastRefusal;
    return last && { reason: last.reason, agoMs: this.#clock() - last.at };
  }

  /** A permit, or the error of the refusal. */
  admit(): Permit | CircuitOpenError {
    if (this.#inner.state === 'open') {
      // On one reading of the clock: an open circuit may have thousands of calls to refuse.
      const now = this.#clock();
      const leftMs = this.#inner.openedAt + this.#inner.breakMs - now;
      if (leftMs > 0) return this.#refuse('open', leftMs, now);
    }
    const inner = this.look();
    switch (inner.state) {
      case 'closed':
        if (inner.ramp !== undefined && !this.#rampLets(inner.ramp)) return this.#refuse('ramp-up');
        if (this.#set.slowCallMs === Number.POSITIVE_INFINITY) return inner.permit;
        return { ...inner.permit, admittedAt: this.#clock() };
      case 'half-open': {
        if (!inner.hasRoom(this.#set)) return this.#refuse('half-open', this.retryAfterMs);
        const permit = { generation: this.#generation, admittedAt: this.#clock(), settings: this.#set };
        inner.running.add(permit);
        return permit;
      }
      default:
        return this.#refuse(inner.state, this.retryAfterMs);
    }
  }

  succeed(permit: Permit): void {
    const slow = this.#isSlow(permit);
    const inner = this.#take(permit);
    if (inner === undefined) return;
    if (inner.state !== 'half-open') {
      if (permit.settings.counter.success(slow)) this.#trip(undefined, 0);
    } else if (slow) this.#probeFailed(inner, undefined, 0);
    else if (++inner.succeeded >= this.#set.halfOpenSuccesses) this.#close(true);
  }

  /**
   * A stream gives its first item, which is as long as its call took. A probe has answered by it.
   * @returns The permit for how the stream ends; `answered` when only a failure is still to be counted, as one of its own.
   */
  opened(permit: Permit): { permit: Permit; answered: boolean } {
    const admittedAt = this.#isSlow(permit) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    const isProbe = this.look().state === 'half-open' && permit.generation === this.#generation;
    if (!isProbe) return { permit: { ...permit, admittedAt }, answered: false };
    this.succeed(permit);
    const lasts = this.#inner.state !== 'open';
    const generation = lasts ? this.#generation : permit.generation;
    return { permit: { ...permit, generation, admittedAt: Number.POSITIVE_INFINITY }, answered: true };
  }

  /** @param afterMs How long the dependency asked to be left alone; 0 when it did not. */
  fail(permit: Permit, error: unknown, afterMs = 0): void {
    const { settings } = permit;
    const slow = this.#isSlow(permit);
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
    const inner = this.look();
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

  /**
   * Takes up the state that another process, or this one before a restart, was in `elapsedMs` ago. What an operator isolated here
   * stays isolated.
   */
  restore(saved: CircuitSnapshot, elapsedMs: number): IsolationHandle | undefined {
    if (saved.state === 'isolated') return this.isolate();
    if (this.look().state === 'isolated') return undefined;
    if (saved.state === 'closed') this.#close(false);
    else if (this.#mode === 'enabled') {
      this.#openings = saved.openings;
      this.#delays = this.#openedBy = undefined;
      const breakMs = saved.state === 'open' ? Math.max(0, saved.retryAfterMs - elapsedMs) : 0;
      this.#enter({ state: 'open', openedAt: this.#clock(), breakMs });
      this.look();
    }
    return undefined;
  }

  /** Milliseconds until a call may be let through: 0 for now, undefined when nobody can tell. */
  get retryAfterMs(): number | undefined {
    const inner = this.look();
    if (inner.state === 'closed') return 0;
    if (inner.state === 'open') return this.#untilProbe(inner);
    if (inner.state === 'isolated') return undefined;
    if (inner.hasRoom(this.#set)) return 0;
    const overdueAt = inner.overdueAt(this.#set);
    return overdueAt === Number.POSITIVE_INFINITY ? undefined : overdueAt - this.#clock();
  }

  #closed(ramp: Ramp | undefined): Inner {
    const permit = { generation: this.#generation, admittedAt: 0, settings: this.#set };
    return { state: 'closed', permit, ramp };
  }

  #rampLets(ramp: Ramp): boolean {
    const share = ramp.shareAt(this.#clock());
    if (share >= 1) this.#inner = this.#closed(undefined);
    return share >= 1 || this.emitter.ask('random', this.#set.random, 0) < share;
  }

  #isSlow({ settings: { slowCallMs }, admittedAt }: Permit): boolean {
    return slowCallMs !== Number.POSITIVE_INFINITY && this.#clock() - admittedAt >= slowCallMs;
  }

  /** The state that the permit's result belongs to; undefined when that state is over. */
  #take(permit: Permit): Inner | undefined {
    const inner = this.look();
    if (permit.generation !== this.#generation || this.#mode === 'disabled') return undefined;
    if (inner.state === 'half-open') inner.running.delete(permit);
    return inner;
  }

  /** The present state, as the clock has it. */
  look(): Inner {
    if (this.#inner.state === 'closed') return this.#inner;
    if (this.#inner.state === 'half-open') {
      const overdueAt = this.#inner.overdueAt(this.#set);
      if (overdueAt !== Number.POSITIVE_INFINITY && this.#clock() >= overdueAt)
        this.#open(undefined, overdueAt, 0);
    }
    if (this.#inner.state === 'open' && this.#untilProbe(this.#inner) <= 0) this.#enter(new HalfOpen());
    return this.#inner;
  }

  #untilProbe(inner: Inner & { state: 'open' }): number {
    return inner.openedAt + inner.breakMs - this.#clock();
  }

  #probeFailed(inner: HalfOpen, error: unknown, askedMs: number): void {
    inner.failed++;
    if (inner.isLost(this.#set)) this.#open(error, this.#clock(), askedMs);
  }

  #trip(error: unknown, askedMs: number): void {
    if (this.#mode === 'enabled') this.#open(error, this.#clock(), askedMs);
  }

  #open(error: unknown, openedAt: number, askedMs: number): void {
    const attempt = ++this.#openings;
    this.#openedBy = error;
    this.#delays ??= this.#set.breaks();
    const delays = this.#delays;
    const { signal } = new AbortController();
    const computed = this.emitter.ask('openMs', () => delays({ attempt, signal, result: { error } }), 0);
    const breakMs = Math.max(computed > 0 ? computed : DEFAULT_OPEN_MS, askedMs);
    this.#enter({ state: 'open', openedAt, breakMs }, error);
  }

  #close(ramp: boolean): void {
    this.#openings = 0;
    this.#delays = this.#lastError = this.#openedBy = undefined;
    this.#set.counter.clear();
    const { rampUpMs } = this.#set;
    this.#enter(this.#closed(ramp && rampUpMs > 0 ? new Ramp(this.#clock(), rampUpMs) : undefined));
  }

  #enter(inner: Inner, error?: unknown): void {
    const from = this.#inner.state;
    this.#generation++;
    this.#inner = inner.state === 'closed' ? this.#closed(inner.ramp) : inner;
    const openForMs = inner.state === 'open' ? Math.max(0, this.#untilProbe(inner)) : undefined;
    tellChange(this.emitter, from, inner.state, openForMs, error);
  }

  #refuse(reason: CircuitRefusal, retryAfterMs?: number, at = this.#clock()): CircuitOpenError {
    this.#lastRefusal = { reason, at };
    return refusalOf(this.emitter, reason, retryAfterMs, this.#openedBy);
  }
}
