import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { registry, touch } from './configuration.ts';
import { ContextLevels } from './context-levels.ts';
import { describe } from './describe.ts';
import type { Level } from './levels.ts';
import { peek, snapshot } from './peek.ts';

/** Carries the `tracestate` header of the trace, unseen in records. Two copies of the package share it as well. */
export const TRACESTATE: unique symbol = Symbol.for('agent4.logging.tracestate') as never;

/** What every record of a unit of work carries. */
export interface ContextFields {
  readonly correlationId: string;
  readonly [field: string]: unknown;
  readonly [TRACESTATE]?: { readonly traceId: string; readonly text: string };
}

interface Store {
  fields: ContextFields | undefined;
  /** Levels for the records of this context alone. */
  readonly levels?: ContextLevels | undefined;
  /** The outermost context of the same unit of work; undefined in it. */
  readonly root?: Store | undefined;
  /** What is known of a unit of work, in its outermost context; made when it is first asked for. */
  unit?: Unit | undefined;
}

/** What the logging of one unit of work, all its branches and nested runs, has in common. */
export interface Unit {
  /** Where the unit stands in sampling, from 0 to 1. */
  share?: number;
  /** The flight recorder's memory of it. */
  ring?: object;
}

/** A context that differs in its levels alone: its fields are those of the run it is in, as they are now and later. */
class Leveled implements Store {
  readonly levels: ContextLevels;
  readonly root: Store;
  readonly #run: Store;

  constructor(levels: ContextLevels, run: Store) {
    this.levels = levels;
    this.root = run.root ?? run;
    this.#run = run;
  }

  get fields(): ContextFields | undefined {
    return this.#run.fields;
  }

  set fields(fields: ContextFields | undefined) {
    this.#run.fields = fields;
  }
}

// Two copies of this package must share one context: the key carries the version of the store's shape.
const key = Symbol.for('agent4.logging.context.v1');
const shared = globalThis as { [key]?: AsyncLocalStorage<Store> };
shared[key] ??= new AsyncLocalStorage<Store>();
const storage = shared[key];

export const contextLevels = (): ContextLevels | undefined => storage.getStore()?.levels;

/** The unit of work in whose run this is called; undefined outside of every run. */
export const unitOfWork = (): Unit | undefined => {
  const store = storage.getStore();
  if (store === undefined) return undefined;
  const root = store.root ?? store;
  if (root.fields === undefined) return undefined;
  root.unit ??= {};
  return root.unit;
};

const atLoad = AsyncLocalStorage.snapshot();

/** Calls `fn` outside of every context, an SDK's span included: what it logs, or sets a timer for, belongs to no unit of work. */
export const outsideContext = <Result>(fn: () => Result): Result =>
  // This module may have been loaded within a run.
  atLoad(() => storage.run(undefined as never, fn));

export const contextFields = (): ContextFields | undefined => storage.getStore()?.fields;

const validId = /^[A-Za-z0-9._~:/+=@-]{1,128}$/;

/** True for an id that may go into headers and logs: 1 to 128 characters of `A-Z a-z 0-9 . _ ~ : / + = @ -`. */
export const isValidCorrelationId = (value: unknown): value is string =>
  typeof value === 'string' && validId.test(value);

const checkFunction = (fn: unknown): void => {
  if (typeof fn !== 'function') throw new TypeError(`fn must be a function, got ${describe(fn)}`);
};

const run = <Result>(
  fields: { correlationId?: string | undefined; [field: string]: unknown },
  fn: () => Result,
): Result => {
  if (typeof fields !== 'object' || fields === null)
    throw new TypeError(`fields must be an object, got ${describe(fields)}`);
  const { correlationId } = fields;
  if (correlationId !== undefined && (typeof correlationId !== 'string' || correlationId === ''))
    throw new TypeError(`correlationId must be a non-empty string, got ${describe(correlationId)}`);
  checkFunction(fn);
  const within = storage.getStore();
  const outer = within?.fields;
  const id = correlationId ?? outer?.correlationId ?? randomUUID();
  const state = peek(fields, TRACESTATE);
  const inner = {
    ...outer,
    ...snapshot(fields),
    ...(state ? { [TRACESTATE]: state } : {}),
    correlationId: id,
  };
  const store: Store = {
    fields: Object.freeze(inner) as ContextFields,
    levels: within?.levels,
    root: within !== undefined && outer?.correlationId === id ? (within.root ?? within) : undefined,
    unit: undefined,
  };
  return storage.run(store, fn);
};

const withLevel = <Result>(level: Level | Readonly<Record<string, Level>>, fn: () => Result): Result => {
  const within = storage.getStore() ?? { fields: undefined };
  const levels = new ContextLevels(level, within.levels);
  checkFunction(fn);
  if (!registry.contextLevels) {
    registry.contextLevels = true;
    touch();
  }
  return storage.run(new Leveled(levels, within), fn);
};

const bind = <Args extends unknown[], Result>(fn: (...args: Args) => Result): ((...args: Args) => Result) => {
  checkFunction(fn);
  const store = storage.getStore();
  return store === undefined ? fn : (...args) => storage.run(store, () => fn(...args));
};

interface Emitter {
  emit(event: never, ...args: never[]): unknown;
}

const emits = new WeakMap<object, (...args: unknown[]) => unknown>();

const bindEmitter = <Bound extends Emitter>(emitter: Bound): Bound => {
  if (typeof emitter?.emit !== 'function')
    throw new TypeError(`emitter must have an emit(event) method, got ${describe(emitter)}`);
  const store = storage.getStore();
  if (store === undefined) return emitter;
  // Bound again, it belongs to the later context alone.
  const emit = emits.get(emitter.emit) ?? (emitter.emit as (...args: unknown[]) => unknown);
  const bound = function (this: unknown, ...args: unknown[]): unknown {
    return storage.run(store, () => Reflect.apply(emit, this, args));
  };
  emits.set(bound, emit);
  return Object.assign(emitter, { emit: bound });
};

const set = (fields: Record<string, unknown>): boolean => {
  if (typeof fields !== 'object' || fields === null)
    throw new TypeError(`fields must be an object, got ${describe(fields)}`);
  const store = storage.getStore();
  if (store?.fields === undefined) return false;
  store.fields = Object.freeze({
    ...store.fields,
    ...snapshot(fields),
    correlationId: store.fields.correlationId,
  });
  return true;
};

/** The fields that follow a unit of work through every await, timer and callback. */
export const CorrelationContext = {
  /**
   * Calls `fn` with these fields on every record logged until its work, awaited or not, is over.
   * Nested runs add to the outer fields and keep its id; without any id a UUID is made.
   * @returns What `fn` returns.
   * @throws TypeError when `fields` is no object, `correlationId` neither a non-empty string nor left out, or `fn` no function; whatever `fn` throws.
   */
  run,
  /** The fields in force here, frozen; undefined outside of every run. */
  current: contextFields,
  /** `fn` tied to the context of this moment, for emitters, pools and queues that call it from elsewhere. @throws TypeError when it is no function. */
  bind,
  /**
   * Ties all events of an emitter to the context of this moment: every listener, added before or after, is called in it.
   * For an emitter that serves one unit of work (a socket, a child process); where several share it, `bind` each listener.
   * @returns The emitter itself. @throws TypeError for what has no `emit`.
   */
  bindEmitter,
  /**
   * Adds fields for the rest of the innermost run, as all its branches see it (a user id once it is known).
   * The correlation id stays. @returns false outside of every run: nothing is set then.
   */
  set,
  /**
   * Calls `fn` with a level of its own for the records of its work, awaited or not, in the place of their loggers' levels: one for
   * all loggers, or by pattern, `{ 'db.*': 'debug' }`, where loggers that fit none keep theirs. It raises or lowers; the
   * innermost counts. It is no field of the records, and such records are not sampled. Transports with a level of their own keep to it.
   * @returns What `fn` returns.
   * @throws RangeError or TypeError for a level or a pattern that is none; whatever `fn` throws.
   */
  withLevel,
} as const;
