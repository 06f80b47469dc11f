import { channel } from 'node:diagnostics_channel';
import { isNativeError } from 'node:util/types';
import { type Classification, type ClassifyOptions, classify } from './classify.ts';
import { type ErrorCategory, isErrorCategory } from './error-table.ts';
import { read } from './safe-read.ts';

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
    | 'nothing-cached';
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

const recoveries = channel('agent4:errors:recovery');
const actions: readonly unknown[] = ['retry', 'fallback', 'useCached', 'degrade', 'failFast', 'escalate'];

const check = <T, I>(
  strategies: readonly RecoveryStrategy<T, I>[],
  context: RecoveryContext<T, I>,
  cause: unknown,
): void => {
  const must = (right: boolean, name: string, what: string, value: unknown): void => {
    if (right) return;
    const shown = typeof value === 'string' ? JSON.stringify(value) : value === null ? 'null' : typeof value;
    throw new TypeError(`${name} must be ${what}, got ${shown}`, { cause });
  };
  must(Array.isArray(strategies), 'strategies', 'an array', strategies);
  for (const [at, strategy] of strategies.entries()) {
    const name = `strategies[${at}]`;
    const { do: action, when, run, policy } = (strategy ?? {}) as Record<string, unknown>;
    must(actions.includes(action), `${name}.do`, actions.join(', '), action);
    for (const one of typeof when === 'string' ? [when] : Array.isArray(when) ? when : [])
      must(isErrorCategory(one), `${name}.when`, 'an ErrorCategory', one);
    must(when === undefined || /^[sof]/.test(typeof when), `${name}.when`, 'a condition', when);
    const needsRun = action === 'fallback' || action === 'degrade' || action === 'useCached';
    must(typeof run === 'function' || (!needsRun && run === undefined), `${name}.run`, 'a function', run);
    if (action !== 'retry') continue;
    must(
      typeof context.call === 'function',
      `context.call, which ${name} repeats,`,
      'a function',
      context.call,
    );
    must(
      policy === undefined || typeof read(policy, 'execute') === 'function',
      `${name}.policy`,
      'a policy with execute(fn, signal)',
      policy,
    );
  }
};

const matches = (
  when: RecoveryCondition | undefined,
  classification: Classification,
  error: unknown,
): RecoveryStep['why'] | undefined => {
  if (when === undefined) return 'any';
  if (typeof when === 'function') return when(classification, error) ? 'predicate' : undefined;
  const { category } = classification;
  if (typeof when === 'string') return when === category ? 'category' : undefined;
  if (Array.isArray(when)) return when.includes(category) ? 'category' : undefined;
  const facts: Record<string, unknown> = { ...classification, ...classification.retry };
  return Object.entries(when).every(([key, value]) => facts[key] === value) ? 'verdict' : undefined;
};

/** `thrown` with the original failure below it; wrapped where it has a cause of its own or can not be given one. */
const withCause = (thrown: unknown, original: unknown): unknown => {
  if (thrown === original || read(thrown, 'cause') === original) return thrown;
  if (isNativeError(thrown) && read(thrown, 'cause') === undefined && Object.isExtensible(thrown)) {
    Object.defineProperty(thrown, 'cause', { value: original, configurable: true, writable: true });
    return thrown;
  }
  return new AggregateError([thrown, original], 'Recovery failed', { cause: original });
};

/** Settles as `start()` does, or rejects when the signal aborts; what comes later is dropped. */
const unlessAborted = <R>(start: () => R | PromiseLike<R>, signal: AbortSignal | undefined): Promise<R> =>
  new Promise<R>((resolve, reject) => {
    const stop = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    (async () => start())()
      .then(resolve, reject)
      .finally(() => signal?.removeEventListener('abort', stop));
  });

/** Why a retry may not be made; undefined when it may. */
const refusal = (
  { retry: { safety, afterMs } }: Classification,
  idempotent: boolean,
  waits: boolean,
): RecoveryStep['outcome'] | undefined => {
  if (safety === 'never') return 'not-retryable';
  if (safety === 'idempotent-only' && !idempotent) return 'not-idempotent';
  return afterMs !== undefined && afterMs > 0 && !waits ? 'must-wait' : undefined;
};

/** The failure goes in as the policy's first attempt, so that its backoff, its limit and a Retry-After hold. */
const again = <T>(
  error: unknown,
  call: () => T | PromiseLike<T>,
  policy?: RecoveryPolicy,
  signal?: AbortSignal,
) => {
  if (policy === undefined) return call();
  let first = true;
  return policy.execute(async () => {
    if (!first) return call();
    first = false;
    throw error;
  }, signal) as PromiseLike<T>;
};

const walk = async <T, I>(
  original: unknown,
  strategies: readonly RecoveryStrategy<T, I>[],
  context: RecoveryContext<T, I>,
): Promise<Recovery<T>> => {
  const { signal, input } = context;
  const steps: RecoveryStep[] = [];
  let error = original;
  let classification = classify(error, context);
  let last: unknown = error;
  for (const [index, strategy] of strategies.entries()) {
    if (signal?.aborted) break;
    if (classification.fault === 'cancelled') break;
    const action = strategy.do;
    const step = (why: RecoveryStep['why'], outcome: RecoveryStep['outcome']): RecoveryStep => {
      const made: RecoveryStep = { strategy: index, action, why, outcome };
      steps.push(made);
      return made;
    };
    let why: RecoveryStep['why'] | undefined;
    try {
      why = matches(strategy.when, classification, error);
      if (why === undefined) continue;
      const failure = { error, classification, signal, input: input as I };
      if (action === 'failFast') {
        step(why, 'stopped');
        return { recovered: false, error, action, classification, steps };
      }
      if (action === 'retry') {
        const refused = refusal(classification, context.idempotent === true, strategy.policy !== undefined);
        if (refused !== undefined) {
          step(why, refused);
          continue;
        }
      }
      const value = await unlessAborted<unknown>(
        () =>
          action === 'retry'
            ? again(error, context.call as () => T, strategy.policy, signal)
            : strategy.run?.(failure as RecoveryFailure<I>),
        signal,
      );
      if (action === 'escalate') {
        step(why, 'stopped');
        return { recovered: false, error, action, classification, steps };
      }
      if (action === 'useCached' && value === undefined) {
        step(why, 'nothing-cached');
        continue;
      }
      step(why, 'recovered');
      const degraded = action === 'useCached' || action === 'degrade';
      return { recovered: true, value: value as T, action, degraded, classification, steps };
    } catch (thrown) {
      if (signal?.aborted) break;
      if (why === undefined) {
        step('predicate', 'failed').error = thrown;
        continue;
      }
      // The call's own newer failure takes the place of the older one; it is thrown as it is, as retry policies do.
      last = action === 'retry' ? thrown : withCause(thrown, error);
      step(why, 'failed').error = last;
      if (action === 'escalate') return { recovered: false, error, action, classification, steps };
      if (action !== 'retry' || thrown === error) continue;
      error = thrown;
      classification = classify(error, context);
    }
  }
  if (signal?.aborted)
    return { recovered: false, error: signal.reason, action: 'cancelled', classification, steps };
  const action = classification.fault === 'cancelled' ? 'cancelled' : 'none';
  return { recovered: false, error: last, action, classification, steps };
};

/**
 * Finds a way out of a failed call: the first strategy of the list that is for this error and works. Strategies are data;
 * a failed one hands over to the next. It never waits itself: a `policy` does, or the error's wait is respected by not retrying.
 * A cancellation is never answered, and after an abort nothing more is started.
 * @returns What was chosen and why; where nothing recovered, `error` is what to throw: the error itself, the newer one of a
 *   failed retry, or what a failed strategy threw with the error as its `cause`. Published on `agent4:errors:recovery`.
 * @throws TypeError (rejects) for a list or context that makes no sense, with `error` as its cause.
 */
export const recover = async <T, I = unknown>(
  error: unknown,
  strategies: readonly RecoveryStrategy<T, I>[],
  context: RecoveryContext<T, I> = {},
): Promise<Recovery<T>> => {
  check(strategies, context, error);
  const recovery = await walk(error, strategies, context);
  if (recoveries.hasSubscribers) recoveries.publish(recovery);
  return recovery;
};
