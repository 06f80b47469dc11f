import { performance } from 'node:perf_hooks';
import { isEnding, noFlushAtExit } from './at-exit.ts';
import { dropNotice } from './drop-notice.ts';
import { publishDrop, publishFailure } from './events.ts';
import type { FileDestination } from './file-destination.ts';
import { Condition, type DestinationHealth, reportHealthNoMore } from './health.ts';
import { type Later, within } from './later.ts';
import { type Meter, meterNamed } from './meters.ts';
import { newlines } from './newlines.ts';
import type { RotatingFile } from './rotating-file.ts';
import { sleepSync } from './sleep-sync.ts';

export interface FileSinkOptions {
  readonly name: string;
  readonly file: RotatingFile;
  readonly sync: boolean;
  readonly maxQueuedBytes: number;
  readonly flushTimeoutMs: number;
  readonly clock: () => number;
  readonly later: Later;
  readonly warn: (text: string) => void;
  /** Called once, by `close`. */
  readonly onClose: () => void;
}

const batchLength = 16_384;
const firstRetryMs = 100;
const maxRetryMs = 5_000;
const stepMs = 10;

/** Lines gathered in a turn of the event loop and appended with one system call. What the system refuses is held, to its bound, and tried again. */
export class FileSink implements FileDestination {
  readonly name: string;
  readonly #options: FileSinkOptions;
  readonly #condition: Condition;
  readonly #meter: Meter;
  #pending = '';
  /** Bytes of earlier batches that are not out yet, from #offset on. */
  #rest: Uint8Array | undefined;
  #offset = 0;
  #scheduled = false;
  #failing = false;
  /** Bytes of #pending; counted only while failing. */
  #pendingBytes = 0;
  #retryMs = firstRetryMs;
  #cancelRetry: (() => void) | undefined;
  #waiters: Array<() => void> = [];
  #closed = false;

  constructor(options: FileSinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#condition = new Condition(options.clock);
    this.#meter = meterNamed(options.name);
  }

  write(text: string): void {
    if (this.#failing || this.#closed) {
      this.#hold(text);
      return;
    }
    this.#pending += text;
    if (this.#options.sync || this.#pending.length >= batchLength || isEnding()) this.#push();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        if (!this.#failing) this.#push();
      });
    }
  }

  async flush(): Promise<void> {
    const since = performance.now();
    const { flushTimeoutMs, later } = this.#options;
    if (!this.#push())
      await within(new Promise<void>((resolve) => this.#waiters.push(resolve)), flushTimeoutMs, later);
    this.#meter.flushed(performance.now() - since);
  }

  /** Tries as long as told, in milliseconds; at the end of the process once, and what is refused then is lost, counted and told. */
  flushSync(patienceMs = 0): void {
    const since = performance.now();
    let out = this.#push();
    for (let waited = 0; !out && waited < patienceMs; waited += stepMs) {
      sleepSync(stepMs);
      out = this.#push();
    }
    this.#meter.flushed(performance.now() - since);
    if (out || !isEnding()) return;
    const { lines } = this.#held();
    this.#lose(lines, 'exit');
    this.#options.warn(`agent4 logging: ${lines} lines for ${this.name} were lost at exit`);
  }

  reopen(): void {
    this.#push();
    this.#options.file.reopen();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.flush();
    this.#closed = true;
    this.#cancelRetry?.();
    const { lines } = this.#held();
    if (lines > 0) this.#lose(lines, 'closed');
    this.#options.file.close();
    this.#condition.enter('down');
    noFlushAtExit(this);
    reportHealthNoMore(this);
    this.#options.onClose();
  }

  /** True while the system refuses lines and they are held. */
  get congested(): boolean {
    return this.#failing;
  }

  health(): DestinationHealth {
    const { lines, bytes } = this.#held();
    return this.#condition.report(this.name, lines, bytes);
  }

  #held(): { lines: number; bytes: number } {
    const pending = Buffer.from(this.#pending);
    const rest = this.#rest?.subarray(this.#offset);
    return { lines: newlines(pending) + newlines(rest), bytes: pending.length + (rest?.length ?? 0) };
  }

  #hold(text: string): void {
    const bytes = Buffer.byteLength(text);
    const rest = (this.#rest?.length ?? 0) - this.#offset;
    if (!this.#closed && rest + this.#pendingBytes + bytes <= this.#options.maxQueuedBytes) {
      this.#pending += text;
      this.#pendingBytes += bytes;
      if (isEnding()) this.flushSync();
      return;
    }
    this.#condition.drop(1);
    if (!this.#closed) this.#condition.enter('down');
    publishDrop({ destination: this.name, records: 1, reason: this.#closed ? 'closed' : 'full' });
  }

  /** @returns false when the system refuses. */
  #push(): boolean {
    const { file } = this.#options;
    while (this.#pending !== '' || this.#rest !== undefined) {
      if (this.#rest === undefined) {
        this.#rest = Buffer.from(this.#pending);
        this.#pending = '';
        this.#pendingBytes = 0;
        this.#offset = 0;
      }
      try {
        const taken = file.write(this.#rest, this.#offset);
        this.#offset += taken;
        this.#meter.bytes += taken;
        if (this.#offset >= this.#rest.length) {
          this.#rest = undefined;
          this.#offset = 0;
        }
        if (this.#failing) this.#recovered();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EINTR') continue;
        this.#refused(error);
        return false;
      }
    }
    for (const done of this.#waiters.splice(0)) done();
    return true;
  }

  #recovered(): void {
    this.#failing = false;
    this.#retryMs = firstRetryMs;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#condition.enter('up');
    const untold = this.#condition.takeUntold();
    // Behind the lines that were held: the dropped ones came after them.
    if (untold !== undefined) this.#pending += dropNotice(this, untold, this.#options.clock());
    const told = untold === undefined ? 'none was dropped' : `${untold.dropped} were dropped`;
    this.#options.warn(`agent4 logging: ${this.name} takes lines again; ${told}`);
  }

  #refused(error: unknown): void {
    const { later, warn, file } = this.#options;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'EBADF') {
      file.forget();
      // What is left of a line that was half out is no line: the whole of it goes to the file opened next.
      this.#offset = (this.#rest?.lastIndexOf(10, Math.max(0, this.#offset - 1)) ?? -1) + 1;
    }
    if (!this.#failing) {
      this.#failing = true;
      this.#pendingBytes = Buffer.byteLength(this.#pending);
      warn(`agent4 logging: ${this.name} takes no lines (${code}); they are held, and dropped when too many`);
    }
    if (this.#condition.state !== 'down') this.#condition.enter('degraded', error);
    publishFailure({ source: this.name, error });
    this.#cancelRetry?.();
    this.#cancelRetry = later(() => {
      this.#cancelRetry = undefined;
      this.#push();
    }, this.#retryMs);
    this.#retryMs = Math.min(maxRetryMs, this.#retryMs * 2);
  }

  #lose(records: number, reason: string): void {
    this.#pending = '';
    this.#pendingBytes = 0;
    this.#rest = undefined;
    this.#offset = 0;
    this.#condition.drop(records);
    publishDrop({ destination: this.name, records, reason });
  }
}
