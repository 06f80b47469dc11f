import { describe, expect, it } from '@jest/globals';
import { circuitBreaker, type PipelineOptions, pipeline, retry, timeout } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = <A = never>(options: PipelineOptions<A> = {}) => {
  const time = new VirtualClock();
  const policy = pipeline<A>({ name: 'search', ...time.time, ...options });
  const events: string[] = [];
  for (const event of ['retry', 'state', 'timeout', 'reject', 'fallback', 'success', 'failure'] as const) {
    policy.on(event, (payload) => events.push(`${payload.policy} ${event}`));
  }
  return { time, policy, events };
};
const down = () => Promise.reject(new Error('down'));
const hang = () => new Promise<never>(() => {});

describe('pipeline', () => {
  it('limits each attempt inside the retry, and the whole outside of it', async () => {
    const { time, policy, events } = setUp({
      totalTimeoutMs: 250,
      retry: { initialDelayMs: 0, maxAttempts: 10, idempotent: true },
      timeoutMs: 100,
    });
    const attempts: number[] = [];
    const outcome = outcomeOf(
      policy.execute(({ attempt }) => {
        attempts.push(attempt);
        return hang();
      }),
    );
    await time.advance(1_000);
    expect(attempts).toEqual([1, 2, 3]);
    expect(outcome.error).toMatchObject({ code: 'TIMEOUT', policy: 'search.total', timeoutMs: 250 });
    expect(events).toEqual([
      'search timeout',
      'search retry',
      'search timeout',
      'search retry',
      'search.total timeout',
      'search failure',
    ]);
    expect(policy.stats()).toMatchObject({ calls: 1, failures: 1, retries: 2, timeouts: 3, cancelled: 0 });
    expect(time.pending).toBe(0);
  });

  it('shows the breaker each attempt, and does not retry once it is open', async () => {
    const { policy, events } = setUp({
      retry: { initialDelayMs: 0, maxAttempts: 10 },
      circuitBreaker: { failureThreshold: 2 },
    });
    let calls = 0;
    const call = policy.execute(() => {
      calls++;
      return down();
    });
    await expect(call).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', cause: new Error('down') });
    expect(calls).toBe(2);
    expect(policy.circuitBreaker?.state).toBe('open');
    expect(events).toEqual(['search retry', 'search state', 'search retry', 'search reject']);
    expect(policy.stats()).toMatchObject({ calls: 1, rejections: 1, retries: 2, failures: 0 });
  });

  it('holds the bulkhead’s slot during the waits of the retry', async () => {
    const { time, policy } = setUp({ bulkhead: { maxConcurrent: 1 }, retry: { jitter: 'none' } });
    outcomeOf(policy.execute(down));
    await time.advance(500);
    expect(policy.bulkhead?.snapshot()).toMatchObject({ running: 1 });
    await expect(policy.execute(() => 'second')).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
    await time.advance(10_000);
    await expect(policy.execute(() => 'third')).resolves.toBe('third');
  });

  it('counts waiting in the queue against the total', async () => {
    const { time, policy } = setUp({ totalTimeoutMs: 100, bulkhead: { maxConcurrent: 1, maxQueue: 5 } });
    const gate = deferred<string>();
    const stuck = () => gate.promise;
    outcomeOf(policy.execute(stuck));
    await time.advance(50);
    let called = false;
    const queued = outcomeOf(
      policy.execute(() => {
        called = true;
      }),
    );
    await time.advance(100);
    expect(queued.error).toMatchObject({ code: 'TIMEOUT' });
    gate.resolve('late');
    await settle();
    expect(called).toBe(false);
    expect(policy.bulkhead?.snapshot()).toMatchObject({ running: 0, queued: 0 });
  });

  it('answers with the fallback when all else has failed, and its type is part of the result', async () => {
    const { policy, events } = setUp({ retry: { initialDelayMs: 0 }, fallback: () => [] as string[] });
    const result: number | string[] = await policy.execute((): Promise<number> => down());
    expect(result).toEqual([]);
    expect(events).toEqual(['search retry', 'search retry', 'search fallback', 'search success']);
  });

  it('counts a call that a time limit around the breaker cut off as its failure, once', async () => {
    const { time, policy } = setUp({ totalTimeoutMs: 50, circuitBreaker: { failureThreshold: 2 } });
    outcomeOf(policy.execute(hang));
    outcomeOf(
      policy.execute(
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
          }),
      ),
    );
    await time.advance(50);
    expect(policy.circuitBreaker?.snapshot()).toMatchObject({ state: 'open', openings: 1 });
  });

  it('passes a caller’s abort through all parts at once', async () => {
    const { time, policy } = setUp({
      totalTimeoutMs: 1_000,
      bulkhead: { maxConcurrent: 1 },
      retry: {},
      circuitBreaker: { failureThreshold: 1 },
      timeoutMs: 500,
      fallback: () => 'never',
    });
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    const outcome = outcomeOf(
      policy.execute(({ signal }) => {
        inner = signal;
        return hang();
      }, controller.signal),
    );
    await settle();
    controller.abort('gone');
    await settle();
    expect(outcome).toEqual({ status: 'rejected', error: 'gone' });
    expect(inner?.reason).toBe('gone');
    expect(policy.snapshot()).toMatchObject({
      circuitBreaker: { state: 'closed', window: { failures: 0 } },
      bulkhead: { running: 1 },
      stats: { calls: 1, cancelled: 1, failures: 0 },
    });
    // The call heeds no signal, so its slot is free when it would have run out of time.
    await time.advance(500);
    expect([policy.bulkhead?.snapshot().running, time.pending]).toEqual([0, 0]);
  });

  it('hands classify to retry and breaker', async () => {
    const { policy } = setUp({
      retry: { initialDelayMs: 0 },
      circuitBreaker: { failureThreshold: 1 },
      classify: () => ({ retryable: false }),
    });
    await expect(policy.execute(down)).rejects.toThrow('down');
    expect(policy.stats().retries).toBe(0);
    expect(policy.circuitBreaker?.state).toBe('closed');
  });

  it('takes ready policies as parts, and shares them', async () => {
    const shared = circuitBreaker({ name: 'db', failureThreshold: 1 });
    const first = pipeline({
      name: 'a',
      circuitBreaker: shared,
      retry: retry({ maxAttempts: 1 }),
      timeoutMs: timeout(50),
    });
    const second = pipeline({ name: 'b', circuitBreaker: shared });
    await first.execute(down).catch(() => {});
    expect(first.circuitBreaker).toBe(shared);
    await expect(second.execute(() => 1)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', policy: 'db' });
  });

  it.each([{}, { name: 'bare' }, { retry: undefined }])('refuses to be made of nothing: %j', (options) => {
    expect(() => pipeline(options)).toThrow(
      new TypeError(
        'pipeline needs at least one part, one of fallback, deadlineMs, totalTimeoutMs, coalesce, rateLimit, bulkhead, adaptiveConcurrency, retry, hedge, circuitBreaker, timeoutMs, chaos',
      ),
    );
  });

  it('has breaker and bulkhead in its type when the options give them, and only then', () => {
    // This compiles only while the types follow the options: no `?.` in what is there.
    const both = pipeline({ circuitBreaker: {}, bulkhead: { maxConcurrent: 2 } });
    expect([both.circuitBreaker.state, both.bulkhead.snapshot().running]).toEqual(['closed', 0]);
    const ready = pipeline<string>({ circuitBreaker: circuitBreaker(), fallback: () => 'x' });
    expect(ready.circuitBreaker.state).toBe('closed');
    expect(pipeline({ bulkhead: { maxConcurrent: 3 } }).bulkhead.snapshot().maxConcurrent).toBe(3);
    // @ts-expect-error: without the part it may be undefined
    expect(() => pipeline({ timeoutMs: 5 }).circuitBreaker.state).toThrow(TypeError);
    // @ts-expect-error: a policy of somebody else shows no circuit
    expect(() => pipeline({ circuitBreaker: { execute: (fn) => fn({}) } }).circuitBreaker.state).toThrow();
    // @ts-expect-error: a misspelt option is still seen by the compiler
    expect(() => pipeline({ circuitBreaker: { failureTreshold: 1 } })).toThrow('no option "failureTreshold"');
  });

  it('names part and option of what makes no sense', () => {
    expect(() => pipeline({ retry: { maxAttempts: 0 } })).toThrow(
      'retry: maxAttempts must be an integer >= 1 or Infinity, got 0',
    );
    expect(() => pipeline({ timeoutMs: -5 })).toThrow('timeoutMs must be a number of milliseconds > 0');
    expect(() => pipeline({ fallback: 5 as never })).toThrow(
      'fallback must be a function or a policy, got 5',
    );
    expect(() => pipeline({ timeout: 5 } as never)).toThrow('pipeline has no option "timeout"');
  });
});
