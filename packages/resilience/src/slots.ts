import { deadlineRest } from './deadline-context.ts';
import { spent } from './deadline-error.ts';
import { BulkheadFullError, stackless } from './errors.ts';
import type { Emitter } from './events.ts';
import { holdsOf } from './opened.ts';
import type { Origin } from './program.ts';
import type { Scope } from './scope.ts';
import type { Timers } from './timers.ts';
import { WaitingLine } from './waiting-line.ts';

/**
 * How urgent a call is: higher goes first, 0 is the default. A wrapped function's or method's arguments are handed in; `execute`
 * hands in nothing. It runs in the caller's AsyncLocalStorage.
 */
// biome-ignore lint/suspicious/noExplicitAny: the arguments are those of whatever function is wrapped.
export type Priority = (...args: any[]) => number;

/** Read at each call: what may be changed is changed here. */
export interface SlotSettings {
  readonly emitter: Emitter;
  readonly timers: Timers;
  readonly limit: () => number;
  maxQueue: number;
  queueTimeoutMs: number;
  readonly priority: Priority | undefined;
}

/** Slots for calls that run at once, and the line before them. */
export class Slots {
  running = 0;
  readonly #settings: SlotSettings;
  readonly #line: WaitingLine;

  constructor(settings: SlotSettings) {
    this.#settings = settings;
    this.#line = new WaitingLine(settings.emitter.policy, settings.timers);
  }

  get queued(): number {
    return this.#line.size;
  }

  /** Makes a call in a slot, which is held until the call has settled; one that opens a stream until its source has. */
  async run<T>(scope: Scope, origin: Origin | undefined, call: () => PromiseLike<T> | T): Promise<T> {
    if (scope.aborted) throw scope.reason;
    scope.hold();
    const queued = this.#acquire(scope, origin);
    if (queued !== undefined) await queued;
    let holds: Origin['holds'];
    try {
      if (scope.aborted) throw scope.reason;
      const value = await call();
      // An attempt that was given up is no part of the stream.
      if (!scope.aborted && origin?.holds !== undefined) holds = holdsOf(value, origin.holds);
      return value;
    } finally {
      const release = (): void => this.#release();
      if (holds === undefined) scope.whenSettled(release);
      else holds.keep(release);
    }
  }

  /** Undefined when a slot was free: then it is taken. Else resolves with the slot, or rejects. Throws when there is no room. */
  #acquire(scope: Scope, origin: Origin | undefined): Promise<void> | undefined {
    const { limit, maxQueue, queueTimeoutMs, emitter } = this.#settings;
    if (deadlineRest() === 0) throw spent(emitter.policy);
    if (this.running < limit() && this.#line.size === 0) {
      this.running++;
      return undefined;
    }
    const priority = this.#priority(origin);
    const displaced = (): Error => this.#refuse('displaced');
    if (this.#line.size >= maxQueue && !this.#line.displace(priority, displaced)) throw this.#refuse('full');
    const expired = (): Error => this.#refuse('queue-timeout');
    return this.#line.wait(scope, { priority, timeoutMs: queueTimeoutMs, expired });
  }

  #release(): void {
    this.running--;
    this.fill();
  }

  /** Hands free slots to those who wait; they count as taken at once, so that no newcomer can overtake. */
  fill(): void {
    while (this.running < this.#settings.limit() && this.#line.admit()) this.running++;
  }

  #priority(origin: Origin | undefined): number {
    const { priority, emitter } = this.#settings;
    if (priority === undefined) return 0;
    const args = origin?.wrapped?.args;
    if (args === undefined && priority.length > 0) {
      emitter.report('priority', new TypeError('priority takes arguments, and this call has none'));
      return 0;
    }
    const value = emitter.ask('priority', () => priority(...(args ?? [])), 0);
    return typeof value === 'number' && !Number.isNaN(value) ? value : 0;
  }

  #refuse(reason: 'full' | 'displaced' | 'queue-timeout'): BulkheadFullError {
    const { emitter, limit, maxQueue, queueTimeoutMs } = this.#settings;
    if (emitter.wants('reject')) emitter.emit('reject', { policy: emitter.policy, reason });
    const word = reason === 'displaced' ? 'full' : reason;
    return stackless(() => new BulkheadFullError(emitter.policy, limit(), maxQueue, word, queueTimeoutMs));
  }
}
