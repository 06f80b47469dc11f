import type { EventEmitter } from 'node:events';
import winston from 'winston';
import { touch } from './configuration.ts';
import { wants } from './control.ts';
import { deliver } from './deliver.ts';
import { attach, detach, type Feed, type TransportStream } from './feed.ts';
import { type Info, LEVEL } from './info.ts';
import { knowLogger } from './known-loggers.ts';
import { defineLevels, log, own, SCOPE } from './level-methods.ts';
import { checkLevel, isLevelOf, type LevelSet, levelSet } from './levels.ts';
import type { LevelMethod, LogMethod } from './log-methods.ts';
import { peek, snapshot, unreadable } from './peek.ts';
import { recomposeLine } from './recompose.ts';
import { type Core, Scope } from './scope.ts';
import { tellAll } from './untold.ts';
import { SENT, type Sent } from './write.ts';

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

/** Marks loggers of this package, whichever copy of it made them. */
export const BRAND: unique symbol = Symbol.for('agent4.logging.logger') as never;

export class ServiceLogger extends winston.Logger {
  declare readonly [SCOPE]: Scope;
  declare _ownFormat: winston.Logform.Format | undefined;
  declare _childClass: new (
    scope: Scope,
  ) => object;

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
    const { core } = this[SCOPE];
    if (given.levels !== undefined && levelSet(given.levels) !== core.levels)
      throw new RangeError(
        `levels are chosen when a logger is made, and this one has ${core.levels.names.join(', ')}; got ${Object.keys(given.levels).join(', ')}`,
      );
    const { level, ...rest } = given;
    if (level !== undefined) checkLevel('level', level, core.levels);
    // An instrumentation of winston pushes into the array it is given; the caller's stays as it is.
    const transports = [rest.transports ?? []].flat();
    const asked = new Set<unknown>(transports);
    configuring.add(this);
    try {
      super.configure({ ...rest, transports, levels: core.levels.ranks });
    } finally {
      configuring.delete(this);
    }
    for (const feed of core.feeds) feed.pushed = !feed.isOneOf(asked);
    if (rest.format === undefined) this._ownFormat ??= this.format;
    if (level !== undefined) this[SCOPE].setLevel(level, scope === undefined);
  }

  override child(fields: Record<string, unknown>): this {
    const parent = this[SCOPE];
    const Child = childClass(parent.core.root as unknown as ServiceLogger);
    return new Child(new Scope(parent.core, parent, snapshot(fields ?? {}))) as this;
  }

  // pipe and unpipe are how winston's own add, remove, clear and exception handlers attach transports.
  override pipe<T extends NodeJS.WritableStream>(target: T): T {
    const { core } = this[SCOPE];
    const feed = attach(target as unknown as TransportStream, rootOf(this[SCOPE]) ?? this, core.levels);
    if (!core.feeds.includes(feed)) core.feeds = [...core.feeds, feed];
    touch();
    return target;
  }

  override unpipe(target?: NodeJS.WritableStream): this {
    const { core } = this[SCOPE];
    const root = rootOf(this[SCOPE]) ?? this;
    const gone = core.feeds.filter((feed) => target === undefined || (feed.target as unknown) === target);
    core.feeds = core.feeds.filter((feed) => !gone.includes(feed));
    touch();
    for (const feed of gone) detach(feed, root);
    return this;
  }

  /** winston listens here for errors of a transport and takes it off the pipe; the guard in feed.ts listens instead. */
  _onEvent(): void {}

  override isLevelEnabled(level: string): boolean {
    const { core } = this[SCOPE];
    return isLevelOf(core.levels, level) && !this.silent && wants(this[SCOPE], core.levels.ranks[level]!);
  }

  override write(info: unknown): boolean {
    if (typeof info === 'object' && info !== null) {
      const { level, ...fields } = snapshot(info);
      const symbol = peek(info, LEVEL);
      const given = symbol === undefined || symbol === unreadable.value ? level : symbol;
      logAt(this, given, [fields]);
    } else {
      logAt(this, undefined, [typeof info === 'string' ? info.replace(/\r?\n$/, '') : info]);
    }
    return true;
  }

  override _transform(info: Info & { [SENT]?: Sent }, _encoding: string, callback: () => void): void {
    const { [SENT]: sent } = info;
    if (sent === undefined) {
      this.write(info);
    } else {
      Reflect.deleteProperty(info, SENT);
      const { scope, ready } = sent;
      const { levels } = scope.core;
      const level = isLevelOf(levels, info[LEVEL]) ? info[LEVEL] : levels.usual;
      deliver(scope, ready, levels.names.indexOf(level), recomposeLine(ready, info), info);
    }
    callback();
  }

  async flush(): Promise<void> {
    tellAll();
    const { feeds, output } = this[SCOPE].ready();
    await Promise.all([output?.destination.flush?.(), ...feeds.map((feed) => feed.idle())]);
  }
}

/** Transports belong to the logger, not to the child that attached them. */
const rootOf = ({ core }: Scope): ServiceLogger | undefined =>
  core.root as unknown as ServiceLogger | undefined;
const configuring = new WeakSet<EventEmitter>();

/** A logger with a core of its own. */
export const rootLogger = (core: Core, options: winston.LoggerOptions): ServiceLogger & Logger => {
  const logger = new (classOf(core.levels))(new Scope(core), options);
  core.root = logger as never;
  knowLogger(logger);
  return logger as ServiceLogger & Logger;
};

/** Its transports, but for those that an instrumentation pushed. */
export const feedsOf = (logger: winston.Logger): readonly Feed[] =>
  (logger as ServiceLogger)[SCOPE].core.feeds.filter((feed) => !feed.pushed);

/** A level that is only known at run time; an unknown one is kept as a field of a record of the usual level. */
const logAt = (logger: ServiceLogger, level: unknown, args: unknown[]): void => {
  const scope = logger[SCOPE];
  const { levels } = scope.core;
  const known = isLevelOf(levels, level);
  const name = known ? level : levels.usual;
  if (!scope.enabled(levels.ranks[name]!)) return;
  log(scope, levels.names.indexOf(name), known || level === undefined ? args : [...args, { level }]);
};

/** Children of one logger: made of its prototype, with level methods of their own. */
const childClass = (root: ServiceLogger): (new (scope: Scope) => object) => {
  if (!Object.hasOwn(root, '_childClass')) {
    const Child = function (this: { [SCOPE]: Scope }, scope: Scope) {
      this[SCOPE] = scope;
    } as unknown as new (
      scope: Scope,
    ) => object;
    const prototype = Object.create(root) as object;
    own(prototype, SCOPE as never, undefined);
    defineLevels(prototype, root[SCOPE].core.levels);
    Child.prototype = prototype;
    Object.defineProperty(root, '_childClass', { value: Child });
  }
  return root._childClass;
};

type LoggerClass = typeof ServiceLogger;
const classes = new WeakMap<LevelSet, LoggerClass>();

/** The class of loggers that know these levels; its prototype has their methods and no others. */
const classOf = (set: LevelSet): LoggerClass => {
  let Class = classes.get(set);
  if (Class === undefined) {
    for (const name of set.names)
      if (name in ServiceLogger.prototype)
        throw new RangeError(`levels must not be named as methods of a logger are, got ${name}`);
    Class = class extends ServiceLogger {};
    defineLevels(Class.prototype, set);
    for (const name of set.names)
      own(
        Class.prototype,
        `is${name[0]!.toUpperCase()}${name.slice(1)}Enabled`,
        function (this: ServiceLogger): boolean {
          return this.isLevelEnabled(name);
        },
      );
    classes.set(set, Class);
  }
  return Class;
};

Object.defineProperties(ServiceLogger.prototype, {
  level: {
    configurable: true,
    get(this: ServiceLogger): string {
      return this[SCOPE].level;
    },
    // winston's configure assigns its default; that is no choice of the user's, and ours is made in configure.
    set(this: ServiceLogger, level: unknown) {
      if (!configuring.has(this))
        this[SCOPE].setLevel(checkLevel('level', level, this[SCOPE].core.levels), true);
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
