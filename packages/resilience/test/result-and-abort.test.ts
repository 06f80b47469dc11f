import { describe, expect, it } from '@jest/globals';
import {
  adaptiveConcurrency,
  bulkhead,
  chaos,
  circuitBreaker,
  coalesce,
  compose,
  deadline,
  fallback,
  fallbackChain,
  hedge,
  type PolicyLike,
  priorityBulkhead,
  rateLimit,
  retry,
  timeout,
  withDeadline,
} from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const policies: Record<string, () => PolicyLike> = {
  retry: () => retry(),
  circuitBreaker: () => circuitBreaker(),
  timeout: () => timeout(1_000),
  bulkhead: () => bulkhead({ maxConcurrent: 1 }),
  fallback: () => fallback(1),
  fallbackChain: () => fallbackChain([1]),
  deadline: () => deadline(1_000),
  rateLimit: () => rateLimit({ limit: 1, perMs: 1 }),
  adaptiveConcurrency: () => adaptiveConcurrency(),
  priorityBulkhead: () => priorityBulkhead({ maxConcurrent: 1, priority: () => 1 }),
  hedge: () => hedge({ delayMs: 500, idempotent: true }),
  coalesce: () => coalesce({ key: () => 1 }),
  chaos: () => chaos({ latencyMs: 1, rate: 0, allowInProduction: true }),
  withDeadline: () => ({
    execute: (fn, signal) => withDeadline(1_000, fn, signal === undefined ? {} : { signal }),
  }),
  'eight parts': () =>
    compose(
      ...[fallback(1), deadline(1_000), timeout(900), rateLimit({ limit: 9, perMs: 1 }), circuitBreaker()],
      ...[coalesce({ key: () => 1 }), hedge({ delayMs: 500, idempotent: true }), retry()],
    ),
};

describe.each(Object.entries(policies))('%s', (_name, make) => {
  it('gives the result that was there when its caller aborted', async () => {
    for (const late of [false, true]) {
      const gate = deferred<string>();
      const controller = new AbortController();
      const call = outcomeOf(make().execute(() => gate.promise, controller.signal) as Promise<unknown>);
      await settle();
      gate.resolve('v');
      if (late) await null;
      controller.abort('gone');
      await settle();
      expect(call).toEqual({ status: 'resolved', value: 'v' });
    }
  });

  it('gives the reason of an abort that came before the result', async () => {
    const gate = deferred<string>();
    const controller = new AbortController();
    const call = outcomeOf(make().execute(() => gate.promise, controller.signal) as Promise<unknown>);
    await settle();
    controller.abort('gone');
    gate.resolve('v');
    await settle();
    expect(call.status === 'rejected' ? call.error : call.value).toBe('gone');
  });
});

it('cuts off the wait that follows a bad result, when the abort came with the result', async () => {
  const time = new VirtualClock();
  for (const policy of [
    retry({ ...time.time, retryOnResult: () => true }),
    compose(deadline({ ms: 1e6, ...time.time }), retry({ ...time.time, retryOnResult: () => true })),
  ]) {
    const gate = deferred<string>();
    const controller = new AbortController();
    const call = outcomeOf(policy.execute(() => gate.promise, controller.signal));
    await settle();
    gate.resolve('bad');
    controller.abort('gone');
    await settle();
    await settle();
    expect(call.error).toBe('gone');
  }
});
