import type { Classification, ClassifyOptions } from '../classify.ts';
import { type ErrorCategory, isErrorCategory } from '../error-table.ts';
import { read } from '../safe-read.ts';

/** Anything that runs a call and decides about time: a policy of @agent4/resilience or of cockatiel. */
export interface RecoveryPolicy {
  execute<R>(fn: () => PromiseLike<R> | R, signal?: AbortSignal): PromiseLike<unknown>;
}

/** What a strategy's `run` is told. */
export interface RecoveryFailure<I = unknown> {
  error: unknown;
  classification: Classification;
  /** The caller's signal, if any. */
  signal: AbortSignal | undefined;
  /** `context.input`, as it was handed in. */
  input: I;
}

/** Facts an error must have, each of them, by strict equality. */
export type RecoveryVerdict = Partial<
  Pick<Classification, 'category' | 'statusCode' | 'httpStatus' | 'severity' | 'fault'> &
    Pick<Classification['retry'], 'retryable' | 'safety'>
>;

/** Which errors a strategy is for: one category, several, facts of the classification, or a predicate. */
export type RecoveryCondition =
  | ErrorCategory
  | readonly ErrorCategory[]
  | RecoveryVerdict
  | ((classification: Classification, error: unknown) => boolean);

type Run<T, I> = (failure: RecoveryFailure<I>) => T | PromiseLike<T>;

/**
 * One way out, tried in the order of the list; without `when` it is for every error.
 * - `retry` calls `context.call` again, through `policy` if there is one; only where the verdict and `idempotent` allow it.
 * - `fallback` answers from another source as good; `degrade` with less than was asked for.
 * - `useCached` answers with what was known before; undefined means nothing is, and the next strategy is tried.
 * - `failFast` ends it with the error; `escalate` the same, after telling somebody.
 */
export type RecoveryStrategy<T, I = unknown> = { when?: RecoveryCondition | undefined } & (
  | { do: 'retry'; policy?: RecoveryPolicy | undefined }
  | { do: 'fallback' | 'degrade'; run: Run<T, I> }
  | { do: 'useCached'; run: Run<T | undefined, I> }
  | { do: 'failFast' }
  | { do: 'escalate'; run?: Run<unknown, I> | undefined }
);

export type RecoveryAction = 'retry' | 'fallback' | 'useCached' | 'degrade' | 'failFast' | 'escalate';

/** A strategy that was for this error, and what became of it. Strategies whose `when` did not match are not listed. */
export interface RecoveryStep {
  /** Index in the list. */
  strategy: number;
  action: RecoveryAction;
  /** What matched. */
  why: 'any' | 'category' | 'verdict' | 'predicate';
  /** `must-wait`: the error names a wait and the strategy has no policy that could keep it. */
  outcome:
    | 'recovered'
    | 'failed'
    | 'stopped'
    | 'not-retryable'
    | 'not-idempotent'
    | 'must-wait'
    | 'nothing-cached'
    | 'aborted';
  /** What the strategy threw; only when `failed`. */
  error?: unknown;
}

export interface RecoveryContext<T, I = unknown> extends ClassifyOptions {
  /** The call that failed; needed by `retry`. */
  call?: (() => T | PromiseLike<T>) | undefined;
  /** Whether `call` may take effect twice without harm. Default false. */
  idempotent?: boolean | undefined;
  /** Handed to each `run`, so that strategies can be written down once: a cache key, a user's id. */
  input?: I | undefined;
}

/** What was chosen and why. `action` is 'none' where no strategy answered, 'cancelled' where nobody waits any more. */
export type Recovery<T> = { classification: Classification; steps: readonly RecoveryStep[] } & (
  | {
      recovered: true;
      value: T;
      action: 'retry' | 'fallback' | 'useCached' | 'degrade';
      /** True for `useCached` and `degrade`: the caller should be told that this is not the usual answer. */
      degraded: boolean;
    }
  | { recovered: false; error: unknown; action: 'failFast' | 'escalate' | 'cancelled' | 'none' }
);

const actions: unknown[] = ['retry', 'failFast', 'escalate', 'fallback', 'useCached', 'degrade'];

/** @throws TypeError that names the first part of the list or context that makes no sense; its cause is the error. */
export const checkStrategies = (
  strategies: readonly object[],
  { call }: { call?: unknown },
  cause: unknown,
): void => {
  const must = (right: boolean, what: string, value: unknown): void => {
    if (!right)
      throw new TypeError(`${what}, got ${typeof value === 'string' ? value : typeof value}`, { cause });
  };
  const callable = (name: string, value: unknown): void =>
    must(typeof value === 'function', `${name} must be a function`, value);
  must(Array.isArray(strategies), 'strategies must be an array', strategies);
  strategies.forEach((strategy, at) => {
    const name = `strategies[${at}].`;
    const { do: action, when, run, policy } = (strategy ?? {}) as Record<string, unknown>;
    const index = actions.indexOf(action);
    must(index >= 0, `${name}do must be ${actions.join(', ')}`, action);
    for (const one of [when].flat())
      must(typeof one !== 'string' || isErrorCategory(one), `${name}when must be a category`, one);
    if (index > 2 || run !== undefined) callable(`${name}run`, run);
    if (index === 0) callable('context.call', call);
    if (policy !== undefined) callable(`${name}policy.execute`, read(policy, 'execute'));
  });
};

/** How a condition fits; undefined when it does not. */
export const matchOf = (
  when: RecoveryCondition | undefined,
  classification: Classification,
  error: unknown,
): RecoveryStep['why'] | undefined => {
  if (when === undefined) return 'any';
  if (typeof when === 'function') return when(classification, error) ? 'predicate' : undefined;
  if (typeof when === 'string' || Array.isArray(when))
    return [when].flat().includes(classification.category) ? 'category' : undefined;
  const facts: Record<string, unknown> = { ...classification, ...classification.retry };
  return Object.entries(when).every(([key, value]) => facts[key] === value) ? 'verdict' : undefined;
};
