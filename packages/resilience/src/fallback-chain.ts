import { contextOf, type PolicyContext } from './context.ts';
import { isCancellation } from './errors.ts';
import { Emitter } from './events.ts';
import type { FallbackEvents, FallbackOptions } from './fallback.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Task } from './program.ts';
import type { Scope } from './scope.ts';
import { Recorder } from './stats.ts';
import { systemClock } from './timers.ts';
import { nameOf, onlyKnown, show } from './validate.ts';
import { filterOf } from './verdict.ts';

/** A step's answer that is older than it should be: what a cache had. */
export interface StaleAnswer<A> {
  readonly value: A;
  readonly stale: true;
  /** How old it is, in milliseconds, where that is known. */
  readonly ageMs?: number | undefined;
}

/** What a step gets beside the call's error. */
export interface FallbackContext extends PolicyContext {
  /** Its place in the list; 0 is the first. */
  readonly step: number;
  /** What the steps before it threw, the first first. */
  readonly errors: readonly unknown[];
}

/** One way to answer: a function that is called (to answer with one, return it), or the answer itself. */
export type FallbackStep =
  | ((error: unknown, context: FallbackContext) => unknown)
  | string
  | number
  | bigint
  | boolean
  | symbol
  | object
  | null
  | undefined;

/** What a list of steps may answer: values as they are, functions' results, each freed from its {@link StaleAnswer}. */
export type AnswerOf<S> = Fresh<S extends (...args: never[]) => infer R ? Awaited<R> : S>;
type Fresh<T> = T extends { readonly stale: true; readonly value: infer V } ? V : T;

/** A result and where it comes from: `call`, or the number of the step that gave it. */
export type FallbackOutcome<T, A> =
  | { readonly value: T; readonly from: 'call'; readonly stale: false }
  | {
      readonly value: A;
      readonly from: number;
      readonly stale: boolean;
      readonly ageMs?: number | undefined;
      /** What was answered; undefined for a result that was not good enough. */
      readonly error: unknown;
      /** What the steps before threw. */
      readonly errors: readonly unknown[];
    };

/** A {@link Policy} that can also tell where an answer comes from. */
export interface FallbackChain<A> extends Policy<A, FallbackEvents> {
  /** As `execute`, but the result says whether the call or which step gave it, and whether it is stale. */
  outcome<T>(
    fn: (context: PolicyContext) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<FallbackOutcome<T, A>>;
}

type AnyOutcome = FallbackOutcome<unknown, unknown>;

/**
 * A policy that answers in the call's place when it fails, by the first of several steps that does not fail.
 * A function that answers `{ value, stale: true }` answers with `value`; event and `outcome` say that it is stale.
 * A caller's abort is never answered, and ends the list.
 * @param steps In the order in which they are tried, one at least; a value ends the list.
 * @throws The call's error, by identity, when all steps fail; theirs are on its `fallbackErrors` (not enumerable), where it
 * can take one. A bad result, for which there is no error, gives the first step's.
 * @throws TypeError here, at construction, for an empty list, a step behind a value, or an option that makes no sense.
 */
export function fallbackChain<const S extends readonly FallbackStep[]>(
  steps: S,
  options: FallbackOptions = {},
): FallbackChain<AnswerOf<S[number]>> {
  onlyKnown('fallbackChain', options, ['handle', 'name']);
  const policy = nameOf(options.name, 'fallback');
  const list = checked(steps);
  const filter = filterOf('handle', options.handle);
  const handles = filter.error ?? ((error: unknown) => !isCancellation(error));
  const badResult = filter.result;
  const emitter = new Emitter(policy, ['success', 'failure', 'fallback']);
  const recorder = new Recorder();

  const answer = async (
    failed: { error: unknown } | undefined,
    scope: Scope,
    attempt: number | undefined,
  ): Promise<AnyOutcome> => {
    const error = failed?.error;
    const errors: unknown[] = [];
    for (const [step, each] of list.entries()) {
      try {
        const given =
          typeof each === 'function' ? await each(error, contextFor(scope, attempt, step, errors)) : each;
        const { value, ...age } = typeof each === 'function' ? fresh(given) : { value: given, stale: false };
        if (emitter.wants('fallback')) emitter.emit('fallback', { policy, error, step, ...age });
        return { value, from: step, ...age, error, errors };
      } catch (stepError) {
        if (scope.aborted) throw scope.reason;
        errors.push(stepError);
      }
    }
    if (emitter.wants('fallback')) emitter.emit('fallback', { policy, error, fallbackError: errors[0] });
    if (failed === undefined) throw errors[0];
    attach(error, errors);
    throw error;
  };
  const run = async (task: Task, scope: Scope, attempt: number | undefined): Promise<AnyOutcome> => {
    let failed: { error: unknown } | undefined;
    try {
      const value = await task(scope, attempt);
      if (badResult === undefined || !emitter.ask('handle', () => badResult(value), false))
        return { value, from: 'call', stale: false };
    } catch (error) {
      if (scope.aborted) throw scope.reason;
      if (!emitter.ask('handle', () => handles(error), false)) throw error;
      failed = { error };
    }
    return answer(failed, scope, attempt);
  };

  const core = { emitter, clock: systemClock, recorder };
  const telling = definePolicy<Policy>({ ...core, layer: run });
  return definePolicy(
    { ...core, layer: async (task, scope, attempt) => (await run(task, scope, attempt)).value },
    { outcome: telling.execute },
  );
}

const checked = (steps: readonly FallbackStep[]): FallbackStep[] => {
  if (!Array.isArray(steps) || steps.length === 0)
    throw new TypeError(`steps must be a list with at least one step, got ${show(steps)}`);
  const list: FallbackStep[] = [...steps];
  const value = list.findIndex((step) => typeof step !== 'function');
  if (value !== -1 && value < list.length - 1)
    throw new TypeError(`steps[${value}] is a value, so steps[${value + 1}] would never be tried`);
  return list;
};

const contextFor = (
  scope: Scope,
  attempt: number | undefined,
  step: number,
  errors: readonly unknown[],
): FallbackContext => {
  const context = contextOf(scope, attempt);
  return Object.defineProperties(context, {
    step: { value: step, enumerable: true },
    errors: { value: [...errors], enumerable: true },
  }) as FallbackContext;
};

const fresh = (given: unknown): { value: unknown; stale: boolean; ageMs?: number } => {
  if (typeof given !== 'object' || given === null) return { value: given, stale: false };
  const { stale, value, ageMs } = given as Partial<StaleAnswer<unknown>>;
  if (stale !== true || !('value' in given)) return { value: given, stale: false };
  return { value, stale: true, ...(typeof ageMs === 'number' ? { ageMs } : {}) };
};

/** Not enumerable: the error of a call goes into logs as it is. */
const attach = (error: unknown, errors: readonly unknown[]): void => {
  if ((typeof error !== 'object' && typeof error !== 'function') || error === null) return;
  try {
    if (!Object.isExtensible(error)) return;
    Reflect.defineProperty(error, 'fallbackErrors', { value: errors, writable: true, configurable: true });
  } catch {
    // A proxy that cannot be looked at is given as it is.
  }
};
