import { performance } from 'node:perf_hooks';
import { flushAtExit, isEnding, noFlushAtExit } from '../at-exit.ts';
import type { Destination } from '../destination.ts';
import { dropNotice } from '../drop-notice.ts';
import { publishDrop, publishFailure } from '../events.ts';
import { fileDestination } from '../file-destination.ts';
import { Condition, type DestinationHealth, reportHealth, reportHealthNoMore } from '../health.ts';
import { later } from '../later.ts';
import { warnOnStderr } from '../stderr-warning.ts';
import { fallbackOf } from './fallback.ts';
import { isDone, type Report, shared } from './messages.ts';
import { type FullWorkerOptions, type WorkerOptions, workerOptions } from './options.ts';
import { linesIn, Outbox } from './outbox.ts';
import { type StartThread, startThread, type Thread } from './start-thread.ts';

/** A destination whose work is done by a thread. */
export interface WorkerDestination extends Destination {
  readonly name: string;
  /** Settles when all that was written before is out, or after `flushTimeoutMs`. */
  flush(): Promise<void>;
  /** Waits for the thread, blocking, as long as told in milliseconds. Called by itself at the end of the process. */
  flushSync(patienceMs?: number): void;
  health(): DestinationHealth;
  /** Flushes and ends the thread; lines written later are dropped and counted. */
  close(): Promise<void>;
}

const batchLength = 65_536;
const stepMs = 50;

class WorkerSink implements WorkerDestination {
  readonly name: string;
  readonly #options: FullWorkerOptions;
  readonly #file: Destination | undefined;
  readonly #condition = new Condition();
  readonly #state = new Int32Array(new SharedArrayBuffer(shared.length * 4));
  #thread: Thread | undefined;
  /** Writes in the thread's place, once that is gone. */
  #fallback: Destination | undefined;
  readonly #outbox = new Outbox();
  #scheduled = false;
  #closed = false;
  readonly #waiters = new Set<{ seq: number; done: () => void }>();

  constructor(options: FullWorkerOptions, start: StartThread = startThread) {
    this.name = options.name;
    this.#options = options;
    if ('file' in options.target) {
      // Checks the options as well; it opens the file with its first line, which may never come.
      const file = fileDestination({ ...options.target.file, name: options.name });
      reportHealthNoMore(file);
      this.#file = file;
    }
    const data = { target: options.target, shared: this.#state.buffer as SharedArrayBuffer };
    try {
      const thread = start(data);
      this.#thread = thread;
      thread.on('message', (report: Report) => this.#hear(report));
      thread.on('error', (error: unknown) => this.#giveUp(error));
      thread.on('exit', (code: number) => this.#giveUp(new Error(`the thread ended with code ${code}`)));
      thread.unref();
    } catch (error) {
      this.#giveUp(error);
    }
  }

  write(text: string): void {
    if (this.#closed) {
      this.#lose(linesIn(text), 'closed');
      return;
    }
    if (this.#fallback !== undefined) {
      this.#writeHere(text);
      return;
    }
    const outbox = this.#outbox;
    if (outbox.length + text.length > this.#options.maxQueued) this.#settle();
    if (outbox.length + text.length > this.#options.maxQueued) {
      this.#lose(linesIn(text), 'full');
      return;
    }
    outbox.pending += text;
    if (isEnding()) this.flushSync();
    else if (outbox.pending.length >= batchLength) this.#send();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#send();
      });
    }
  }

  async flush(): Promise<void> {
    if (this.#fallback === undefined && !this.#closed) {
      this.#send(true);
      const seq = this.#outbox.last;
      this.#thread?.ref();
      await new Promise<void>((resolve) => {
        const waiter = { seq, done: resolve };
        const cancel = later(
          () => this.#waiters.delete(waiter) && resolve(),
          this.#options.flushTimeoutMs,
          true,
        );
        waiter.done = () => {
          cancel();
          resolve();
        };
        this.#waiters.add(waiter);
      });
      if (this.#waiters.size === 0) this.#thread?.unref();
    }
    await this.#fallback?.flush?.();
  }

  flushSync(patienceMs: number = this.#options.exitTimeoutMs): void {
    if (this.#fallback === undefined && !this.#closed) {
      this.#send(true);
      this.#await(patienceMs);
      if (isEnding() && this.#outbox.isWaiting) {
        const ended = Atomics.load(this.#state, shared.ended) === 1;
        this.#giveUp(new Error(ended ? 'the thread has ended' : `it was not done within ${patienceMs} ms`));
      }
    }
    (this.#fallback as Partial<WorkerDestination> | undefined)?.flushSync?.(patienceMs);
  }

  health(): DestinationHealth {
    this.#settle();
    return this.#condition.report(this.name, this.#outbox.lines, this.#outbox.length);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.flush();
    this.#closed = true;
    noFlushAtExit(this);
    reportHealthNoMore(this);
    this.#condition.enter('down');
    const left = linesIn(this.#outbox.takeAll());
    if (left > 0) this.#lose(left, 'closed');
    await this.#thread?.terminate();
    await (this.#fallback as Partial<WorkerDestination> | undefined)?.close?.();
  }

  /** Hands over what is gathered; an empty batch is the wish to flush. */
  #send(flush = false): void {
    if (this.#fallback !== undefined) return;
    if (this.#outbox.pending !== '') this.#thread?.postMessage(this.#outbox.take());
    if (flush) this.#thread?.postMessage(this.#outbox.take());
  }

  /** Forgets what is out by now. */
  #settle(): void {
    const done = Atomics.load(this.#state, shared.done);
    if (!this.#outbox.settle(done)) return;
    for (const waiter of this.#waiters)
      if (isDone(waiter.seq, done)) {
        this.#waiters.delete(waiter);
        waiter.done();
      }
    if (this.#outbox.length * 2 > this.#options.maxQueued) return;
    this.#condition.enter('up');
    const untold = this.#condition.takeUntold();
    if (untold === undefined) return;
    this.#outbox.pending += dropNotice(this, untold, Date.now());
    this.#send();
  }

  #hear({ kind, message, code, records = 0, reason = '' }: Report): void {
    if (kind === 'done') this.#settle();
    else if (kind === 'drop') this.#lose(records, reason);
    else {
      const error = Object.assign(new Error(message), code === '' ? {} : { code });
      this.#condition.enter('degraded', error);
      publishFailure({ source: this.name, error });
    }
  }

  /** Blocks until all is out, the thread has ended, or the time is over. */
  #await(patienceMs: number): void {
    const until = performance.now() + patienceMs;
    for (;;) {
      const done = Atomics.load(this.#state, shared.done);
      this.#settle();
      const left = until - performance.now();
      if (!this.#outbox.isWaiting || left <= 0 || Atomics.load(this.#state, shared.ended) === 1) return;
      Atomics.wait(this.#state, shared.done, done, Math.min(left, stepMs));
    }
  }

  /** The thread is gone, or can be waited for no longer: all that is not known to be out is written here. */
  #giveUp(error: unknown): void {
    if (this.#fallback !== undefined || this.#closed) return;
    Atomics.store(this.#state, shared.abandoned, 1);
    this.#settle();
    this.#condition.enter('degraded', error);
    publishFailure({ source: this.name, error });
    const left = this.#outbox.takeAll();
    const text = error instanceof Error ? error.message : 'a value that is no Error';
    try {
      this.#fallback = fallbackOf(this.#options.target, this.#file);
      warnOnStderr(`agent4 logging: ${this.name} is written by the main thread from here on: ${text}`);
      if (left !== '') this.#writeHere(left);
    } catch (failure) {
      this.#condition.enter('down', failure);
      publishFailure({ source: this.name, error: failure });
      warnOnStderr(`agent4 logging: ${this.name} takes no lines any more, they are dropped: ${text}`);
      this.#fallback = { write: (dropped) => this.#lose(linesIn(dropped), 'closed') };
      if (left !== '') this.#lose(linesIn(left), isEnding() ? 'exit' : 'closed');
    }
    for (const { done } of this.#waiters) done();
    this.#waiters.clear();
  }

  #writeHere(text: string): void {
    const refused = (error: unknown): void => {
      publishFailure({ source: this.name, error });
      this.#lose(linesIn(text), 'refused');
    };
    try {
      const answer: unknown = this.#fallback!.write(text);
      if (typeof (answer as { then?: unknown } | null | undefined)?.then === 'function')
        Promise.resolve(answer).catch(refused);
    } catch (error) {
      refused(error);
    }
  }

  #lose(records: number, reason: string): void {
    this.#condition.drop(records);
    if (this.#condition.state === 'up') this.#condition.enter('degraded');
    publishDrop({ destination: this.name, records, reason });
    if (reason === 'exit')
      warnOnStderr(`agent4 logging: ${records} lines for ${this.name} were lost at exit`);
  }
}

/** {@link workerDestination} with the thread handed in. */
export const openWorkerDestination = (options: WorkerOptions, start?: StartThread): WorkerDestination => {
  const sink = new WorkerSink(workerOptions(options), start);
  flushAtExit(sink);
  reportHealth(sink);
  return sink;
};

/**
 * A destination whose writing is done by a worker thread: to a file, or to what a module of yours makes. Lines are handed over in
 * batches of a turn, and at the end of the process waited for. When the thread dies or does not start, the main thread writes what is not
 * known to be out, and all later lines.
 * @throws TypeError or RangeError naming the option that is unknown or wrong.
 */
export const workerDestination = (options: WorkerOptions): WorkerDestination =>
  openWorkerDestination(options);
