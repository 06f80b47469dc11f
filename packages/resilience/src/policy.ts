import type { IDisposable, IFailureEvent, IPolicy, ISuccessEvent } from './cockatiel.ts';
import { isCancellation, isRejection, isTimeout } from './errors.ts';
import type { Emitter, EventName, PolicyEvents } from './events.ts';
import { Scope } from './scope.ts';
import type { PolicyStats, Recorder } from './stats.ts';
import type { Clock } from './timers.ts';
import { wrapperOf } from './wrapper.ts';

/** What the called function gets. */
export interface PolicyContext {
  /**
   * Aborts when the caller aborts or a time limit strikes; its `reason` says which. Made when first read.
   * Once the call has settled it stays as it is.
   */
  readonly signal: AbortSignal;
  /** 1 for the first call, 2 for its first repetition. */
  readonly attempt: number;
}

/** The least a policy is: cockatiel's policies and ours satisfy it. */
export interface PolicyLike {
  execute<T>(
    fn: (context: { readonly signal: AbortSignal }) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<unknown>;
}

/**
 * Something that stands between a caller and a call. `A` is what it may answer in the call's place (a fallback), `E` its events.
 * Use it three ways: `policy.execute(fn, signal?)`, `policy(fn)` for a wrapped function, `@policy` on a method.
 */
export interface Policy<A = never, E extends EventName = EventName> extends IPolicy<PolicyContext, A> {
  readonly name: string;

  /**
   * Calls `fn` under the policy.
   * @param signal The caller's cancellation: an aborted one means `fn` is not called, and an abort rejects at once.
   * @throws What `fn` throws, by identity; `signal.reason`, by identity; or the policy's own error.
   */
  execute<T>(fn: (context: PolicyContext) => PromiseLike<T> | T, signal?: AbortSignal): Promise<T | A>;

  /** Subscribes; the answer unsubscribes. A listener that throws does not touch the call. */
  on<K extends E>(event: K, listener: (payload: PolicyEvents[K]) => unknown): () => void;

  stats(): PolicyStats;

  /** `@policy` on a method, decorators of ECMAScript. */
  <This, Args extends unknown[], R>(
    method: (this: This, ...args: Args) => Promise<R>,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Promise<R>>,
  ): (this: This, ...args: Args) => Promise<R>;
  /** `@policy` on a method, TypeScript's `experimentalDecorators`. */
  <M extends (...args: never[]) => Promise<unknown>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): TypedPropertyDescriptor<M>;
  /** A function that does the same under the policy; `this`, `name` and `length` are kept. */
  <This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R> | A>;
}

/** A call as the layers of a pipeline hand it inwards. */
export type Task = (scope: Scope, attempt: number | undefined) => unknown;

/** The inside of a policy: what it does around a task. A synchronous throw counts like a rejection. */
export type Layer = (task: Task, scope: Scope, attempt: number | undefined) => Promise<unknown>;

export interface PolicyCore {
  emitter: Emitter;
  clock: Clock;
  recorder: Recorder;
  layer: Layer;
}

// Policies of this copy of the package are run without the detour over `execute`; all others are strangers with `execute`.
const OURS = new WeakMap<object, { layer: Layer; emitter: Emitter }>();

/** Builds the callable object that a user holds, out of what the policy does and what it adds to the surface. */
export const definePolicy = <P extends PolicyLike>(core: PolicyCore, extras: object = {}): P => {
  const { emitter, recorder } = core;
  const execute = (fn: (context: PolicyContext) => unknown, signal?: AbortSignal): Promise<unknown> => {
    if (typeof fn !== 'function')
      return Promise.reject(new TypeError(`"${emitter.policy}" can only execute a function`));
    if (signal === undefined) return observe(core, callOf(fn), Scope.from(undefined), undefined, true);
    if (signal.aborted) {
      recorder.calls++;
      recorder.cancelled++;
      return Promise.reject(signal.reason);
    }
    const scope = Scope.from(signal);
    return unlessAborted(scope, () => observe(core, callOf(fn), scope, undefined, true));
  };
  const surface = {
    _altReturn: undefined,
    execute,
    on: emitter.on.bind(emitter),
    stats: () => recorder.stats(),
    onSuccess: (listener: (event: ISuccessEvent) => void): IDisposable => ({
      dispose: emitter.on('success', ({ durationMs }: PolicyEvents['success']) =>
        listener({ duration: durationMs }),
      ),
    }),
    onFailure: (listener: (event: IFailureEvent) => void): IDisposable => ({
      dispose: emitter.on('failure', ({ durationMs, error }: PolicyEvents['failure']) =>
        listener({ duration: durationMs, handled: true, reason: { error } }),
      ),
    }),
  };
  const policy = wrapperOf(execute, emitter.policy);
  Object.defineProperties(policy, {
    ...Object.getOwnPropertyDescriptors(surface),
    ...Object.getOwnPropertyDescriptors(extras),
    name: { value: emitter.policy, enumerable: true },
  });
  OURS.set(policy, {
    layer: (task, scope, attempt) => observe(core, task, scope, attempt, false),
    emitter,
  });
  return policy as unknown as P;
};

/** What a policy does around a task, for policies made of policies. */
export const layerOf = (policy: PolicyLike): Layer =>
  OURS.get(policy)?.layer ??
  ((task, scope, attempt) =>
    policy.execute((given) => {
      const { signal, attempt: theirs } = (given ?? {}) as Partial<PolicyContext>;
      return task(Scope.from(signal), theirs ?? attempt);
    }, scope.signal));

/** The events of a policy of ours; undefined for a stranger. */
export const emitterOf = (policy: PolicyLike): Emitter | undefined => OURS.get(policy)?.emitter;

const FIRST = { attempt: 1 };

/**
 * cockatiel's `wrap` copies contexts by spreading them, one over the other. So `signal` is an own accessor, that it be copied;
 * and an attempt that nobody counted is inherited, that it not be copied over the count of a retry further out.
 */
export const contextOf = (scope: Scope, attempt: number | undefined): PolicyContext => {
  if (attempt === undefined) {
    const context = {
      __proto__: FIRST,
      get signal() {
        return scope.signal;
      },
    };
    return context as unknown as PolicyContext;
  }
  return {
    get signal() {
      return scope.signal;
    },
    attempt,
  };
};

const callOf =
  (fn: (context: PolicyContext) => unknown): Task =>
  (scope, attempt) =>
    fn(contextOf(scope, attempt));

const unlessAborted = (scope: Scope, start: () => Promise<unknown>): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const stop = scope.onAbort(reject);
    start().then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });

const observe = async (
  core: PolicyCore,
  task: Task,
  scope: Scope,
  attempt: number | undefined,
  outermost: boolean,
): Promise<unknown> => {
  const { emitter, recorder, clock } = core;
  recorder.calls++;
  const timed = outermost || emitter.wants('success') || emitter.wants('failure');
  const start = timed ? clock() : 0;
  let value: unknown;
  try {
    value = await core.layer(task, scope, attempt);
  } catch (error) {
    if (scope.aborted && !isTimeout(scope.reason)) {
      recorder.cancelled++;
      throw scope.reason;
    }
    if (isRejection(error)) recorder.rejections++;
    else if (isCancellation(error)) recorder.cancelled++;
    else {
      recorder.failures++;
      const durationMs = timed ? clock() - start : 0;
      if (outermost) recorder.measure(durationMs);
      if (timed && emitter.wants('failure'))
        emitter.emit('failure', { policy: emitter.policy, durationMs, error });
    }
    throw error;
  }
  recorder.successes++;
  if (timed) {
    const durationMs = clock() - start;
    if (outermost) recorder.measure(durationMs);
    if (emitter.wants('success')) emitter.emit('success', { policy: emitter.policy, durationMs });
  }
  return value;
};
