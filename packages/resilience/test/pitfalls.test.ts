import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { ConsecutiveBreaker, handleAll, IterableBackoff, isBrokenCircuitError } from 'cockatiel';
import { bulkhead, circuitBreaker, compose, fallback, pipeline, retry, timeout } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

// The faults of cockatiel 4 that cannot be mended from outside, by number; each claim is what this package does instead.
const down = (): never => {
  throw new Error('down');
};
const failing = (policy: { execute(fn: () => never): Promise<unknown> }): Promise<unknown> =>
  policy.execute(down).catch((error: unknown) => error);

describe('what this package does not have', () => {
  it('1: an abort ends a backoff at once, and an aborted signal means that nothing is called', async () => {
    const time = new VirtualClock();
    const controller = new AbortController();
    let calls = 0;
    const policy = retry({ initialDelayMs: 200, jitter: 'none', ...time.time });
    const count = () => {
      calls++;
      return down();
    };
    const outcome = outcomeOf(policy.execute(count, controller.signal));
    await time.advance(20);
    controller.abort('gone');
    await settle();
    expect([outcome.error, calls, time.pending]).toEqual(['gone', 1, 0]);
    for (const each of [policy, circuitBreaker(), timeout(5), bulkhead({ maxConcurrent: 1 }), fallback(1)])
      await expect(each.execute(count, controller.signal)).rejects.toBe('gone');
    expect(calls).toBe(1);
  });

  it('2 and 3: maxAttempts is all calls, and no delay is no timer', async () => {
    const time = new VirtualClock();
    let calls = 0;
    await retry({ maxAttempts: 50, initialDelayMs: 0, ...time.time })
      .execute(() => {
        calls++;
        return down();
      })
      .catch(() => {});
    expect([calls, time.pending, time.now]).toEqual([50, 0, 0]);
  });

  it('3: a call that fails at once for ever leaves room for the timer that ends it', async () => {
    const endless = retry({ maxAttempts: Number.POSITIVE_INFINITY, initialDelayMs: 0 });
    const policy = compose(timeout(5), endless);
    await expect(policy.execute(down)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('4: the factor holds without jitter', async () => {
    const time = new VirtualClock();
    const delays: number[] = [];
    const policy = retry({ maxAttempts: 4, initialDelayMs: 10, factor: 3, jitter: 'none', ...time.time });
    policy.on('retry', ({ delayMs }) => delays.push(delayMs));
    const outcome = outcomeOf(policy.execute(down));
    await time.advance(1_000);
    expect([delays, outcome.status]).toEqual([[10, 30, 90], 'rejected']);
  });

  it('5 and 6: an hour of silence empties a time window; its minimum is 10 calls, its threshold inclusive, 1 allowed', async () => {
    const time = new VirtualClock();
    const window = { type: 'time', sizeMs: 10_000, failureRate: 1 } as const;
    const policy = circuitBreaker({ window, clock: time.clock });
    for (let call = 0; call < 9; call++) await failing(policy);
    time.now = 3_600_000;
    for (let call = 0; call < 9; call++) await failing(policy);
    expect(policy.state).toBe('closed');
    await failing(policy);
    expect(policy.state).toBe('open');
  });

  it('7 and 10: a slot goes to the first in the queue, in that caller’s own async context', async () => {
    const storage = new AsyncLocalStorage<string>();
    for (const wrapped of [false, true]) {
      const slots = bulkhead({ maxConcurrent: 1, maxQueue: 2 });
      const policy = wrapped ? compose(slots) : slots;
      const gate = deferred<void>();
      const seen: unknown[] = [];
      const call = (id: string) =>
        storage.run(id, () =>
          policy.execute(() => {
            seen.push([id, storage.getStore()]);
            return gate.promise;
          }),
        );
      const calls = [call('A'), call('B')];
      // Right after the policy has heard of the end of A: a slot that is free for a moment would be C's.
      const newcomer = gate.promise.then(() => call('C'));
      gate.resolve();
      await Promise.all([...calls, newcomer]);
      expect(seen).toEqual([
        ['A', 'A'],
        ['B', 'B'],
        ['C', 'C'],
      ]);
    }
  });

  it('8 and 9: a queued caller that aborts is told at once and frees its place; success and failure are told', async () => {
    const policy = bulkhead({ maxConcurrent: 1, maxQueue: 1 });
    const events: string[] = [];
    policy.on('success', () => events.push('success'));
    policy.on('failure', () => events.push('failure'));
    const gate = deferred<string>();
    const running = policy.execute(() => gate.promise);
    const controller = new AbortController();
    const queued = outcomeOf(policy.execute(() => 'never', controller.signal));
    controller.abort('gone');
    expect(policy.snapshot().queued).toBe(0);
    await settle();
    expect(queued.error).toBe('gone');
    gate.resolve('done');
    await running;
    await failing(policy);
    expect(events).toEqual(['success', 'failure']);
  });

  it('11: callers beyond the probe are rejected, and a probe that never settles blocks nobody for ever', async () => {
    const time = new VirtualClock();
    const policy = circuitBreaker({
      failureThreshold: 1,
      openMs: 10,
      halfOpenMaxWaitMs: 100,
      clock: time.clock,
    });
    await failing(policy);
    time.now = 10;
    outcomeOf(policy.execute(() => new Promise(() => {})));
    await expect(policy.execute(() => 1)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: 100 });
    time.now = 120;
    await expect(policy.execute(() => 1)).resolves.toBe(1);
    expect(policy.state).toBe('closed');
  });

  it('12: a call that an earlier state admitted decides nothing', async () => {
    const time = new VirtualClock();
    const policy = circuitBreaker({ failureThreshold: 1, openMs: 10, clock: time.clock });
    const old = deferred<never>();
    const late = outcomeOf(policy.execute(() => old.promise));
    await failing(policy);
    time.now = 10;
    const probe = deferred<number>();
    const probing = outcomeOf(policy.execute(() => probe.promise));
    old.reject(new Error('old'));
    await settle();
    expect([policy.state, late.status]).toEqual(['half-open', 'rejected']);
    probe.resolve(1);
    await settle();
    expect([policy.state, probing.status]).toEqual(['closed', 'resolved']);
  });

  it('13: an error that is no failure is an answer, closed and half-open', async () => {
    const answer = Object.assign(new Error('404'), { retryable: false });
    const policy = circuitBreaker({ failureThreshold: 2 });
    await failing(policy);
    await policy.execute(() => Promise.reject(answer)).catch(() => {});
    await failing(policy);
    expect(policy.state).toBe('closed');
    const time = new VirtualClock();
    const probed = circuitBreaker({ failureThreshold: 1, openMs: 10, clock: time.clock });
    await failing(probed);
    time.now = 10;
    await probed.execute(() => Promise.reject(answer)).catch(() => {});
    expect(probed.state).toBe('closed');
  });

  it('14: the caller’s own abort opens no circuit', async () => {
    const policy = circuitBreaker({ failureThreshold: 1 });
    const controller = new AbortController();
    const call = policy.execute(() => new Promise(() => {}), controller.signal);
    controller.abort();
    await expect(call).rejects.toBe(controller.signal.reason);
    await policy.execute(() => Promise.reject(new DOMException('no', 'AbortError'))).catch(() => {});
    expect(policy.snapshot()).toMatchObject({ state: 'closed', window: { failures: 0 } });
  });

  it('15 and 16: a caller’s abort is no time-out, the signal’s reason is the time-out, success aborts nothing', async () => {
    const time = new VirtualClock();
    const policy = timeout({ ms: 100, ...time.time });
    const signals: AbortSignal[] = [];
    const keep = ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    };
    const controller = new AbortController();
    const aborted = outcomeOf(policy.execute(keep, controller.signal));
    const late = outcomeOf(policy.execute(keep));
    await policy.execute(async ({ signal }) => signals.push(signal));
    controller.abort('mine');
    await time.advance(100);
    expect([aborted.error, policy.stats().timeouts]).toEqual(['mine', 1]);
    expect(signals.map(({ reason }) => reason)).toEqual(['mine', late.error, undefined]);
  });

  it('17: a limit without end or beyond 2^31 ms does not strike after 1 ms', async () => {
    for (const ms of [Number.POSITIVE_INFINITY, 2 ** 31, 1e15]) {
      let finish!: (value: string) => void;
      const call = timeout(ms).execute(() => new Promise<string>((resolve) => (finish = resolve)));
      await new Promise((resolve) => setTimeout(resolve, 5));
      finish('in time');
      await expect(call).resolves.toBe('in time');
    }
  });

  it('18 and 19: no call is made after the limit of the whole, none is repeated against an open circuit', async () => {
    const time = new VirtualClock();
    let calls = 0;
    const count = () => {
      calls++;
      return down();
    };
    const whole = pipeline({
      ...time.time,
      totalTimeoutMs: 150,
      retry: { maxAttempts: 9, backoff: [100] },
    });
    const outcome = outcomeOf(whole.execute(count));
    await time.advance(10_000);
    expect([calls, outcome.error]).toMatchObject([2, { code: 'TIMEOUT' }]);
    calls = 0;
    const open = pipeline({
      retry: { maxAttempts: 9, initialDelayMs: 0 },
      circuitBreaker: { failureThreshold: 2 },
    });
    await open.execute(count).catch(() => {});
    expect([calls, open.stats().retries]).toEqual([2, 2]);
  });

  it('20: a listener that throws is not the call’s failure', async () => {
    const policy = pipeline({
      retry: { maxAttempts: 3, initialDelayMs: 0 },
      circuitBreaker: { failureThreshold: 1 },
    });
    for (const event of ['success', 'failure', 'retry', 'state', 'open', 'reject'] as const)
      policy.on(event, () => {
        throw new Error('sink');
      });
    let calls = 0;
    await expect(policy.execute(() => ++calls)).resolves.toBe(1);
    await expect(policy.execute(down)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  });

  it('21: a fallback sees error and context, keeps the error as cause, and may answer a function', async () => {
    const seen: unknown[] = [];
    const events: unknown[] = [];
    const inner = new Error('inner');
    const policy = fallback((error, { attempt, signal }) => {
      seen.push(error, attempt, signal.aborted);
      throw new Error('outer');
    });
    policy.on('fallback', ({ error, fallbackError }) => events.push(error, (fallbackError as Error).message));
    const error = await policy.execute(() => Promise.reject(inner)).catch((error: unknown) => error);
    expect([seen, events]).toEqual([
      [inner, 1, false],
      [inner, 'outer'],
    ]);
    expect((error as Error).cause).toBe(inner);
    const answer = () => 'an answer';
    await expect(fallback(() => answer).execute(down)).resolves.toBe(answer);
  });

  it('22: errors have a name, a code and the time left', async () => {
    const policy = circuitBreaker({ name: 'db', failureThreshold: 1, openMs: 500, clock: () => 0 });
    const cause = await failing(policy);
    const error = await failing(policy);
    expect(error).toMatchObject({ name: 'CircuitOpenError', code: 'CIRCUIT_OPEN', retryAfterMs: 500, cause });
    expect(isBrokenCircuitError(error)).toBe(true);
    const held = policy.isolate();
    expect(await failing(policy)).toMatchObject({ name: 'CircuitIsolatedError', code: 'CIRCUIT_ISOLATED' });
    held.dispose();
    const slots = bulkhead({ maxConcurrent: 1 });
    outcomeOf(slots.execute(() => new Promise(() => {})));
    expect(await failing(slots)).toMatchObject({ name: 'BulkheadFullError', code: 'BULKHEAD_FULL' });
    const time = new VirtualClock();
    const late = outcomeOf(timeout({ ms: 9, ...time.time }).execute(() => new Promise(() => {})));
    await time.advance(9);
    expect(late.error).toMatchObject({ name: 'TimeoutError', code: 'TIMEOUT', timeoutMs: 9 });
  });

  it('23: after an isolation the counters are empty, and one that was restored can be released', async () => {
    const policy = circuitBreaker({ failureThreshold: 2 });
    await failing(policy);
    policy.isolate().dispose();
    await failing(policy);
    expect(policy.state).toBe('closed');
    const held = policy.restore({ state: 'isolated', name: 'x', holders: 1 });
    expect(policy.state).toBe('isolated');
    held?.dispose();
    expect(policy.state).toBe('closed');
  });

  it('24: the wall clock may be set back an hour', async () => {
    const now = Date.now;
    try {
      const policy = circuitBreaker({ failureThreshold: 1, openMs: 1 });
      await failing(policy);
      Date.now = () => now() - 3_600_000;
      await new Promise((resolve) => setTimeout(resolve, 5));
      await expect(policy.execute(() => 'ok')).resolves.toBe('ok');
    } finally {
      Date.now = now;
    }
  });

  it('25: an idle circuit whose break is over reads half-open; the event comes with the look, not before', async () => {
    const time = new VirtualClock();
    const policy = circuitBreaker({ failureThreshold: 1, openMs: 10, clock: time.clock });
    const events: string[] = [];
    policy.on('half-open', ({ to }) => events.push(to));
    await failing(policy);
    time.now = 10;
    await settle();
    expect(events).toEqual([]);
    expect([policy.state, events]).toEqual(['half-open', ['half-open']]);
  });

  it('26 and 29: one counter serves one circuit, and an empty list of delays is refused', () => {
    const breaker = new ConsecutiveBreaker(2);
    circuitBreaker({ breaker });
    expect(() => circuitBreaker({ breaker })).toThrow('breaker already counts for another circuit');
    expect(() => retry({ backoff: [] })).toThrow('backoff must be a list with at least one delay');
    expect(handleAll).toBeDefined();
  });

  it('26: one snapshot serves many circuits, and none writes into it', async () => {
    const time = new VirtualClock();
    const saved = Object.freeze({ state: 'open', name: 'x', retryAfterMs: 100, openings: 3 } as const);
    const circuits = [1, 2].map(() => circuitBreaker({ name: 'x', clock: time.clock }));
    for (const circuit of circuits) circuit.restore(saved);
    expect(circuits.map((circuit) => circuit.snapshot())).toEqual([saved, saved]);
    time.now = 100;
    await circuits[0]!.execute(() => 1);
    expect(circuits.map(({ state }) => state)).toEqual(['closed', 'half-open']);
    expect(circuits[1]!.snapshot()).toMatchObject({ openings: 3 });
  });

  it('29: a backoff of cockatiel without delays waits 0 ms, not undefined', async () => {
    const delays: number[] = [];
    const policy = retry({ maxAttempts: 2, backoff: new IterableBackoff([]) });
    policy.on('retry', ({ delayMs }) => delays.push(delayMs));
    await failing(policy);
    expect(delays).toEqual([0]);
  });

  it('27: a pipeline tells what its parts tell, and one of nothing calls', async () => {
    const policy = pipeline({
      retry: { maxAttempts: 2, initialDelayMs: 0 },
      circuitBreaker: { failureThreshold: 1 },
    });
    const events: string[] = [];
    const stop = policy.on('retry', () => events.push('retry'));
    policy.on('open', () => events.push('open'));
    await failing(policy);
    expect(events).toEqual(['open', 'retry']);
    stop();
    policy.circuitBreaker.isolate().dispose();
    await failing(policy);
    expect(events).toEqual(['open', 'retry', 'open']);
    await expect(compose().execute(({ attempt }) => attempt)).resolves.toBe(1);
  });

  it('27: one signal goes through all layers, and an abort reaches the call once', async () => {
    const time = new VirtualClock();
    const parts = [timeout({ ms: 500, ...time.time }), retry(time.time), bulkhead({ maxConcurrent: 1 })];
    const { signal } = new AbortController();
    const seen = await compose(retry(), bulkhead({ maxConcurrent: 1 })).execute(
      async (context) => context.signal,
      signal,
    );
    expect(seen).toBe(signal);
    const controller = new AbortController();
    const reasons: unknown[] = [];
    const call = outcomeOf(
      compose(...parts).execute(
        (context) =>
          new Promise((_, reject) => {
            context.signal.addEventListener('abort', () => {
              reasons.push(context.signal.reason);
              reject(context.signal.reason);
            });
          }),
        controller.signal,
      ),
    );
    await settle();
    controller.abort('gone');
    await settle();
    expect([call.error, reasons, time.pending]).toEqual(['gone', ['gone'], 0]);
  });

  // Arity and name: wrapped.test.ts. One policy for each instance: per-instance.test.ts. Decorators: decorators.test.ts (TC39) and
  // decorators.legacy.test.ts.
  it('28: a wrapped function keeps its arguments, a signal among them', async () => {
    const { signal } = new AbortController();
    const wrapped = retry()(async (...args: unknown[]) => args);
    await expect(wrapped(1, signal)).resolves.toEqual([1, signal]);
  });

  it('30: a long-lived signal keeps no listeners; that the loser of a race is no unhandled rejection, process.test.ts shows', async () => {
    const time = new VirtualClock();
    const policy = pipeline({
      ...time.time,
      timeoutMs: 10,
      retry: { maxAttempts: 2 },
      bulkhead: { maxConcurrent: 9 },
    });
    const { signal } = new AbortController();
    for (let call = 0; call < 20; call++) await policy.execute(() => call, signal);
    const loser = deferred<never>();
    const call = outcomeOf(policy.execute(() => loser.promise, signal));
    await time.advance(10);
    loser.reject(new Error('late'));
    await settle();
    expect(call.error).toMatchObject({ code: 'TIMEOUT' });
    expect([getEventListeners(signal, 'abort').length, time.pending]).toEqual([0, 0]);
  });
});
