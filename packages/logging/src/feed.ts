import type { EventEmitter } from 'node:events';
import winston from 'winston';
import { flushAtExit, noFlushAtExit } from './at-exit.ts';
import { CoolDown } from './cool-down.ts';
import { dropRecord } from './drop-notice.ts';
import { publishDrop, publishFailure } from './events.ts';
import { Condition, type DestinationHealth, reportHealth } from './health.ts';
import { MESSAGE, type WinstonInfo } from './info.ts';
import { later } from './later.ts';
import type { LevelSet } from './levels.ts';
import { type Meter, meterNamed } from './meters.ts';

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

const maxQueued = 50_000;
const maxQueuedCharacters = 64 * 1024 * 1024;

const isLineWriter = (target: TransportStream): boolean => {
  const { name } = target.constructor;
  // Looked up by name first: winston loads a transport when it is asked for it.
  return (
    (name === 'Console' || name === 'File' || name === 'Stream') &&
    target.constructor === winston.transports[name] &&
    !Object.hasOwn(target, 'log')
  );
};

// winston's users count on an error event for each record that failed, so it takes many before a transport is left alone.
const coolDown = { maxFailures: 100, coolDownMs: 1_000, maxCoolDownMs: 60_000 };

/** One transport, guarded: it can fail or hang without anybody else noticing. Shared by all loggers it is attached to. */
export class Feed {
  readonly target: TransportStream;
  readonly owners = new Set<EventEmitter>();
  /** Put there by an instrumentation of winston, unasked for: each logger has one of its own, and writes its lines as without it. */
  pushed = false;
  readonly #condition = new Condition();
  readonly #coolDown = new CoolDown(coolDown);
  readonly #meter: Meter;
  /** Records that came during a cool-down; undefined outside of one. */
  #held: WinstonInfo[] | undefined;
  readonly #writesLines: boolean;
  /** Of the lines of the records that it has not answered for. */
  #characters = 0;
  #waiters: Array<() => void> = [];

  constructor(target: TransportStream) {
    this.target = target;
    this.#writesLines = isLineWriter(target);
    this.#meter = meterNamed(this.name);
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

  /** True if it is one of these transports, or winston's wrapper around one. */
  isOneOf(transports: ReadonlySet<unknown>): boolean {
    return transports.has(this.target) || transports.has((this.target as { transport?: unknown }).transport);
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

  write(info: Readonly<WinstonInfo>, level: string): void {
    this.#meter.at(level).lines++;
    const { target } = this;
    if (target.destroyed || target._writableState?.ending === true) {
      this.#drop(1, 'closed');
      return;
    }
    // A transport that never answers must not hold all records of the process in memory.
    if (target.writableLength === 0 && this.#held === undefined) this.#characters = 0;
    if (
      target.writableLength + (this.#held?.length ?? 0) >= maxQueued ||
      this.#characters > maxQueuedCharacters
    ) {
      this.#drop(1, 'full');
      return;
    }
    this.#characters += this.#lengthOf(info);
    if (this.#held === undefined) this.#hand(info);
    else this.#held.push(info);
  }

  /** One that takes several records at once does not say which it has answered for. */
  #lengthOf(info: Readonly<WinstonInfo>): number {
    if (typeof this.target.logv === 'function') return 0;
    return (info[MESSAGE] as string | undefined)?.length ?? 0;
  }

  health(): DestinationHealth {
    return this.#condition.report(this.name, this.target.writableLength + (this.#held?.length ?? 0), 0);
  }

  #hand(info: Readonly<WinstonInfo>): void {
    try {
      this.target.write(info);
    } catch (error) {
      this.#failed(error);
    }
  }

  #drop(records: number, reason: string): void {
    this.#condition.drop(records);
    this.#condition.enter(reason === 'closed' ? 'down' : 'degraded');
    publishDrop({ destination: this.name, records, reason });
  }

  /** Ends a cool-down: hands over what was held, until the transport fails again. */
  flushSync(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    noFlushAtExit(this);
    for (const [at, info] of held.entries()) {
      this.#hand(info);
      if (this.#held !== undefined) {
        (this.#held as WinstonInfo[]).push(...held.slice(at + 1));
        return;
      }
    }
  }

  #worked(): void {
    this.#coolDown.worked();
    if (this.#condition.state === 'up' || this.target.writableLength * 2 > maxQueued) return;
    this.#condition.enter('up');
    const { level, levels } = this.target;
    const most = levels?.[level ?? 'warn'];
    // A transport that is not asked for warnings, or knows no such level, is not told.
    if (levels?.warn === undefined || most === undefined || most < levels.warn || !this.takesRecords) return;
    const untold = this.#condition.takeUntold();
    if (untold !== undefined) this.#hand(dropRecord(this, untold, Date.now()) as unknown as WinstonInfo);
  }

  /** Settles when the transport has answered for every record it was given. */
  idle(): Promise<void> {
    this.flushSync();
    if (this.target.writableLength === 0 || this.target.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  flush(): Promise<void> {
    return this.idle();
  }

  /** A `_write` that throws would leave the stream writing for ever; one that reports an error would end it. */
  #guard(): void {
    const { target } = this;
    const original = target._write;
    target._write = (info, encoding, callback) => {
      // What a transport's own format makes of the record does not change what was added.
      const characters = this.#lengthOf(info as WinstonInfo);
      let answered = false;
      let thrown = false;
      const answer = (error?: Error | null): void => {
        if (answered) return;
        answered = true;
        this.#characters -= characters;
        const worked = !thrown && (error === undefined || error === null);
        if (!worked && !thrown) this.#failed(error);
        callback();
        if (worked) this.#worked();
        if (this.#waiters.length > 0) process.nextTick(() => this.#settle());
      };
      try {
        Reflect.apply(original, target, [info, encoding, answer]);
      } catch (error) {
        thrown = true;
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
    const coolDownMs = this.#coolDown.failed();
    this.#condition.enter(coolDownMs > 0 ? 'down' : 'degraded', error);
    if (coolDownMs > 0 && this.#held === undefined) {
      this.#held = [];
      flushAtExit(this);
      later(() => this.flushSync(), coolDownMs);
    }
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
    reportHealth(feed);
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
