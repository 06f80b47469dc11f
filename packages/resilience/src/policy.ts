import type { IDisposable, IFailureEvent, IPolicy, ISuccessEvent } from './cockatiel.ts';
import type { PolicyContext } from './context.ts';
import { drive } from './drive.ts';
import type { Emitter, EventName, PolicyEvents } from './events.ts';
import { compile, type Element, type Layer } from './program.ts';
import { isQuick, quickly } from './quickly.ts';
import { Run } from './run.ts';
import { Scope } from './scope.ts';
import { anyCallOf, isSingle, singly } from './singly.ts';
import { Stage } from './stage.ts';
import type { PolicyStats, Recorder } from './stats.ts';
import { streamOf } from './stream-run.ts';
import type { Clock } from './timers.ts';
import { show } from './validate.ts';
import { type Method, type Open, wrapperOf } from './wrapper.ts';

export type { PolicyContext } from './context.ts';

/** The least a policy is: cockatiel's policies and ours satisfy it. */
export interface PolicyLike {
  execute<T>(
    fn: (context: { readonly signal: AbortSignal }) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<unknown>;
}

/** Nothing more to ask when `A` is an `R`; what nobody can give otherwise. */
type Fits<A, R> = [A] extends [R] ? unknown : never;
type AnyIterable<T> = AsyncIterable<T> | Iterable<T>;
/** What a method may answer: its result, or for a stream whatever has its items. */
type ResultOf<M extends (...args: never[]) => unknown> =
  ReturnType<M> extends AsyncGenerator<infer T, unknown, never> ? AnyIterable<T> : Awaited<ReturnType<M>>;

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

  /** Counts of calls and how they ended, and percentiles of how long they took, since the policy was made. */
  stats(): PolicyStats;

  /** `@policy` on a method whose result may be `A`, decorators of ECMAScript. */
  <This, Args extends unknown[], R>(
    method: (this: This, ...args: Args) => Promise<R>,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Promise<R>> & Fits<A, R>,
  ): (this: This, ...args: Args) => Promise<R>;
  /** `@policy` on an async generator method, ECMAScript's decorators. */
  <This, Args extends unknown[], T, R, N>(
    method: (this: This, ...args: Args) => AsyncGenerator<T, R, N>,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => AsyncGenerator<T, R, N>> &
      Fits<A, AnyIterable<T>>,
  ): (this: This, ...args: Args) => AsyncGenerator<T, R, N>;
  /** `@policy` on a method, TypeScript's `experimentalDecorators`. */
  <M extends (...args: never[]) => Promise<unknown> | AsyncGenerator<unknown, unknown, never>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & Fits<A, ResultOf<M>>,
  ): TypedPropertyDescriptor<M>;
  /** An async generator function: see `stream`. */
  <This, Args extends unknown[], T, R, N>(
    fn: ((this: This, ...args: Args) => AsyncGenerator<T, R, N>) & Fits<A, AnyIterable<T>>,
  ): (this: This, ...args: Args) => AsyncGenerator<T, R, undefined>;
  /** A function that does the same under the policy; `this`, `name` and `length` are kept. */
  <This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R> | A>;
}

/** A policy that is a call of its own inside: what it does around a task. */
export interface PolicyCore {
  emitter: Emitter;
  clock: Clock;
  recorder: Recorder;
  layer: Layer;
  /** See {@link Layer.standsIn}. */
  standsIn?: boolean;
  /** See {@link Layer.counts}. */
  counts?: boolean;
}

// Policies of this copy of the package run as parts of one program; all others are strangers with `execute`.
interface Ours {
  elements: readonly Element[];
  emitter: Emitter;
  apply: (fn: Method, self: unknown, args: readonly unknown[]) => Promise<unknown>;
  prepare: Prepare | undefined;
}

const OURS = new WeakMap<object, Ours>();

/** Checks changes of settings, and answers what makes them. */
export type Prepare = (changes: never) => () => void;

/** Builds the callable object that a user holds, out of what the policy does and what it adds to the surface. */
export const definePolicy = <P extends PolicyLike>(
  core: PolicyCore,
  extras: object = {},
  prepare?: Prepare,
): P =>
  policyOf(
    [
      new Stage(core),
      Object.assign(core.layer, { standsIn: core.standsIn === true, counts: core.counts === true }),
    ],
    extras,
    prepare,
  );

/** As {@link definePolicy}, for a policy made of stages; the first one's events and counts are the policy's. */
export const policyOf = <P extends PolicyLike>(
  elements: readonly [Stage, ...Element[]],
  extras: object = {},
  prepare?: Prepare,
): P => {
  const [stage] = elements;
  const { emitter, recorder } = stage;
  const program = compile(elements);
  const any = isSingle(program) ? anyCallOf(program) : undefined;
  const execute = (fn: (context: PolicyContext) => unknown, signal?: AbortSignal): Promise<unknown> => {
    if (typeof fn !== 'function')
      return Promise.reject(
        new TypeError(`"${emitter.policy}" can only execute a function, got ${show(fn)}`),
      );
    if (signal !== undefined && typeof signal?.addEventListener !== 'function')
      return Promise.reject(
        new TypeError(`the signal given to "${emitter.policy}" must be an AbortSignal, got ${show(signal)}`),
      );
    if (signal !== undefined) return drive(new Run(program, fn, undefined, Scope.from(signal), undefined));
    if (isQuick(program))
      return any === undefined
        ? quickly(program, fn, undefined, undefined)
        : singly(any, fn, undefined, undefined);
    return drive(new Run(program, fn, undefined, undefined, undefined));
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
  const apply: Ours['apply'] = (fn, self, args) => {
    if (isQuick(program))
      return any === undefined
        ? quickly(program, fn as never, self, args)
        : singly(any, fn as never, self, args);
    return drive(new Run(program, fn as never, undefined, undefined, undefined, self, args));
  };
  const open: Open = (fn, self, args) =>
    streamOf(emitter.policy, program, () => Reflect.apply(fn, self, args), {}, undefined, { fn, self, args });
  const policy = wrapperOf({ policy: emitter.policy, apply, open });
  Object.defineProperties(policy, {
    ...Object.getOwnPropertyDescriptors(surface),
    ...Object.getOwnPropertyDescriptors(extras),
    ...(prepare && { configure: { value: (changes: never) => prepare(changes)() } }),
    name: { value: emitter.policy, enumerable: true },
  });
  OURS.set(policy, { elements, emitter, apply, prepare });
  return policy as unknown as P;
};

/** What a policy does around a task, for policies made of policies. */
export const elementsOf = (policy: PolicyLike): readonly Element[] =>
  OURS.get(policy)?.elements ?? [
    (task, scope, attempt) =>
      policy.execute((given) => {
        const { signal, attempt: theirs } = (given ?? {}) as Partial<PolicyContext>;
        return task(Scope.from(signal), theirs ?? attempt);
      }, scope.signal),
  ];

/** The events of a policy of ours; undefined for a stranger. */
export const emitterOf = (policy: PolicyLike): Emitter | undefined => OURS.get(policy)?.emitter;

/** Calls of a policy of ours that have not ended yet. */
export const runningIn = (policy: PolicyLike): number =>
  (OURS.get(policy)?.elements[0] as Stage | undefined)?.recorder.running ?? 0;

/** How a policy of ours changes its settings; undefined where it cannot. */
export const prepareOf = (policy: PolicyLike): Prepare | undefined => OURS.get(policy)?.prepare;

/** Calls a function of a user's under a policy, as a wrapped function does. */
export const applyUnder = (
  policy: PolicyLike,
  fn: Method,
  self: unknown,
  args: readonly unknown[],
): Promise<unknown> =>
  OURS.get(policy)?.apply(fn, self, args) ?? policy.execute(() => Reflect.apply(fn, self, args));

/** Opens what an async generator function of a user's gives, under a policy, as a wrapped generator does. */
export const openUnder = (
  policy: PolicyLike,
  fn: Method,
  self: unknown,
  args: readonly unknown[],
): AsyncGenerator => {
  const label = emitterOf(policy)?.policy ?? 'stream';
  return streamOf(label, compile(elementsOf(policy)), () => Reflect.apply(fn, self, args), {}, undefined, {
    fn,
    self,
    args,
  });
};
