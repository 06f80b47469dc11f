import { LoaderTimeoutError } from './errors.ts';
import type { StaleReason, TierName } from './events.ts';
import type { Found } from './found.ts';
import type { Turn } from './load-slots.ts';
import type { Pending } from './pending.ts';
import { isInside, selfWait, type Waiting, type Work, waiting } from './self-wait.ts';

/** A load that has taken this many times a caller's `loaderTimeoutMs` is given up, so that it cannot block its key for good. */
export const givenUpAfter = 10;

/** How a lookup was answered. */
export interface Answer<V> {
  value: V;
  /** Where the value came from. */
  source: TierName | 'loader';
  /** True when the value was past its ttl, or past `memory.ttl`. */
  stale: boolean;
  /** How long ago the value was made, in ms; 0 from the loader. */
  ageMs: number;
  /** How long it is still fresh, in ms, `Infinity` = no end; 0 for a stale value, and for a loaded one that was not kept. */
  ttlMs: number;
  /** With a stale value: why it was served. */
  reason?: StaleReason | undefined;
  /** With a stale value: what the loader failed with, where it did. */
  error?: unknown;
}

export interface WaitOptions {
  signal: AbortSignal | undefined;
  hardMs: number | undefined;
  softMs: number | undefined;
  /** How long past its ttl a stale value may cover for the loader. */
  graceMs: number;
}

interface Waiter<V> extends WaitOptions {
  resolve: (answer: Answer<V> | undefined) => void;
  reject: (error: unknown) => void;
  /** Leaves by its signal. */
  abort: (() => void) | undefined;
  /** What is known of it inside a loader. */
  waiting: Waiting | undefined;
  timers: NodeJS.Timeout[] | undefined;
}

/**
 * One load of one key, and all who wait for it. Each waiter has its own signal, time limits and grace: one that leaves
 * takes nobody along. The load itself is abandoned only when every waiter has left by its signal.
 */
export class Flight<V> {
  readonly pending: Pending;
  readonly forced: boolean;
  /** For {@link waiting}. */
  work: Work | undefined = undefined;
  /** Ends the load; shared by the flights of one load. */
  readonly controller: AbortController;
  /** Its leave to run, where such are counted; shared by the flights of one load. */
  readonly turn: Turn | undefined;
  /** When its turn came; undefined while the stores are still asked, or others are before it. */
  loadingSince: number | undefined;
  stale: Found<V> | undefined;
  /** The fresh value that made the load needless. */
  found: Found<V> | undefined;
  /** True once every waiter has been answered for good: nobody may join any more. */
  settled = false;
  /** True once every waiter has left by its signal: nobody wants it any more. */
  abandoned = false;
  readonly #now: () => number;
  readonly #onAbandoned: (flight: Flight<V>, reason: unknown) => void;
  readonly #waiters = new Set<Waiter<V>>();
  readonly #background: boolean;
  #early: Answer<V> | undefined;
  #wanted: boolean;
  #limited = false;

  constructor(parts: {
    pending: Pending;
    stale: Found<V> | undefined;
    forced: boolean;
    background: boolean;
    controller: AbortController;
    turn: Turn | undefined;
    now: () => number;
    onAbandoned: (flight: Flight<V>, reason: unknown) => void;
  }) {
    this.pending = parts.pending;
    this.stale = parts.stale;
    this.forced = parts.forced;
    this.controller = parts.controller;
    this.turn = parts.turn;
    this.#background = parts.background;
    this.#wanted = parts.background;
    this.#now = parts.now;
    this.#onAbandoned = parts.onAbandoned;
  }

  get key(): string {
    return this.pending.key;
  }

  /** Does the load run behind an answer that was given already? */
  get behind(): boolean {
    return this.#background || this.#early !== undefined;
  }

  /** Has it been loading for so long that a caller with this limit gives it up? */
  hangs(hardMs: number | undefined): boolean {
    if (this.loadingSince === undefined || hardMs === undefined) return false;
    return this.#now() - this.loadingSince > givenUpAfter * hardMs;
  }

  /** Resolves with the answer, `undefined` for a key that a batch loader left out. */
  join(options: WaitOptions): Promise<Answer<V> | undefined> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    if (this.#early !== undefined) return Promise.resolve(this.#early);
    return new Promise((resolve, reject) => {
      const { signal, hardMs, softMs, graceMs } = options;
      const waiter: Waiter<V> = {
        signal,
        hardMs,
        softMs,
        graceMs,
        resolve,
        reject,
        abort: undefined,
        waiting: undefined,
        timers: undefined,
      };
      if (isInside())
        waiter.waiting = waiting(this, hardMs !== undefined, (error) => {
          this.#dismiss(waiter);
          reject(error);
        });
      if (signal !== undefined) {
        waiter.abort = () => this.#leave(waiter);
        signal.addEventListener('abort', waiter.abort, { once: true });
      }
      this.#waiters.add(waiter);
      if (this.#limited) this.#arm(waiter);
    });
  }

  #leave(waiter: Waiter<V>): void {
    const reason: unknown = waiter.signal?.reason;
    this.#dismiss(waiter);
    waiter.reject(reason);
    if (this.#waiters.size > 0 || this.#wanted) return;
    this.abandoned = true;
    this.#onAbandoned(this, reason);
  }

  /** From now on the limits of the waiters count. */
  startLimits(): void {
    this.#limited = true;
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

  /** The loader failed: who has the grace for it gets the stale value, the others the error. */
  failOrCover(error: unknown): void {
    this.settled = true;
    for (const waiter of this.#waiters) {
      this.#dismiss(waiter);
      const answer = this.#fallback(waiter, 'loader-failed', error);
      if (answer === undefined) waiter.reject(error);
      else waiter.resolve(answer);
    }
  }

  /** Is there a stale value within this grace? */
  covers(graceMs: number): boolean {
    return this.stale !== undefined && graceMs > 0 && this.#now() < this.stale.expiresAt + graceMs;
  }

  #fallback(waiter: Waiter<V>, reason: StaleReason, error?: unknown): Answer<V> | undefined {
    return this.covers(waiter.graceMs) ? staleAnswer(this.stale!, this.#now(), reason, error) : undefined;
  }

  #arm(waiter: Waiter<V>): void {
    if (waiter.softMs === undefined && waiter.hardMs === undefined) return;
    const timers: NodeJS.Timeout[] = [];
    waiter.timers = timers;
    const after = (ms: number | undefined, act: () => void) => {
      if (ms !== undefined) timers.push(setTimeout(act, ms));
    };
    const leaveWith = (answer: Answer<V>) => {
      this.#wanted = true;
      this.#dismiss(waiter);
      waiter.resolve(answer);
    };
    after(waiter.softMs, () => {
      const answer = this.#fallback(waiter, 'loader-slow');
      if (answer !== undefined) leaveWith(answer);
    });
    after(waiter.hardMs, () => {
      const error =
        waiter.waiting?.verdict() ?? new LoaderTimeoutError(this.key, waiter.hardMs!, selfWait(this));
      const answer = this.#fallback(waiter, 'loader-slow', error);
      if (answer !== undefined) return leaveWith(answer);
      this.#wanted = true;
      this.#dismiss(waiter);
      waiter.reject(error);
    });
  }

  #dismiss(waiter: Waiter<V>): void {
    this.#waiters.delete(waiter);
    waiter.waiting?.end();
    if (waiter.abort !== undefined) waiter.signal!.removeEventListener('abort', waiter.abort);
    if (waiter.timers !== undefined) for (const timer of waiter.timers) clearTimeout(timer);
  }
}

/** A fresh value that a tier had, as an answer. */
export const freshAnswer = <V>(found: Found<V>, now: number): Answer<V> => ({
  value: found.value,
  source: found.tier,
  stale: false,
  ageMs: now - found.createdAt,
  ttlMs: found.expiresAt - now,
});

const staleAnswer = <V>(found: Found<V>, now: number, reason: StaleReason, error?: unknown): Answer<V> => ({
  value: found.value,
  source: found.tier,
  stale: true,
  ageMs: now - found.createdAt,
  ttlMs: 0,
  reason,
  ...(error === undefined ? {} : { error }),
});

/** The stale value, where it is served without waiting for a load: the loader is left alone, or runs behind the answer. */
export const staleAtOnce = <V>(
  stale: Found<V>,
  call: { graceMs: number; revalidateMs: number },
  now: number,
  backingOff: boolean,
): Answer<V> | undefined => {
  if (backingOff && now < stale.expiresAt + Math.max(call.graceMs, call.revalidateMs))
    return staleAnswer(stale, now, 'backing-off');
  // Without staleWhileRevalidate none is served, though its ttl may go on where memory's has ended.
  return call.revalidateMs > 0 && now < stale.expiresAt + call.revalidateMs
    ? staleAnswer(stale, now, 'revalidating')
    : undefined;
};
