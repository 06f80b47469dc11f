import type { PolicyContext } from './context.ts';
import { isCancellation } from './errors.ts';
import { Emitter } from './events.ts';
import { FallbackRule } from './fallback-rule.ts';
import { type Policy, policyOf } from './policy.ts';
import { Stage } from './stage.ts';
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
  const emitter = new Emitter(policy, ['success', 'failure', 'fallback']);

  return policyOf([new Stage(new FallbackRule(emitter, answer, handles, filter.result))]);
}
