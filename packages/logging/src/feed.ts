import type { EventEmitter } from 'node:events';
import winston from 'winston';
import { publishDrop, publishFailure } from './events.ts';
import type { LevelSet } from './levels.ts';

/** The parts of a winston transport (a Writable of readable-stream 3, or one of its legacy wrappers) that we touch. */
export interface TransportStream extends EventEmitter {
  level?: string | undefined;
  name?: string;
  format?: unknown;
  levels?: Record<string, number>;
  parent?: unknown;
  writableLength: number;
  destroyed: boolean;
  _writableState?: { ending?: boolean };
  _write(info: unknown, encoding: string, callback: (error?: Error | null) => void): unknown;
  _writev?: unknown;
  logv?: unknown;
  write(info: unknown): boolean;
}

const maxQueued = 10_000;

const isLineWriter = (target: TransportStream): boolean => {
  const { name } = target.constructor;
  // Looked up by name first: winston loads a transport when it is asked for it.
  return (
    (name === 'Console' || name === 'File' || name === 'Stream') &&
    target.constructor === winston.transports[name] &&
    !Object.hasOwn(target, 'log')
  );
};

/** One transport, guarded: it can fail or hang without anybody else noticing. Shared by all loggers it is attached to. */
export class Feed {
  readonly target: TransportStream;
  readonly owners = new Set<EventEmitter>();
  readonly #writesLines: boolean;
  #waiters: Array<() => void> = [];

  constructor(target: TransportStream) {
    this.target = target;
    this.#writesLines = isLineWriter(target);
    this.#guard();
    target.on('error', (error: unknown) => this.#failed(error));
    target.on('warn', (...args: unknown[]) => {
      for (const owner of this.owners)
        if (owner.listenerCount('warn') > 0) owner.emit('warn', ...args, target);
    });
  }

  get name(): string {
    return this.target.name ?? this.target.constructor.name;
  }

  /** False for the wrapper that winston puts around an exception handler: it is no destination for ordinary records. */
  get takesRecords(): boolean {
    return (
      typeof (this.target as { log?: unknown }).log === 'function' ||
      !('handleExceptions' in this.target && 'transport' in this.target) ||
      '_deprecated' in this.target
    );
  }

  /** True for winston's own transports that write the line and look at nothing else of a record. */
  get linesOnly(): boolean {
    return this.#writesLines && this.target.format === undefined && this.target.listenerCount('logged') === 0;
  }

  write(info: Readonly<winston.Logform.TransformableInfo>): void {
    const { target } = this;
    if (target.destroyed || target._writableState?.ending === true) {
      publishDrop({ destination: this.name, records: 1, reason: 'closed' });
      return;
    }
    // A transport that never answers must not hold all records of the process in memory.
    if (target.writableLength >= maxQueued) {
      publishDrop({ destination: this.name, records: 1, reason: 'full' });
      return;
    }
    try {
      target.write(info);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Settles when the transport has answered for every record it was given. */
  idle(): Promise<void> {
    if (this.target.writableLength === 0 || this.target.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** A `_write` that throws would leave the stream writing for ever; one that reports an error would end it. */
  #guard(): void {
    const { target } = this;
    const original = target._write;
    target._write = (info, encoding, callback) => {
      let answered = false;
      const answer = (error?: Error | null): void => {
        if (answered) return;
        answered = true;
        if (error !== undefined && error !== null) this.#failed(error);
        callback();
        if (this.#waiters.length > 0) process.nextTick(() => this.#settle());
      };
      try {
        Reflect.apply(original, target, [info, encoding, answer]);
      } catch (error) {
        this.#failed(error);
        answer();
      }
    };
    // Without _writev the stream hands over queued records one by one, each under the guard above.
    if (typeof target.logv !== 'function') target._writev = null;
  }

  #settle(): void {
    if (this.target.writableLength > 0) return;
    for (const done of this.#waiters.splice(0)) done();
  }

  #failed(error: unknown): void {
    let told = false;
    for (const owner of this.owners) {
      if (owner.listenerCount('error') === 0) continue;
      told = true;
      try {
        owner.emit('error', error, this.target);
      } catch (thrown) {
        publishFailure({ source: `an error listener of ${this.name}`, error: thrown });
      }
    }
    if (!told) publishFailure({ source: this.name, error });
  }
}

const leastSevere = ({ names, ranks }: LevelSet): string =>
  names.reduce((one, other) => (ranks[other]! > ranks[one]! ? other : one));

const feeds = new WeakMap<TransportStream, Feed>();

/** Attaches as `pipe` would, without the pipe: no stream of ours stands between a record and its transports. */
export const attach = (target: TransportStream, logger: EventEmitter, levels: LevelSet): Feed => {
  let feed = feeds.get(target);
  if (feed === undefined) {
    feed = new Feed(target);
    feeds.set(target, feed);
  }
  feed.owners.add(logger);
  target.emit('pipe', logger);
  target.levels ??= { ...levels.ranks };
  // The level of the calling logger was checked already, and it may be a child's: as a parent we let everything pass.
  target.parent = Object.create(logger, { level: { value: leastSevere(levels) } });
  return feed;
};

/** Lets go of a transport, and has it close itself once no logger holds it. */
export const detach = (feed: Feed, logger: EventEmitter): void => {
  feed.owners.delete(logger);
  if (feed.owners.size > 0) return;
  feed.target.parent = logger;
  feed.target.emit('unpipe', logger);
};
