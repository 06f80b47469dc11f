import { deadlineRest } from './deadline-context.ts';
import { unfit } from './deadline-error.ts';
import { stackless } from './errors.ts';
import type { Emitter } from './events.ts';
import { type Rate, type RateAlgorithm, SlidingWindow, TokenBucket } from './rate-algorithms.ts';
import { RateLimitedError } from './rate-limited-error.ts';
import type { Scope } from './scope.ts';
import { after, type Clock, type Timers } from './timers.ts';
import { WaitingLine } from './waiting-line.ts';

export interface RateSettings extends Rate {
  algorithm: 'token-bucket' | 'sliding-window';
  maxQueue: number;
  queueTimeoutMs: number;
}

/** A rate, and the callers that wait for their turn. */
export class RateLine {
  readonly #emitter: Emitter;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #algorithm: RateAlgorithm;
  readonly #line: WaitingLine;
  #settings: RateSettings;
  // One timer for the first of the line; the line goes on also when that one has left.
  #stopTimer: (() => void) | undefined;

  constructor(emitter: Emitter, clock: Clock, timers: Timers, settings: RateSettings) {
    this.#emitter = emitter;
    this.#clock = clock;
    this.#timers = timers;
    this.#settings = settings;
    this.#algorithm =
      settings.algorithm === 'sliding-window' ? new SlidingWindow(settings) : new TokenBucket(settings);
    this.#line = new WaitingLine(emitter.policy, timers);
  }

  get settings(): RateSettings {
    return this.#settings;
  }

  /** Callers in the queue keep their place; their turns come by the new rate. */
  set settings(settings: RateSettings) {
    this.#settings = settings;
    this.#algorithm.change(settings, this.#clock());
    this.#halt();
    this.#serve();
  }

  get queued(): number {
    return this.#line.size;
  }

  /** How long a caller that comes now would wait. */
  get nextInMs(): number {
    return this.#algorithm.waitMs(this.#clock(), this.#line.size);
  }

  /** Undefined when the call may start: then it counts as started. Else resolves when it has, or rejects. Throws a refusal. */
  enter(scope: Scope): Promise<void> | undefined {
    const now = this.#clock();
    if (this.#line.size > 0 || this.#algorithm.waitMs(now, 0) > 0) return this.#queue(scope, now);
    this.#algorithm.take(now);
    return undefined;
  }

  #queue(scope: Scope, now: number): Promise<void> {
    const line = this.#line;
    const { maxQueue, queueTimeoutMs } = this.#settings;
    const waitMs = this.#algorithm.waitMs(now, line.size);
    if (line.size >= maxQueue) throw this.#refusal('rate', waitMs);
    if (waitMs > queueTimeoutMs) throw this.#refusal('queue-timeout', waitMs);
    const restMs = deadlineRest() ?? Number.POSITIVE_INFINITY;
    if (waitMs >= restMs) {
      this.#tell('deadline', waitMs);
      throw unfit(this.#emitter.policy, restMs, waitMs, 0);
    }
    // The wait is known and fits, so there is no timer for each caller.
    const wait = { priority: 0, timeoutMs: Number.POSITIVE_INFINITY, expired: () => {} };
    const admitted = line.wait(scope, wait).catch((error: unknown) => {
      if (line.size === 0) this.#halt();
      throw error;
    });
    this.#plan(now);
    return admitted;
  }

  #serve(): void {
    this.#stopTimer = undefined;
    const now = this.#clock();
    while (this.#line.size > 0 && this.#algorithm.waitMs(now, 0) === 0) {
      this.#algorithm.take(now);
      this.#line.admit();
    }
    this.#plan(now);
  }

  #plan(now: number): void {
    if (this.#line.size > 0)
      this.#stopTimer ??= after(this.#timers, this.#algorithm.waitMs(now, 0), () => this.#serve());
  }

  #halt(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #refusal(reason: 'rate' | 'queue-timeout', retryAfterMs: number): RateLimitedError {
    this.#tell(reason, retryAfterMs);
    return stackless(() => new RateLimitedError(this.#emitter.policy, reason, retryAfterMs));
  }

  #tell(reason: 'rate' | 'queue-timeout' | 'deadline', retryAfterMs: number): void {
    const { policy } = this.#emitter;
    if (this.#emitter.wants('reject')) this.#emitter.emit('reject', { policy, reason, retryAfterMs });
  }
}
