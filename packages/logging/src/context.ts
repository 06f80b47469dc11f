import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { describe } from './describe.ts';
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
  fields: ContextFields;
}

// Two copies of this package must share one context: the key carries the version of the store's shape.
const key = Symbol.for('agent4.logging.context.v1');
const shared = globalThis as { [key]?: AsyncLocalStorage<Store> };
shared[key] ??= new AsyncLocalStorage<Store>();
const storage = shared[key];

export const contextFields = (): ContextFields | undefined => storage.getStore()?.fields;

const validId = /^[A-Za-z0-9._~:/+=@-]{1,128}$/;

/** True for an id that may go into headers and logs: 1 to 128 characters of `A-Z a-z 0-9 . _ ~ : / + = @ -`. */
export const isValidCorrelationId = (value: unknown): value is string =>
  typeof value === 'string' && validId.test(value);

const run = <Result>(
  fields: { correlationId?: string | undefined; [field: string]: unknown },
  fn: () => Result,
): Result => {
  if (typeof fields !== 'object' || fields === null)
    throw new TypeError(`fields must be an object, got ${describe(fields)}`);
  const { correlationId } = fields;
  if (correlationId !== undefined && (typeof correlationId !== 'string' || correlationId === ''))
    throw new TypeError(`correlationId must be a non-empty string, got ${describe(correlationId)}`);
  const outer = contextFields();
  const id = correlationId ?? outer?.correlationId ?? randomUUID();
  const state = peek(fields, TRACESTATE);
  const inner = {
    ...outer,
    ...snapshot(fields),
    ...(state ? { [TRACESTATE]: state } : {}),
    correlationId: id,
  };
  return storage.run({ fields: Object.freeze(inner) as ContextFields }, fn);
};

const bind = <Args extends unknown[], Result>(fn: (...args: Args) => Result): ((...args: Args) => Result) => {
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
  const store = storage.getStore();
  if (store === undefined) return false;
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
   * @throws TypeError when `fields` is no object, or `correlationId` is neither a non-empty string nor left out; whatever `fn` throws.
   */
  run,
  /** The fields in force here, frozen; undefined outside of every run. */
  current: contextFields,
  /** `fn` tied to the context of this moment, for emitters, pools and queues that call it from elsewhere. */
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
} as const;
