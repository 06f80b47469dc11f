import type { EventEmitter } from 'node:events';
import winston from 'winston';
import { readCall } from './arguments.ts';
import { touch } from './configuration.ts';
import { counters } from './counters.ts';
import { deliver, type Info, infoOf, LEVEL } from './deliver.ts';
import { publishFailure } from './events.ts';
import { attach, detach, type Feed, type TransportStream } from './feed.ts';
import { checkLevel, isLevel, type Level, levelNames, levels } from './levels.ts';
import { composeLine, recomposeLine } from './line.ts';
import type { LevelMethod, LogMethod } from './log-methods.ts';
import { snapshot } from './peek.ts';
import { type Core, Scope } from './scope.ts';

/** A `winston.Logger` that writes its lines itself and feeds winston's transports only when they are attached. */
export interface Logger extends winston.Logger {
  /** The name given at creation, in every line as `logger`. */
  readonly name: string;
  error: LevelMethod;
  warn: LevelMethod;
  info: LevelMethod;
  http: LevelMethod;
  verbose: LevelMethod;
  debug: LevelMethod;
  silly: LevelMethod;
  log: LogMethod;
  /** A logger that adds these fields to each record; it sees every later change of its parent's level and configuration. */
  child(fields: Record<string, unknown>): this;
  /**
   * Settles when every record written before is out of our hands: taken by the operating system or by the destination,
   * and answered for by each attached transport. Waits as long as a stuck transport does.
   */
  flush(): Promise<void>;
}

const SCOPE: unique symbol = Symbol('scope');
/** Marks loggers of this package, whichever copy of it made them. */
export const BRAND: unique symbol = Symbol.for('agent4.logging.logger') as never;

/** winston has no `write` of its own; an instrumentation that follows records (OpenTelemetry, Datadog) puts one here. */
const patchedWrite = (): ((info: unknown) => boolean) | undefined =>
  Object.hasOwn(winston.Logger.prototype, 'write')
    ? (winston.Logger.prototype.write as (info: unknown) => boolean)
    : undefined;

export class ServiceLogger extends winston.Logger {
  declare readonly [SCOPE]: Scope;
  declare _ownFormat: winston.Logform.Format | undefined;
  declare _children: object;

  constructor(scope: Scope, options: winston.LoggerOptions) {
    super({ ...options, [SCOPE]: scope } as winston.LoggerOptions);
    scope.core.defaultMeta = () => this.defaultMeta as object | null;
  }

  get name(): string {
    return this[SCOPE].core.name;
  }

  get [BRAND](): true {
    return true;
  }

  override configure(options: winston.LoggerOptions = {}): void {
    const { [SCOPE]: scope, ...given } = options as winston.LoggerOptions & { [SCOPE]?: Scope };
    if (scope !== undefined) Object.defineProperty(this, SCOPE, { value: scope });
    if (given.levels !== undefined && Object.keys(given.levels).join() !== levelNames.join())
      throw new RangeError(
        `levels must be winston's npm levels (${levelNames.join(', ')}), got ${Object.keys(given.levels).join(', ')}`,
      );
    const { level, ...rest } = given;
    if (level !== undefined) checkLevel('level', level);
    configuring.add(this);
    try {
      super.configure(rest);
    } finally {
      configuring.delete(this);
    }
    if (rest.format === undefined) this._ownFormat ??= this.format;
    if (level !== undefined) this[SCOPE].setLevel(level as Level, scope === undefined);
  }

  override child(fields: Record<string, unknown>): this {
    const { [SCOPE]: parent } = this;
    const { core } = parent;
    const child = Object.create(childPrototype(rootOf.get(core) as ServiceLogger));
    Object.defineProperty(child, SCOPE, { value: new Scope(core, parent, snapshot(fields ?? {})) });
    return child;
  }

  // pipe and unpipe are how winston's own add, remove, clear and exception handlers attach transports.
  override pipe<T extends NodeJS.WritableStream>(target: T): T {
    const { core } = this[SCOPE];
    const feed = attach(target as unknown as TransportStream, rootOf.get(core) ?? this);
    if (!core.feeds.includes(feed)) core.feeds = [...core.feeds, feed];
    touch();
    return target;
  }

  override unpipe(target?: NodeJS.WritableStream): this {
    const { core } = this[SCOPE];
    const root = rootOf.get(core) ?? this;
    const gone = core.feeds.filter((feed) => target === undefined || (feed.target as unknown) === target);
    core.feeds = core.feeds.filter((feed) => !gone.includes(feed));
    touch();
    for (const feed of gone) detach(feed, root);
    return this;
  }

  /** winston listens here for errors of a transport and takes it off the pipe; the guard in feed.ts listens instead. */
  _onEvent(): void {}

  override isLevelEnabled(level: string): boolean {
    return isLevel(level) && !this.silent && this[SCOPE].enabled(levels[level]);
  }

  override write(info: unknown): boolean {
    if (typeof info === 'object' && info !== null) {
      const { level, ...fields } = snapshot(info);
      const given = (info as { [LEVEL]?: unknown })[LEVEL] ?? level;
      logAt(this, given, [fields]);
    } else {
      logAt(this, 'info', [typeof info === 'string' ? info.replace(/\r?\n$/, '') : info]);
    }
    return true;
  }

  override _transform(info: Info & { [SCOPE]?: Scope }, _encoding: string, callback: () => void): void {
    const { [SCOPE]: scope } = info;
    if (scope === undefined) {
      this.write(info);
    } else {
      const level = info[LEVEL as never] as Level;
      const line = recomposeLine(info, scope.ready().rules.withoutRedaction);
      deliver(this, scope, isLevel(level) ? levels[level] : levels.info, line);
    }
    callback();
  }

  async flush(): Promise<void> {
    const { feeds, destination } = this[SCOPE].ready();
    await Promise.all([destination?.flush?.(), ...feeds.map((feed) => feed.idle())]);
  }
}

const rootOf = new WeakMap<Core, ServiceLogger>();
const configuring = new WeakSet<EventEmitter>();

/** A logger with a core of its own. */
export const rootLogger = (core: Core, options: winston.LoggerOptions): ServiceLogger & Logger => {
  const logger = new ServiceLogger(new Scope(core), options);
  rootOf.set(core, logger);
  return logger as ServiceLogger & Logger;
};

export const feedsOf = (logger: winston.Logger): readonly Feed[] =>
  (logger as ServiceLogger)[SCOPE].core.feeds;

/** One log call, from any method: never throws. */
const log = (logger: ServiceLogger, scope: Scope, rank: number, args: readonly unknown[]): void => {
  const root = rootOf.get(scope.core) as ServiceLogger;
  if (root.silent) return;
  try {
    const ready = scope.ready();
    const { message, fields } = readCall(args, ready.rules);
    const line = composeLine(ready, rank, scope.core.clock, message, fields);
    const patched = patchedWrite();
    if (patched === undefined) {
      deliver(root, scope, rank, line);
    } else {
      const info = infoOf(line, levelNames[rank]!) as Info & { [SCOPE]?: Scope };
      info[SCOPE] = scope;
      Reflect.apply(patched, root, [info]);
    }
  } catch (error) {
    counters.serializeFailures++;
    publishFailure({ source: `logger ${logger.name}`, error });
  }
};

/** A level that is only known at run time; an unknown one is kept as a field of an `info` record. */
const logAt = (logger: ServiceLogger, level: unknown, args: unknown[]): void => {
  const scope = logger[SCOPE];
  const known = isLevel(level) ? level : 'info';
  if (!scope.enabled(levels[known])) return;
  log(logger, scope, levels[known], isLevel(level) || level === undefined ? args : [...args, { level }]);
};

/** The method of one level, tied to its logger: it may be taken off and still sees every change of level. */
const levelMethod = (logger: ServiceLogger, level: Level): ((...args: unknown[]) => ServiceLogger) => {
  const rank = levels[level];
  const scope = logger[SCOPE];
  return (...args) => {
    if (scope.enabled(rank)) log(logger, scope, rank, args);
    return logger;
  };
};

/** Level methods are made at first use, so that a child costs nothing until it logs. */
const defineLevels = (prototype: object): void => {
  for (const level of levelNames)
    Object.defineProperty(prototype, level, {
      configurable: true,
      get(this: ServiceLogger) {
        const value = this[SCOPE] === undefined ? undefined : levelMethod(this, level);
        if (value !== undefined)
          Object.defineProperty(this, level, { value, writable: true, configurable: true });
        return value;
      },
      set(this: ServiceLogger, value: unknown) {
        Object.defineProperty(this, level, { value, writable: true, configurable: true });
      },
    });
};

/** Between a logger and its children stands an object whose level methods are fresh, not the logger's own bound ones. */
const childPrototype = (root: ServiceLogger): object => {
  if (!Object.hasOwn(root, '_children')) {
    const prototype = Object.create(root) as object;
    defineLevels(prototype);
    Object.defineProperty(root, '_children', { value: prototype });
  }
  return root._children;
};

defineLevels(ServiceLogger.prototype);

for (const level of levelNames)
  Object.defineProperty(ServiceLogger.prototype, `is${level[0]!.toUpperCase()}${level.slice(1)}Enabled`, {
    configurable: true,
    value(this: ServiceLogger) {
      return this.isLevelEnabled(level);
    },
  });

Object.defineProperties(ServiceLogger.prototype, {
  level: {
    configurable: true,
    get(this: ServiceLogger): string {
      return this[SCOPE].level;
    },
    // winston's configure assigns its default; that is no choice of the user's, and ours is made in configure.
    set(this: ServiceLogger, level: unknown) {
      if (!configuring.has(this)) this[SCOPE].setLevel(checkLevel('level', level), true);
    },
  },
  transports: {
    configurable: true,
    enumerable: true,
    get(this: ServiceLogger): unknown[] {
      return this[SCOPE]?.core.feeds.map((feed) => feed.target) ?? [];
    },
  },
  log: {
    configurable: true,
    writable: true,
    value(this: ServiceLogger, level: unknown, ...args: unknown[]): ServiceLogger {
      if (args.length === 0 && typeof level === 'object' && level !== null) this.write(level);
      else logAt(this, level, args);
      return this;
    },
  },
});
