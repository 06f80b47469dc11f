import type { EventEmitter } from 'node:events';
import type winston from 'winston';
import { flushAtExit, noFlushAtExit } from './at-exit.ts';
import { CoolDown } from './cool-down.ts';
import { infoOf } from './deliver.ts';
import { dropNotice } from './drop-notice.ts';
import { publishDrop, publishFailure } from './events.ts';
import { Condition, type DestinationHealth, reportHealth } from './health.ts';
import { later } from './later.ts';
import { type Level, levels } from './levels.ts';
import { type Meter, meterNamed } from './meters.ts';

/** The parts of a winston transport (a Writable of readable-stream 3, or one of its legacy wrappers) that we touch. */
export interface TransportStream extends EventEmitter {
  level?: string | undefined;
  name?: string;
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

type Info = Readonly<winston.Logform.TransformableInfo>;

const maxQueued = 10_000;
// winston's users count on an error event for each record that failed, so it takes many before a transport is left alone.
const coolDown = { maxFailures: 100, coolDownMs: 1_000, maxCoolDownMs: 60_000 };

/** One transport, guarded: it can fail or hang without anybody else noticing. Shared by all loggers it is attached to. */
export class Feed {
  readonly target: TransportStream;
  readonly owners = new Set<EventEmitter>();
  readonly #condition = new Condition();
  readonly #coolDown = new CoolDown(coolDown);
  readonly #meter: Meter;
  /** Records that came during a cool-down; undefined outside of one. */
  #held: Info[] | undefined;
  #waiters: Array<() => void> = [];

  constructor(target: TransportStream) {
    this.target = target;
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

  /** False for the wrapper that winston puts around an exception handler: it is no destination for ordinary records. */
  get takesRecords(): boolean {
    return (
      typeof (this.target as { log?: unknown }).log === 'function' ||
      !('handleExceptions' in this.target && 'transport' in this.target) ||
      '_deprecated' in this.target
    );
  }

  write(info: Info, rank: number): void {
    this.#meter.lines[rank]!++;
    const { target } = this;
    if (target.destroyed || target._writableState?.ending === true) {
      this.#drop(1, 'closed');
      return;
    }
    // A transport that never answers must not hold all records of the process in memory.
    if (target.writableLength + (this.#held?.length ?? 0) >= maxQueued) {
      this.#drop(1, 'full');
      return;
    }
    if (this.#held === undefined) this.#hand(info);
    else this.#held.push(info);
  }

  health(): DestinationHealth {
    return this.#condition.report(this.name, this.target.writableLength + (this.#held?.length ?? 0), 0);
  }

  #hand(info: Info): void {
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
        (this.#held as Info[]).push(...held.slice(at + 1));
        return;
      }
    }
  }

  #worked(): void {
    this.#coolDown.worked();
    if (this.#condition.state === 'up' || this.target.writableLength * 2 > maxQueued) return;
    this.#condition.enter('up');
    const { level } = this.target;
    const told = level === undefined || levels[level as Level] >= levels.warn;
    if (!told || !this.takesRecords) return;
    const untold = this.#condition.takeUntold();
    if (untold !== undefined) this.#hand(infoOf(dropNotice(this.name, untold, Date.now()), 'warn'));
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
      let answered = false;
      let thrown = false;
      const answer = (error?: Error | null): void => {
        if (answered) return;
        answered = true;
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

const feeds = new WeakMap<TransportStream, Feed>();

/** Attaches as `pipe` would, without the pipe: no stream of ours stands between a record and its transports. */
export const attach = (target: TransportStream, logger: EventEmitter): Feed => {
  let feed = feeds.get(target);
  if (feed === undefined) {
    feed = new Feed(target);
    feeds.set(target, feed);
    reportHealth(feed);
  }
  feed.owners.add(logger);
  target.emit('pipe', logger);
  target.levels ??= { ...levels };
  // The level of the calling logger was checked already, and it may be a child's: as a parent we let everything pass.
  target.parent = Object.create(logger, { level: { value: 'silly' } });
  return feed;
};

/** Lets go of a transport, and has it close itself once no logger holds it. */
export const detach = (feed: Feed, logger: EventEmitter): void => {
  feed.owners.delete(logger);
  if (feed.owners.size > 0) return;
  feed.target.parent = logger;
  feed.target.emit('unpipe', logger);
};
