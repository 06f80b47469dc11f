import { LoaderTimeoutError } from './errors.ts';
import type { StaleReason, TierName } from './events.ts';
import type { Found } from './found.ts';
import type { Pending } from './pending.ts';

/** How a lookup was answered. */
export interface Answer<V> {
  value: V;
  /** Where the value came from. */
  source: TierName | 'loader';
  /** True when the value was past its ttl. */
  stale: boolean;
  /** How long ago the value was made, in ms; 0 from the loader. */
  ageMs: number;
  /** With a stale value: why it was served. */
  reason?: StaleReason | undefined;
  /** With a stale value: what the loader failed with, where it did. */
  error?: unknown;
}

export interface WaitOptions {
  signal: AbortSignal | undefined;
  hardMs: number | undefined;
  softMs: number | undefined;
}

interface Waiter<V> extends WaitOptions {
  resolve: (answer: Answer<V> | undefined) => void;
  reject: (error: unknown) => void;
  leave: () => void;
  timers: NodeJS.Timeout[];
}

/**
 * One load of one key, and all who wait for it. Each waiter has its own signal and time limits: one that leaves takes
 * nobody along. The load itself is abandoned only when every waiter has left by its signal.
 */
export class Flight<V> {
  readonly pending: Pending;
  readonly forced: boolean;
  readonly graceMs: number;
  /** When the loader was called; undefined while the stores are still asked. */
  loadingSince: number | undefined;
  stale: Found<V> | undefined;
  /** True once every waiter has been answered for good: nobody may join any more. */
  settled = false;
  readonly #now: () => number;
  readonly #onAbandoned: (flight: Flight<V>, reason: unknown) => void;
  readonly #waiters = new Set<Waiter<V>>();
  #early: Answer<V> | undefined;
  #wanted: boolean;

  constructor(parts: {
    pending: Pending;
    forced: boolean;
    graceMs: number;
    background: boolean;
    now: () => number;
    onAbandoned: (flight: Flight<V>, reason: unknown) => void;
  }) {
    this.pending = parts.pending;
    this.forced = parts.forced;
    this.graceMs = parts.graceMs;
    this.#wanted = parts.background;
    this.#now = parts.now;
    this.#onAbandoned = parts.onAbandoned;
  }

  get key(): string {
    return this.pending.key;
  }

  /** Resolves with the answer, `undefined` for a key that a batch loader left out. */
  join(options: WaitOptions): Promise<Answer<V> | undefined> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    if (this.#early !== undefined) return Promise.resolve(this.#early);
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#dismiss(waiter);
        reject(options.signal?.reason);
        if (this.#waiters.size === 0 && !this.#wanted) this.#onAbandoned(this, options.signal?.reason);
      };
      const leave = () => options.signal?.removeEventListener('abort', abort);
      const waiter: Waiter<V> = { ...options, resolve, reject, leave, timers: [] };
      options.signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
      if (this.loadingSince !== undefined) this.#arm(waiter);
    });
  }

  /** From now on the limits of the waiters count. */
  startLoading(): void {
    this.loadingSince = this.#now();
    for (const waiter of this.#waiters) this.#arm(waiter);
  }

  /** Answers all who wait with the stale value while the load goes on. */
  answerEarly(answer: Answer<V>): void {
    this.#early = answer;
    this.#wanted = true;
    this.#answer(answer);
  }

  succeed(answer: Answer<V> | undefined): void {
    this.settled = true;
    this.#answer(answer);
  }

  #answer(answer: Answer<V> | undefined): void {
    for (const waiter of this.#waiters) {
      this.#dismiss(waiter);
      waiter.resolve(answer);
    }
  }

  fail(error: unknown): void {
    this.settled = true;
    for (const waiter of this.#waiters) {
      this.#dismiss(waiter);
      waiter.reject(error);
    }
  }

  /** The stale value as an answer, when `grace` still allows it. */
  fallback(reason: StaleReason, error?: unknown): Answer<V> | undefined {
    const now = this.#now();
    if (this.stale === undefined || this.graceMs === 0 || now >= this.stale.expiresAt + this.graceMs)
      return undefined;
    return staleAnswer(this.stale, now, reason, error);
  }

  #arm(waiter: Waiter<V>): void {
    const after = (ms: number | undefined, act: () => void) => {
      if (ms !== undefined) waiter.timers.push(setTimeout(act, ms));
    };
    const leaveWith = (answer: Answer<V>) => {
      this.#wanted = true;
      this.#dismiss(waiter);
      waiter.resolve(answer);
    };
    after(waiter.softMs, () => {
      const answer = this.fallback('loader-slow');
      if (answer !== undefined) leaveWith(answer);
    });
    after(waiter.hardMs, () => {
      const error = new LoaderTimeoutError(this.key, waiter.hardMs!);
      const answer = this.fallback('loader-slow', error);
      if (answer !== undefined) return leaveWith(answer);
      this.#wanted = true;
      this.#dismiss(waiter);
      waiter.reject(error);
    });
  }

  #dismiss(waiter: Waiter<V>): void {
    this.#waiters.delete(waiter);
    waiter.leave();
    for (const timer of waiter.timers) clearTimeout(timer);
  }
}

export const staleAnswer = <V>(
  found: Found<V>,
  now: number,
  reason: StaleReason,
  error?: unknown,
): Answer<V> => ({
  value: found.value,
  source: found.tier,
  stale: true,
  ageMs: now - found.createdAt,
  reason,
  ...(error === undefined ? {} : { error }),
});
