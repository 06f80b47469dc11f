import { channel } from 'node:diagnostics_channel';
import { isNativeError } from 'node:util/types';
import { type Classification, classify } from '../classify.ts';
import { read } from '../safe-read.ts';
import {
  checkStrategies,
  matchOf,
  type Recovery,
  type RecoveryContext,
  type RecoveryPolicy,
  type RecoveryStep,
  type RecoveryStrategy,
} from './strategy.ts';

const recoveries = channel('agent4:errors:recovery');

/** `thrown` with the original failure below it; wrapped where it has a cause of its own or can not be given one. */
const withCause = (thrown: unknown, original: unknown): unknown => {
  const cause = read(thrown, 'cause');
  if (thrown === original || cause === original) return thrown;
  if (cause === undefined && isNativeError(thrown) && Object.isExtensible(thrown))
    return Object.defineProperty(thrown, 'cause', { value: original, configurable: true, writable: true });
  return new AggregateError([thrown, original], 'Recovery failed', { cause: original });
};

/** Settles as `start()` does, or rejects when the signal aborts; what comes later is dropped. */
const unlessAborted = <R>(start: () => R | PromiseLike<R>, signal: AbortSignal | undefined): Promise<R> =>
  new Promise<R>((resolve, reject) => {
    const stop = (): void => reject(signal?.reason);
    if (signal?.aborted) return stop();
    signal?.addEventListener('abort', stop);
    (async () => start())()
      .then(resolve, reject)
      .finally(() => signal?.removeEventListener('abort', stop));
  });

/** Why a retry may not be made; undefined when it may. */
const refusal = (
  { safety, afterMs = 0 }: Classification['retry'],
  idempotent: boolean | undefined,
  policy: unknown,
): RecoveryStep['outcome'] | undefined =>
  safety === 'never'
    ? 'not-retryable'
    : safety === 'idempotent-only' && idempotent !== true
      ? 'not-idempotent'
      : afterMs > 0 && policy === undefined
        ? 'must-wait'
        : undefined;

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
  let last = error;
  let classification = classify(error, context);
  const stopped = (action: (Recovery<T> & { recovered: false })['action'], thrown: unknown): Recovery<T> => ({
    recovered: false,
    error: thrown,
    action,
    classification,
    steps,
  });
  for (const [index, strategy] of strategies.entries()) {
    if (signal?.aborted || classification.fault === 'cancelled') break;
    const action = strategy.do;
    const step: RecoveryStep = { strategy: index, action, why: 'predicate', outcome: 'failed' };
    try {
      const why = matchOf(strategy.when, classification, error);
      if (why === undefined) continue;
      step.why = why;
    } catch (thrown) {
      steps.push(Object.assign(step, { error: thrown }));
      continue;
    }
    steps.push(step);
    const refused = action === 'retry' && refusal(classification.retry, context.idempotent, strategy.policy);
    if (refused) {
      step.outcome = refused;
      continue;
    }
    if (action === 'failFast') {
      step.outcome = 'stopped';
      return stopped(action, error);
    }
    try {
      const value = await unlessAborted<unknown>(
        () =>
          action === 'retry'
            ? again(error, context.call as () => T, strategy.policy, signal)
            : strategy.run?.({ error, classification, signal, input: input as I }),
        signal,
      );
      if (action === 'escalate') {
        step.outcome = 'stopped';
        return stopped(action, error);
      }
      step.outcome = 'nothing-cached';
      if (action === 'useCached' && value === undefined) continue;
      step.outcome = 'recovered';
      const degraded = action === 'useCached' || action === 'degrade';
      return { recovered: true, value: value as T, action, degraded, classification, steps };
    } catch (thrown) {
      if (signal?.aborted) {
        step.outcome = 'aborted';
        break;
      }
      // The call's own newer failure takes the place of the older one; it is thrown as it is, as retry policies do.
      last = action === 'retry' ? thrown : withCause(thrown, error);
      step.error = last;
      if (action === 'escalate') return stopped(action, error);
      if (action !== 'retry') continue;
      error = thrown;
      classification = classify(error, context);
    }
  }
  if (signal?.aborted) return stopped('cancelled', signal.reason);
  return stopped(classification.fault === 'cancelled' ? 'cancelled' : 'none', last);
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
  checkStrategies(strategies, context, error);
  const recovery = await walk(error, strategies, context);
  if (recoveries.hasSubscribers) recoveries.publish(recovery);
  return recovery;
};
