import { isEnding, noFlushAtExit } from './at-exit.ts';
import { askedFor, CoolDown } from './cool-down.ts';
import { dropNotice } from './drop-notice.ts';
import { publishDrop, publishFailure } from './events.ts';
import { Condition, combined, type DestinationHealth, reportHealthNoMore } from './health.ts';
import type { Inner } from './inner.ts';
import type { IsolatedDestination } from './isolated.ts';
import type { FullIsolatedOptions } from './isolated-options.ts';
import { type Later, later, within } from './later.ts';
import type { Level } from './levels.ts';
import { LineQueue, type QueuedLine } from './line-queue.ts';
import { Retries } from './retries.ts';
import { warnOnStderr } from './stderr-warning.ts';

/** What it needs from its surroundings, so that tests can stand in for the system. */
interface Surroundings {
  later?: Later;
  warn?: (text: string) => void;
}

const linesPerTurn = 1_000;
const blockStepMs = 10;

/** The queue, the cool-down and the state between the loggers and one destination. */
export class Isolation implements IsolatedDestination {
  readonly name: string;
  readonly #inner: Inner;
  readonly #options: FullIsolatedOptions;
  readonly #queue: LineQueue;
  readonly #retries: Retries;
  readonly #coolDown: CoolDown;
  readonly #condition: Condition;
  readonly #later: Later;
  readonly #warn: (text: string) => void;
  /** Why nothing may be handed over right now. */
  #pause: 'writing' | 'congested' | 'waiting' | undefined;
  #gaveUp = false;
  #handingOver = false;
  #waiters: Array<() => void> = [];

  constructor(inner: Inner, options: FullIsolatedOptions, surroundings: Surroundings = {}) {
    this.name = options.name ?? inner.name;
    this.#inner = inner;
    this.#options = options;
    this.#queue = new LineQueue(options);
    this.#retries = new Retries(this.#queue);
    this.#coolDown = new CoolDown(options);
    this.#condition = new Condition(options.clock);
    this.#later = surroundings.later ?? later;
    this.#warn = surroundings.warn ?? warnOnStderr;
    inner.onError((error) => this.#note(error));
  }

  write(text: string): void {
    this.writeAtLevel(text, 'info');
  }

  writeAtLevel(text: string, level: Level): void {
    const line = { text, level, bytes: Buffer.byteLength(text) };
    if (this.#pause === undefined && this.#queue.length === 0 && !this.#inner.congested) {
      this.#attempt([line]);
      if (this.#queue.length > 0) this.#next();
      return;
    }
    if (this.#options.policy === 'block' && !this.#queue.hasRoom(line.bytes)) this.#block(line.bytes);
    const dropped = this.#queue.push(line);
    if (dropped > 0) this.#lose(dropped, 'full');
    this.#next();
  }

  async flush(): Promise<void> {
    this.#drain();
    if (!this.#idle) await this.#inTime(new Promise<void>((resolve) => this.#waiters.push(resolve)));
    // A promise of the destination's that never settles must not hold a flush for ever.
    await this.#inTime(this.#inner.flush().catch((error: unknown) => this.#note(error)));
  }

  /** For the end of the process: hands over what is queued without waiting for answers. */
  flushSync(patienceMs?: number): void {
    if (!isEnding()) this.#drain();
    else if (!this.#handingOver) this.#handOverAll();
    this.#inner.flushSync(patienceMs);
  }

  health(): DestinationHealth {
    const own = this.#condition.report(this.name, this.#queue.length, this.#queue.bytes);
    const inner = this.#inner.health();
    return inner === undefined ? own : combined(own, inner);
  }

  async close(): Promise<void> {
    await this.flush();
    noFlushAtExit(this);
    reportHealthNoMore(this);
  }

  get #idle(): boolean {
    return this.#queue.length === 0 && this.#pause === undefined;
  }

  #inTime(done: Promise<unknown>): Promise<void> {
    return within(done, this.#options.flushTimeoutMs, this.#later);
  }

  #next(): void {
    if (isEnding()) this.flushSync();
    else this.#drain();
  }

  #drain(): void {
    for (let turn = 0; this.#pause === undefined; turn++) {
      if (this.#queue.length === 0) {
        for (const done of this.#waiters.splice(0)) done();
        return;
      }
      if (this.#inner.congested) {
        this.#pause = 'congested';
        const go = (): void => this.#resume('congested');
        this.#inner.flush().then(go, go);
        return;
      }
      if (turn === linesPerTurn) {
        // A destination that logs must not keep the thread for ever.
        this.#wait(0);
        return;
      }
      this.#attempt(this.#retries.take());
    }
  }

  /** Hands lines over; what comes of it is seen at once or later. */
  #attempt(lines: QueuedLine[]): void {
    // Lines that the destination itself logs meanwhile go to the queue.
    this.#pause = 'writing';
    const { guard } = this.#options;
    let answer: PromiseLike<unknown> | undefined;
    try {
      const write = (): unknown => this.#inner.write(lines);
      answer = guard === undefined ? this.#inner.write(lines) : guard.execute(write);
    } catch (error) {
      this.#failed(lines, error);
      return;
    }
    if (typeof answer?.then !== 'function') {
      this.#pause = undefined;
      this.#worked();
      return;
    }
    answer.then(
      () => {
        this.#pause = undefined;
        this.#worked();
        this.#drain();
      },
      (error: unknown) => this.#failed(lines, error),
    );
  }

  #worked(): void {
    this.#coolDown.worked();
    if (!this.#retries.worked()) return;
    const { maxQueued, maxQueuedBytes, clock } = this.#options;
    // Told once the worst is over, not after each line of a destination that is too slow all the time.
    if (this.#queue.length * 2 > maxQueued || this.#queue.bytes * 2 > maxQueuedBytes) return;
    if (this.#condition.state !== 'up') this.#condition.enter('up');
    const untold = this.#condition.takeUntold();
    if (untold === undefined) return;
    const text = dropNotice(this, untold, clock());
    this.#queue.unshift({ text, level: 'warn', bytes: Buffer.byteLength(text) });
  }

  #failed(lines: QueuedLine[], error: unknown): void {
    const refused = this.#retries.failed(lines);
    if (refused > 0) this.#lose(refused, 'refused');
    const coolDownMs = this.#note(error);
    this.#wait(
      this.#options.guard === undefined ? coolDownMs : (askedFor(error) ?? this.#options.coolDownMs),
    );
  }

  /** @returns the cool-down, in milliseconds. */
  #note(error: unknown): number {
    const coolDownMs = this.#coolDown.failed();
    this.#condition.enter(coolDownMs > 0 ? 'down' : 'degraded', error);
    publishFailure({ source: this.name, error });
    return coolDownMs;
  }

  #wait(ms: number): void {
    this.#pause = 'waiting';
    this.#later(() => this.#resume('waiting'), ms);
  }

  /** Ends a pause, unless it is over or another has begun. */
  #resume(from: 'congested' | 'waiting'): void {
    if (this.#pause !== from) return;
    this.#pause = undefined;
    this.#drain();
  }

  #handOverAll(): void {
    this.#handingOver = true;
    // A destination that logs at each write must not keep the process from ending.
    for (let left = this.#queue.length + linesPerTurn; left > 0 && this.#queue.length > 0; left--)
      if (!this.#handOver()) break;
    this.#handingOver = false;
    const { length } = this.#queue;
    if (length === 0) return;
    while (this.#queue.shift() !== undefined);
    this.#lose(length, 'exit');
    this.#warn(`agent4 logging: ${length} lines for ${this.name} were lost at exit`);
  }

  /** At exit: @returns false when the destination refuses. */
  #handOver(): boolean {
    const line = this.#queue.peek()!;
    try {
      const answer = this.#inner.write([line]);
      answer?.then(undefined, (error: unknown) => publishFailure({ source: this.name, error }));
    } catch (error) {
      this.#note(error);
      return false;
    }
    this.#queue.shift();
    return true;
  }

  /** Waits for room, once: a log call after one that waited in vain does not wait again before there was room. */
  #block(bytes: number): void {
    for (let waited = 0; waited < this.#options.blockMs; waited += blockStepMs) {
      if (this.#gaveUp || this.#pause === 'waiting' || this.#pause === 'writing') break;
      this.#inner.flushSync(blockStepMs);
      if (!this.#inner.congested) {
        this.#pause = undefined;
        this.#drain();
      }
      if (this.#queue.hasRoom(bytes)) break;
    }
    this.#gaveUp = !this.#queue.hasRoom(bytes);
  }

  #lose(records: number, reason: string): void {
    this.#condition.drop(records);
    if (this.#condition.state === 'up') this.#condition.enter('degraded');
    publishDrop({ destination: this.name, records, reason });
  }
}
