import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { isEnding } from './at-exit.ts';
import type { Destination } from './destination.ts';
import { publishDrop } from './events.ts';
import { Condition, type DestinationHealth } from './health.ts';
import { type Meter, meterNamed } from './meters.ts';
import { newlines } from './newlines.ts';
import { sleepSync } from './sleep-sync.ts';
import { warnOnStderr } from './stderr-warning.ts';

/** What a sink needs from its surroundings, so that tests can stand in for the system. */
interface FdSinkOptions {
  fd: number;
  name: string;
  /** Bytes taken, as of `fs.writeSync`; throws with a `code`. */
  write?: (fd: number, bytes: Uint8Array, offset: number) => number;
  /** The same for a text. */
  writeText?: (fd: number, text: string) => number;
  /** One line for the operator about the sink itself. */
  warn?: (text: string) => void;
  /** Blocks the thread; used at exit alone. */
  sleep?: (ms: number) => void;
  /** Text held while the reader does not read, in UTF-16 units. Default 8 Mi. */
  maxPending?: number;
}

const batchLength = 16_384;
/** Up to here a text is handed over as it is, which saves a buffer; longer ones are as quick as bytes. */
const shortBatch = 2_048;
/** Text that waits becomes bytes in pieces of this size: a long text grown by lines takes several times its length. */
const pieceLength = 65_536;
const retryMs = 10;
const exitPatienceMs = 5_000;

/**
 * Lines gathered in a turn of the event loop and written with one system call, at 16 KiB or when the turn ends.
 * A full pipe (EAGAIN) is tried again by timer; a closed one (EPIPE) ends the sink with one warning.
 */
export class FdSink implements Destination {
  readonly name: string;
  readonly #options: Required<FdSinkOptions>;
  readonly #condition = new Condition();
  readonly #meter: Meter;
  #pending = '';
  /** Whole lines that wait before #pending. */
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  /** Bytes of earlier batches that the system did not take yet. */
  #rest: Uint8Array | undefined;
  #offset = 0;
  #scheduled = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  /** What is left of the time that a slow reader gets at exit, whoever logs there. */
  #exitPatienceMs = exitPatienceMs;
  #waiters: Array<() => void> = [];

  constructor(options: FdSinkOptions) {
    const { write } = options;
    this.#options = {
      write: (fd, bytes, offset) => writeSync(fd, bytes, offset),
      writeText: write ? (fd, text) => write(fd, Buffer.from(text), 0) : (fd, text) => writeSync(fd, text),
      warn: warnOnStderr,
      sleep: sleepSync,
      maxPending: 8 * 1024 * 1024,
      ...options,
    };
    this.name = options.name;
    this.#meter = meterNamed(options.name);
  }

  write(text: string): void {
    if (this.#closed) {
      this.#drop();
      return;
    }
    if (isEnding()) {
      // No turn comes in which a full pipe could be tried again.
      this.#pending += text;
      this.flushSync();
      return;
    }
    if (this.#retry !== undefined) {
      this.#wait(text);
      return;
    }
    this.#pending += text;
    if (this.#pending.length >= batchLength) this.#push();
    else if (!this.#scheduled) this.#schedule();
  }

  #wait(text: string): void {
    if (this.#pieceBytes + this.#pending.length + text.length > this.#options.maxPending) {
      this.#drop();
      return;
    }
    this.#pending += text;
    if (this.#pending.length < pieceLength) return;
    const piece = Buffer.from(this.#pending);
    this.#pending = '';
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
    // The timer that is to try again does not come before the turn ends, and the reader may long have read on.
    if (!this.#push()) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #schedule(): void {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#retry === undefined) this.#push();
    });
  }

  /** Settles once everything written before is out, or can never be. */
  async flush(): Promise<void> {
    const since = performance.now();
    if (this.#retry === undefined) this.#push();
    if (!this.#idle) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    this.#meter.flushed(performance.now() - since);
  }

  /** For the end of the process: waits for a slow reader, but at most 5 s in all, or as long as told, in milliseconds. */
  flushSync(patienceMs: number = this.#exitPatienceMs): void {
    const since = performance.now();
    let out = this.#push();
    let waited = 0;
    for (; !out && waited < patienceMs; waited += retryMs) {
      this.#options.sleep(retryMs);
      out = this.#push();
    }
    if (out || isEnding()) {
      clearTimeout(this.#retry);
      this.#retry = undefined;
    }
    this.#meter.flushed(performance.now() - since);
    if (!isEnding()) return;
    // The turn that was to write the lines does not come any more.
    this.#scheduled = false;
    if (!out) this.#lose('exit');
    this.#exitPatienceMs = Math.max(0, this.#exitPatienceMs - waited);
  }

  /** True while the reader does not read and lines are held. */
  get congested(): boolean {
    return this.#retry !== undefined;
  }

  health(): DestinationHealth {
    const rest = (this.#rest?.length ?? 0) - this.#offset;
    const { length } = this.#pending;
    return this.#condition.report(this.name, this.#held, length + this.#pieceBytes + rest);
  }

  get #held(): number {
    const waiting = this.#pieces.reduce((sum, piece) => sum + newlines(piece), 0);
    return newlines(Buffer.from(this.#pending)) + waiting + newlines(this.#rest?.subarray(this.#offset));
  }

  get #idle(): boolean {
    return this.#pending === '' && this.#rest === undefined && this.#pieces.length === 0;
  }

  /** @returns false when the system takes no more for now. */
  #push(): boolean {
    while (!this.#idle && !this.#closed) {
      try {
        const rest = this.#rest;
        const taken =
          rest === undefined ? this.#begin() : this.#options.write(this.#options.fd, rest, this.#offset);
        this.#offset += taken;
        this.#meter.bytes += taken;
        if (this.#rest === undefined || this.#offset >= this.#rest.length) {
          this.#rest = undefined;
          this.#offset = 0;
        }
        if (this.#condition.state !== 'up') this.#condition.enter('up');
      } catch (error) {
        if (this.#refused(error)) return false;
      }
    }
    for (const done of this.#waiters.splice(0)) done();
    if (!this.#closed) this.#tellDropped();
    return true;
  }

  /** Writes what waits longest; what the system did not take of it is the rest. @returns bytes taken. */
  #begin(): number {
    const { fd, write, writeText } = this.#options;
    this.#offset = 0;
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#pieceBytes -= piece.length;
      this.#rest = piece;
      return write(fd, piece, 0);
    }
    const text = this.#pending;
    this.#pending = '';
    if (text.length > shortBatch) {
      this.#rest = Buffer.from(text);
      return write(fd, this.#rest, 0);
    }
    let taken = -1;
    try {
      taken = writeText(fd, text);
      return taken;
    } finally {
      if (taken !== Buffer.byteLength(text)) this.#rest = Buffer.from(text);
    }
  }

  /** @returns true to wait and try again. */
  #refused(error: unknown): boolean {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'EINTR') return false;
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK') {
      this.#condition.enter('degraded');
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.#push();
      }, retryMs);
      return true;
    }
    const failing = this.#condition.state === 'down';
    this.#condition.enter('down', error);
    if (code === 'EPIPE') {
      this.#closed = true;
      this.#lose(code);
      this.#options.warn(
        `agent4 logging: ${this.name} was closed by its reader (EPIPE); log lines are dropped from here on`,
      );
      return false;
    }
    // Half a line is out already: the next one must not go on behind it.
    const cut = this.#offset > 0 && this.#rest?.[this.#offset - 1] !== 10;
    const kept = this.#pending;
    this.#pending = '';
    this.#lose(code);
    this.#pending = cut && kept !== '' ? `\n${kept}` : kept;
    if (!failing)
      this.#options.warn(
        `agent4 logging: ${this.name} takes no lines (${code}); lines are dropped until it does`,
      );
    return false;
  }

  /** Gives up what is held, and counts it. */
  #lose(reason: string): void {
    const records = this.#held;
    this.#pending = '';
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#rest = undefined;
    this.#offset = 0;
    if (records === 0) return;
    this.#condition.dropped += records;
    publishDrop({ destination: this.name, records, reason });
    if (reason === 'exit' && this.#exitPatienceMs > 0)
      this.#options.warn(`agent4 logging: ${records} lines for ${this.name} were lost at exit`);
  }

  #drop(): void {
    this.#condition.drop(1);
    publishDrop({ destination: this.name, records: 1, reason: this.#closed ? 'closed' : 'full' });
  }

  #tellDropped(): void {
    const untold = this.#condition.takeUntold();
    if (untold === undefined) return;
    this.#options.warn(
      `agent4 logging: ${untold.dropped} lines were dropped because the reader of ${this.name} was too slow`,
    );
  }
}
