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

describe.each(Object.entries(policies))('%s', (name, make) => {
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

  it('gives the failure that was there when its caller aborted, unless something was to follow it', async () => {
    const own = new Error('own');
    for (const late of [false, true]) {
      const gate = deferred<string>();
      const controller = new AbortController();
      const call = outcomeOf(make().execute(() => gate.promise, controller.signal) as Promise<unknown>);
      await settle();
      gate.reject(own);
      if (late) await null;
      controller.abort('gone');
      await settle();
      await settle();
      if (late && name === 'fallbackChain') {
        // Its value was there too.
        expect(call).toEqual({ status: 'resolved', value: 1 });
        continue;
      }
      const follows = ['retry', 'fallback', 'fallbackChain', 'eight parts'].includes(name);
      expect(call).toEqual({ status: 'rejected', error: follows ? 'gone' : own });
    }
  });

  it('gives the reason of an abort that came before the failure, or made it', async () => {
    const failures: ((reject: (error: unknown) => void, controller: AbortController) => void)[] = [
      (reject, controller) => {
        controller.abort('gone');
        reject(new Error('own'));
      },
      (reject, controller) => {
        controller.signal.addEventListener('abort', () => reject(new Error('own')));
        controller.abort('gone');
      },
      (reject, controller) => {
        reject('gone');
        controller.abort('gone');
      },
      (reject, controller) => {
        reject(new DOMException('stopped', 'AbortError'));
        controller.abort('gone');
      },
    ];
    for (const fail of failures) {
      const gate = deferred<string>();
      const controller = new AbortController();
      const call = outcomeOf(make().execute(() => gate.promise, controller.signal) as Promise<unknown>);
      await settle();
      fail(gate.reject, controller);
      await settle();
      await settle();
      expect(call).toEqual({ status: 'rejected', error: 'gone' });
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

it('a failure counts against the circuit although its caller aborts in the same moment', async () => {
  for (const at of ['at once', 'later']) {
    const breaker = circuitBreaker({ failureThreshold: 1 });
    const gate = deferred<string>();
    const controller = new AbortController();
    const fail = () => {
      throw new Error('own');
    };
    const call = outcomeOf(
      compose(deadline(1_000), breaker).execute(
        at === 'later' ? () => gate.promise : fail,
        controller.signal,
      ),
    );
    if (at === 'later') {
      await settle();
      gate.reject(new Error('own'));
    }
    controller.abort('gone');
    await settle();
    await settle();
    expect([(call.error as Error).message, breaker.state]).toEqual(['own', 'open']);
  }
});

it('calls nothing again for a caller who aborted with the failure, and ends its later wait at once', async () => {
  const time = new VirtualClock();
  const cases = [0, 50].flatMap((delay) => [true, false].map((layered) => ({ delay, layered })));
  for (const { delay, layered } of cases) {
    let calls = 0;
    const gate = deferred<string>();
    const controller = new AbortController();
    const again = retry({ backoff: [delay], idempotent: true, ...time.time });
    const policy = layered ? compose(deadline({ ms: 1e6, ...time.time }), again) : again;
    const call = outcomeOf(
      policy.execute(() => {
        calls++;
        return gate.promise;
      }, controller.signal),
    );
    await settle();
    gate.reject(new Error('own'));
    if (delay > 0) await settle();
    controller.abort('gone');
    if (delay > 0) for (let turn = 0; turn < 9; turn++) await null;
    else await settle();
    await settle();
    expect([calls, call.error, time.pending]).toEqual([1, 'gone', 0]);
  }
});
