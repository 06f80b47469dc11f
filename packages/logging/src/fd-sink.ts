import { writeSync } from 'node:fs';
import type { Destination } from './destination.ts';
import { publishDrop } from './events.ts';

/** What a sink needs from its surroundings, so that tests can stand in for the system. */
interface FdSinkOptions {
  fd: number;
  name: string;
  /** Bytes taken, as of `fs.writeSync`; throws with a `code`. */
  write?: (fd: number, bytes: Uint8Array, offset: number) => number;
  /** One line for the operator about the sink itself. */
  warn?: (text: string) => void;
  /** Blocks the thread; used at exit alone. */
  sleep?: (ms: number) => void;
  /** Text held while the reader does not read, in UTF-16 units. Default 8 Mi. */
  maxPending?: number;
}

const batchLength = 16_384;
const retryMs = 10;
const exitPatienceMs = 5_000;

const warnOnStderr = (text: string): void => {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // stderr is gone too: there is nobody left to tell.
  }
};

const sleepSync = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

/**
 * Lines gathered in a turn of the event loop and written with one system call, at 16 KiB or when the turn ends.
 * A full pipe (EAGAIN) is tried again by timer; a closed one (EPIPE) ends the sink with one warning.
 */
export class FdSink implements Destination {
  readonly #options: Required<FdSinkOptions>;
  #pending = '';
  /** Bytes of earlier batches that the system did not take yet. */
  #rest: Uint8Array | undefined;
  #offset = 0;
  #scheduled = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #failing = false;
  #dropped = 0;
  #waiters: Array<() => void> = [];

  constructor(options: FdSinkOptions) {
    this.#options = {
      write: (fd, bytes, offset) => writeSync(fd, bytes, offset),
      warn: warnOnStderr,
      sleep: sleepSync,
      maxPending: 8 * 1024 * 1024,
      ...options,
    };
  }

  write(text: string): void {
    if (this.#closed) {
      this.#drop();
      return;
    }
    if (this.#retry !== undefined && this.#pending.length + text.length > this.#options.maxPending) {
      this.#drop();
      return;
    }
    this.#pending += text;
    if (this.#retry !== undefined) return;
    if (this.#pending.length >= batchLength) this.#push();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        if (this.#retry === undefined) this.#push();
      });
    }
  }

  /** Settles once everything written before is out, or can never be. */
  flush(): Promise<void> {
    if (this.#retry === undefined) this.#push();
    if (this.#idle) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** For the end of the process: waits for a slow reader, but at most 5 s. */
  flushSync(): void {
    for (let waited = 0; !this.#push() && waited < exitPatienceMs; waited += retryMs)
      this.#options.sleep(retryMs);
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  get #idle(): boolean {
    return this.#pending === '' && this.#rest === undefined;
  }

  /** @returns false when the system takes no more for now. */
  #push(): boolean {
    while (!this.#idle && !this.#closed) {
      if (this.#rest === undefined) {
        this.#rest = Buffer.from(this.#pending);
        this.#pending = '';
        this.#offset = 0;
      }
      try {
        this.#offset += this.#options.write(this.#options.fd, this.#rest, this.#offset);
        if (this.#offset >= this.#rest.length) this.#rest = undefined;
        this.#failing = false;
      } catch (error) {
        if (this.#refused(error)) return false;
      }
    }
    for (const done of this.#waiters.splice(0)) done();
    if (this.#dropped > 0 && !this.#closed) this.#tellDropped();
    return true;
  }

  /** @returns true to wait and try again. */
  #refused(error: unknown): boolean {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'EINTR') return false;
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK') {
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.#push();
      }, retryMs);
      return true;
    }
    const lost =
      this.#rest?.subarray(this.#offset).reduce((lines, byte) => (byte === 10 ? lines + 1 : lines), 0) ?? 0;
    this.#rest = undefined;
    publishDrop({ destination: this.#options.name, records: lost, reason: code });
    if (code === 'EPIPE') {
      this.#closed = true;
      this.#pending = '';
      this.#options.warn(
        `agent4 logging: ${this.#options.name} was closed by its reader (EPIPE); log lines are dropped from here on`,
      );
    } else if (!this.#failing) {
      this.#failing = true;
      this.#options.warn(
        `agent4 logging: ${this.#options.name} takes no lines (${code}); lines are dropped until it does`,
      );
    }
    return false;
  }

  #drop(): void {
    this.#dropped++;
    publishDrop({ destination: this.#options.name, records: 1, reason: this.#closed ? 'closed' : 'full' });
  }

  #tellDropped(): void {
    const count = this.#dropped;
    this.#dropped = 0;
    this.#options.warn(
      `agent4 logging: ${count} lines were dropped because the reader of ${this.#options.name} was too slow`,
    );
  }
}

const ofProcess = new Map<number, FdSink>();

const sinkOf = (fd: number, name: string): FdSink => {
  let sink = ofProcess.get(fd);
  if (sink === undefined) {
    if (ofProcess.size === 0)
      process.on('exit', () => {
        for (const each of ofProcess.values()) each.flushSync();
      });
    sink = new FdSink({ fd, name });
    ofProcess.set(fd, sink);
  }
  return sink;
};

export const stdout = (): FdSink => sinkOf(1, 'stdout');
export const stderr = (): FdSink => sinkOf(2, 'stderr');
