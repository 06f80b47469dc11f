import { isPlainFields, readCall } from './arguments.ts';
import { registry } from './configuration.ts';
import { admit } from './control.ts';
import { counters } from './counters.ts';
import { publishFailure } from './events.ts';
import type { LevelSet } from './levels.ts';
import type { LevelMethod } from './log-methods.ts';
import type { Scope } from './scope.ts';
import { write } from './write.ts';

/** Where a logger keeps its scope. */
export const SCOPE: unique symbol = Symbol('scope');

interface Scoped {
  readonly [SCOPE]: Scope;
}

/** One log call, from any method: never throws. */
export const log = (scope: Scope, index: number, args: readonly unknown[]): void => {
  const { core } = scope;
  if (core.root.silent) return;
  try {
    let ready = scope.ready();
    if (ready.control !== undefined) {
      const admitted = admit(scope, ready, ready.control, index, args);
      if (admitted === undefined) return;
      ready = admitted;
    }
    // What readCall would say of such a call, without an object to say it in: a tenth of the call's time.
    const [message, fields] = args;
    if (typeof message === 'string' && (args.length === 1 || (args.length === 2 && isPlainFields(fields)))) {
      write(scope, ready, index, message, fields as Record<string, unknown> | undefined);
    } else {
      const call = readCall(args, ready.rules);
      write(scope, ready, index, call.message, call.fields);
    }
  } catch (error) {
    counters.serializeFailures++;
    publishFailure({ source: `logger ${core.name}`, error });
  }
};

/** The method of one level, tied to its logger: it may be taken off and still sees every change of level. */
const levelMethod = (logger: Scoped, index: number, rank: number): LevelMethod => {
  const scope = logger[SCOPE];
  // Kept beside the call, as most calls of a level that is off need to know no more.
  let version = 0;
  let reach = 0;
  return ((...args: unknown[]) => {
    if (version !== registry.version) {
      version = registry.version;
      reach = scope.reach;
    }
    if (rank <= reach && scope.enabled(rank)) log(scope, index, args);
    return logger;
  }) as unknown as LevelMethod;
};

export const own = (target: object, key: string, value: unknown): void => {
  Object.defineProperty(target, key, { value, writable: true, configurable: true });
};

/** Level methods are made at first use, so that a child costs nothing until it logs. */
export const defineLevels = (prototype: object, { names, ranks }: LevelSet): void => {
  for (const [index, level] of names.entries())
    Object.defineProperty(prototype, level, {
      configurable: true,
      get(this: Scoped) {
        const scope = this[SCOPE];
        if (scope === undefined) return undefined;
        const method = scope.method(index, () => levelMethod(this, index, ranks[level]!));
        // Cheaper to call from here on; not worth it for a child that logs once.
        if (scope.parent === undefined || scope.isBusy()) own(this, level, method);
        return method;
      },
      set(this: Scoped, value: unknown) {
        own(this, level, value);
      },
    });
};
