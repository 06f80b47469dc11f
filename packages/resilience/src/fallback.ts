import { isCancellation } from './errors.ts';
import { Emitter } from './events.ts';
import { contextOf, definePolicy, type Layer, type Policy, type PolicyContext } from './policy.ts';
import { Recorder } from './stats.ts';
import { systemClock } from './timers.ts';
import { nameOf, onlyKnown } from './validate.ts';
import { filterOf, type Handle } from './verdict.ts';

/** Options of {@link fallback}. */
export interface FallbackOptions {
  /** Which errors (and, as a filter of cockatiel, results) are answered. Default: all errors but cancellation. */
  handle?: Handle | undefined;
  /** In events. Default `fallback`. */
  name?: string | undefined;
}

/** The answer in the call's place; `error` is undefined when a result was not good enough. */
export type FallbackFunction<A> = (error: unknown, context: PolicyContext) => A | PromiseLike<A>;

export type FallbackEvents = 'success' | 'failure' | 'fallback';

/**
 * A policy that answers in the call's place when the call fails. A caller's abort is never answered.
 * @param answer The value, or a function of the error that gives it. A function is always called; to answer with one, return it.
 * @throws What `answer` throws; where that error has no `cause`, the call's error becomes its `cause`.
 * @throws TypeError here, at construction, for an option that makes no sense.
 */
export function fallback<A>(
  answer: FallbackFunction<A>,
  options?: FallbackOptions,
): Policy<Awaited<A>, FallbackEvents>;
export function fallback<A>(answer: A, options?: FallbackOptions): Policy<A, FallbackEvents>;
export function fallback(answer: unknown, options: FallbackOptions = {}): Policy<unknown, FallbackEvents> {
  onlyKnown('fallback', options, ['handle', 'name']);
  const policy = nameOf(options.name, 'fallback');
  const filter = filterOf('handle', options.handle);
  const handles = filter.error ?? ((error: unknown) => !isCancellation(error));
  const badResult = filter.result;
  const emitter = new Emitter(policy, ['success', 'failure', 'fallback']);

  const layer: Layer = async (task, scope, attempt) => {
    let original: unknown;
    try {
      const value = await task(scope, attempt);
      if (badResult === undefined || !emitter.ask('handle', () => badResult(value), false)) return value;
    } catch (error) {
      if (scope.aborted) throw scope.reason;
      if (!emitter.ask('handle', () => handles(error), false)) throw error;
      original = error;
    }
    const announce = (failed: { fallbackError?: unknown }): void => {
      if (emitter.wants('fallback')) emitter.emit('fallback', { policy, error: original, ...failed });
    };
    if (typeof answer !== 'function') {
      announce({});
      return answer;
    }
    let value: unknown;
    try {
      value = await (answer as FallbackFunction<unknown>)(original, contextOf(scope, attempt));
    } catch (error) {
      blame(error, original);
      announce({ fallbackError: error });
      throw error;
    }
    announce({});
    return value;
  };
  return definePolicy({ emitter, clock: systemClock, recorder: new Recorder(), layer });
}

/** Makes the call's error the cause of the fallback's, where there is room for one. */
const blame = (error: unknown, original: unknown): void => {
  // By tag, because an error of another realm is no instance of this one's Error.
  if (Object.prototype.toString.call(error) !== '[object Error]' || error === original) return;
  if (original === undefined || !Object.isExtensible(error)) return;
  if ((error as Error).cause !== undefined) return;
  Object.defineProperty(error, 'cause', {
    value: original,
    writable: true,
    configurable: true,
    enumerable: false,
  });
};
