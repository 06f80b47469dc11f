import { type DeadlineExceededError, spent } from './deadline-error.ts';
import { BulkheadFullError, stackless } from './errors.ts';
import type { Emitter } from './events.ts';
import { capture, resolveMade } from './gate.ts';
import { holdsOf } from './opened.ts';
import { type QuickCall, Refusal, Waiting } from './quick-call.ts';
import { GO, type Run, type Step, WAIT } from './run.ts';
import type { Rule } from './stage.ts';
import { Recorder } from './stats.ts';
import { NOW, type Timed, TimerList } from './timer-list.ts';
import type { Clock, Timers } from './timers.ts';

export interface BulkheadSettings {
  maxConcurrent: number;
  maxQueue: number;
  queueTimeoutMs: number;
}

type Ticket = 'waiting' | 'granted' | 'overdue';

/** A caller's place in the queue, and in the list of timers. */
class Waiter extends Waiting implements Timed {
  /** What a caller without a run awaits. */
  readonly gate: Promise<unknown> | undefined;
  readonly wake: () => void;
  readonly stage: BulkheadRule;
  readonly list: TimerList;
  readonly settings: BulkheadSettings;
  /** The caller's deadline comes before the end of the longest wait. */
  readonly byDeadline: boolean;
  ticket: Ticket = 'waiting';
  ahead: Waiter | undefined = undefined;
  behind: Waiter | undefined = undefined;
  place = -1;
  stop: (() => void) | undefined = undefined;

  constructor(
    park: (() => void) | undefined,
    stage: BulkheadRule,
    list: TimerList,
    settings: BulkheadSettings,
    byDeadline: boolean,
  ) {
    super();
    this.gate = park === undefined ? new Promise(capture) : undefined;
    this.wake = park ?? (resolveMade as () => void);
    this.stage = stage;
    this.list = list;
    this.settings = settings;
    this.byDeadline = byDeadline;
  }

  expire(): void {
    this.stage.depart(this);
    this.ticket = 'overdue';
    this.wake();
  }

  answer(): Refusal | undefined {
    return this.ticket === 'overdue' ? new Refusal(this.stage.late(this)) : undefined;
  }
}

export class BulkheadRule implements Rule {
  readonly emitter: Emitter;
  readonly recorder = new Recorder();
  readonly clock: Clock;
  readonly holds = true;
  readonly #timers: Timers;
  #settings: BulkheadSettings;
  #list: TimerList;
  #first: Waiter | undefined;
  #last: Waiter | undefined;
  running = 0;
  queued = 0;

  constructor(emitter: Emitter, clock: Clock, timers: Timers, settings: BulkheadSettings) {
    this.emitter = emitter;
    this.clock = clock;
    this.#timers = timers;
    this.#settings = settings;
    this.#list = new TimerList(settings.queueTimeoutMs, timers);
  }

  get settings(): BulkheadSettings {
    return this.#settings;
  }

  /** For calls from now on; callers in the queue keep their time limit, and get the slots that are new. */
  set settings(settings: BulkheadSettings) {
    this.#settings = settings;
    this.#list = new TimerList(settings.queueTimeoutMs, this.#timers);
    while (this.running < settings.maxConcurrent && this.#first !== undefined) {
      this.running++;
      this.#grant(this.#first);
    }
  }

  quick(call: QuickCall): true | undefined {
    const { maxConcurrent, maxQueue } = this.#settings;
    if (this.running < maxConcurrent) {
      this.running++;
      return true;
    }
    if (call.alone)
      call.stop =
        this.queued >= maxQueue
          ? new Refusal(this.#refusal('full', this.#settings))
          : this.#queue(undefined, NOW, undefined);
    return undefined;
  }

  quickLeave(): boolean {
    this.#release();
    return true;
  }

  enter(run: Run, at: number): Step {
    const { maxConcurrent, maxQueue } = this.#settings;
    const restMs = run.deadlineRest();
    if (restMs === 0) throw this.#spent();
    run.keep(at, undefined);
    if (this.running < maxConcurrent) {
      this.running++;
      return GO;
    }
    if (this.queued >= maxQueue) throw this.#refusal('full', this.#settings);
    run.keep(at, this.#queue(run.park(at), run, restMs));
    return WAIT;
  }

  resume(run: Run, at: number): Step {
    const waiter = run.slots[at] as Waiter;
    if (waiter.ticket === 'overdue') throw this.late(waiter);
    return GO;
  }

  unpark(run: Run, at: number): void {
    const waiter = run.slots[at] as Waiter;
    if (waiter.ticket === 'waiting') this.depart(waiter);
  }

  leave(run: Run, _at: number): Step {
    const holds = run.failed ? undefined : run.holds;
    if (holds === undefined) this.#release();
    else holdsOf(run.value, holds).keep(() => this.#release());
    return GO;
  }

  drop(run: Run, at: number): void {
    const waiter = run.slots[at] as Waiter | undefined;
    if (waiter !== undefined && waiter.ticket !== 'granted') return;
    // The slot is taken until the call has settled.
    const { pending, given } = run;
    const release = (): void => this.#release();
    const settled = (): void => (given === undefined ? release() : given.whenSettled(release));
    if (pending === undefined) release();
    else pending.then(settled, settled);
  }

  /** The error of a caller that was not let in within its time. */
  late(waiter: Waiter): BulkheadFullError | DeadlineExceededError {
    return waiter.byDeadline ? this.#spent() : this.#refusal('queue-timeout', waiter.settings);
  }

  #queue(
    park: (() => void) | undefined,
    time: { time(clock: Clock): number },
    restMs: number | undefined,
  ): Waiter {
    const { queueTimeoutMs } = this.#settings;
    const byDeadline = restMs !== undefined && restMs < queueTimeoutMs;
    const list = byDeadline ? new TimerList(restMs, this.#timers, true) : this.#list;
    const waiter = new Waiter(park, this, list, this.#settings, byDeadline);
    waiter.ahead = this.#last;
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.behind = waiter;
    this.#last = waiter;
    this.queued++;
    try {
      if (byDeadline || queueTimeoutMs !== Number.POSITIVE_INFINITY) list.add(waiter, time);
    } catch (error) {
      // Timers of a user's threw: nobody waits here, and the slot that is free next is not for this one.
      this.depart(waiter);
      throw error;
    }
    return waiter;
  }

  /** Takes a caller out of the queue, from wherever it stands. */
  depart(waiter: Waiter): void {
    const { ahead, behind } = waiter;
    if (ahead === undefined) this.#first = behind;
    else ahead.behind = behind;
    if (behind === undefined) this.#last = ahead;
    else behind.ahead = ahead;
    this.queued--;
    waiter.list.remove(waiter);
  }

  #grant(waiter: Waiter): void {
    this.depart(waiter);
    waiter.ticket = 'granted';
    waiter.wake();
  }

  #release(): void {
    // The slot goes straight to the next in the queue; `running` does not drop in between, so no newcomer can overtake.
    if (this.#first === undefined || this.running > this.#settings.maxConcurrent) this.running--;
    else this.#grant(this.#first);
  }

  #spent(): DeadlineExceededError {
    const { policy } = this.emitter;
    if (this.emitter.wants('reject')) this.emitter.emit('reject', { policy, reason: 'deadline' });
    return spent(policy);
  }

  #refusal(reason: 'full' | 'queue-timeout', settings: BulkheadSettings): BulkheadFullError {
    const { emitter } = this;
    const { policy } = emitter;
    const { maxConcurrent, maxQueue, queueTimeoutMs } = settings;
    if (emitter.wants('reject')) emitter.emit('reject', { policy, reason });
    return stackless(() => new BulkheadFullError(policy, maxConcurrent, maxQueue, reason, queueTimeoutMs));
  }
}
