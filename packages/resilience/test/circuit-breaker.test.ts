import { describe, expect, it } from '@jest/globals';
import {
  ConsecutiveBreaker,
  ConstantBackoff,
  CountBreaker,
  handleType,
  handleWhenResult,
  IterableBackoff,
  isBrokenCircuitError,
  isIsolatedCircuitError,
} from 'cockatiel';
import { type CircuitBreakerOptions, CircuitOpenError, circuitBreaker } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (options: CircuitBreakerOptions = {}) => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({
    name: 'db',
    failureThreshold: 2,
    openMs: 1_000,
    clock: time.clock,
    ...options,
  });
  const states: string[] = [];
  breaker.on('state', ({ from, to }) => states.push(`${from} > ${to}`));
  const fail = (error: unknown = new Error('down')) =>
    breaker.execute(() => Promise.reject(error)).catch(() => {});
  const succeed = () => breaker.execute(() => 'ok');
  const open = async () => {
    while (breaker.state !== 'open') await fail();
  };
  return { time, breaker, states, fail, succeed, open };
};

describe('circuitBreaker', () => {
  it('opens at the threshold of failures in a row, and a success starts the count again', async () => {
    const { breaker, fail, succeed } = setUp();
    await fail();
    await succeed();
    await fail();
    expect(breaker.state).toBe('closed');
    await fail();
    expect(breaker.state).toBe('open');
  });

  it('rejects without calling while open, with the time left and the failure as cause', async () => {
    const { time, breaker, fail } = setUp();
    const last = new Error('last');
    await fail();
    await fail(last);
    time.now = 400;
    let called = false;
    const error = await breaker
      .execute(() => {
        called = true;
      })
      .catch((error: unknown) => error as CircuitOpenError);
    expect(called).toBe(false);
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect({ ...(error as object) }).toEqual({
      isBrokenCircuitError: true,
      code: 'CIRCUIT_OPEN',
      retryable: true,
      safety: 'not-sent',
      policy: 'db',
      retryAfterMs: 600,
    });
    expect((error as Error).cause).toBe(last);
    expect((error as Error).name).toBe('CircuitOpenError');
    expect((error as Error).stack).toBe('CircuitOpenError: Circuit "db" is open; next probe in 600 ms');
    expect(isBrokenCircuitError(error)).toBe(true);
  });

  it('reads half-open when the break is over, without any call', async () => {
    const { time, breaker, states, open } = setUp();
    await open();
    time.now = 999;
    expect(breaker.state).toBe('open');
    time.now = 1_000;
    expect(breaker.state).toBe('half-open');
    expect(states).toEqual(['closed > open', 'open > half-open']);
  });

  it('lets exactly N probes through and rejects the others at once', async () => {
    const { time, breaker, open } = setUp({ halfOpenProbes: 2, halfOpenMaxWaitMs: 700 });
    await open();
    time.now = 1_000;
    const gates = [deferred<string>(), deferred<string>()];
    let calls = 0;
    const outcomes = Array.from({ length: 10 }, () =>
      outcomeOf(breaker.execute(() => gates[calls++]!.promise)),
    );
    await settle();
    expect(calls).toBe(2);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'pending',
      'pending',
      ...Array(8).fill('rejected'),
    ]);
    expect(outcomes[9]?.error).toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: 700 });
    gates[0]!.resolve('a');
    await settle();
    expect(breaker.snapshot()).toEqual({
      state: 'half-open',
      name: 'db',
      probesRunning: 1,
      probesSucceeded: 1,
      openings: 1,
    });
    gates[1]!.resolve('b');
    await settle();
    expect(breaker.state).toBe('closed');
  });

  it('opens again on a failed probe, for the next longer break, and forgets after a close', async () => {
    const { time, breaker, fail, succeed, open } = setUp({ openMs: [100, 300] });
    const leftWhenOpen = () => (breaker.snapshot() as { retryAfterMs?: number }).retryAfterMs;
    await open();
    expect(leftWhenOpen()).toBe(100);
    time.now += 100;
    await fail();
    expect(leftWhenOpen()).toBe(300);
    time.now += 300;
    await fail();
    expect(leftWhenOpen()).toBe(300);
    time.now += 300;
    await succeed();
    expect(breaker.snapshot()).toEqual({ state: 'closed', name: 'db', window: { calls: 0, failures: 0 } });
    await open();
    expect(leftWhenOpen()).toBe(100);
  });

  it.each([
    ['a function', ({ attempt }: { attempt: number }) => attempt * 50],
    ['a backoff of cockatiel', new IterableBackoff([50, 100])],
  ])('takes the break from %s', async (_name, openMs) => {
    const { time, breaker, fail, open } = setUp({ openMs });
    await open();
    time.now = 50;
    await fail();
    expect(breaker.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 100, openings: 2 });
  });

  it('gives a cancelled probe back at once, even when the call ignores its signal', async () => {
    const { time, breaker, open, succeed } = setUp();
    await open();
    time.now = 1_000;
    const controller = new AbortController();
    const stuck = outcomeOf(breaker.execute(() => new Promise(() => {}), controller.signal));
    await settle();
    await expect(succeed()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    controller.abort('gone');
    await settle();
    expect(stuck).toEqual({ status: 'rejected', error: 'gone' });
    await expect(succeed()).resolves.toBe('ok');
    expect(breaker.state).toBe('closed');
  });

  it('takes a caller’s abort for neither success nor failure', async () => {
    const { breaker, fail } = setUp();
    await fail();
    const controller = new AbortController();
    const call = breaker.execute(({ signal }) => {
      controller.abort(new Error('mine'));
      return Promise.reject(signal.reason);
    }, controller.signal);
    await expect(call).rejects.toThrow('mine');
    await fail(new DOMException('stop', 'AbortError'));
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { failures: 1 } });
    await fail();
    expect(breaker.state).toBe('open');
  });

  it('counts a probe that takes too long as failed, as of the moment its time was up', async () => {
    const { time, breaker, open, states } = setUp({ halfOpenMaxWaitMs: 500, openMs: [1_000, 2_000] });
    await open();
    time.now = 1_000;
    const probe = deferred<string>();
    const outcome = outcomeOf(breaker.execute(() => probe.promise));
    await settle();
    time.now = 1_600;
    expect(breaker.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 1_900, openings: 2 });
    probe.resolve('late');
    await settle();
    expect(outcome).toEqual({ status: 'resolved', value: 'late' });
    expect(breaker.state).toBe('open');
    expect(states).toEqual(['closed > open', 'open > half-open', 'half-open > open']);
  });

  it('ignores results of calls that an earlier state admitted', async () => {
    const { time, breaker, open } = setUp();
    const late = deferred<string>();
    const lateSuccess = deferred<string>();
    outcomeOf(breaker.execute(() => late.promise));
    outcomeOf(breaker.execute(() => lateSuccess.promise));
    await open();
    time.now = 1_000;
    const probe = deferred<string>();
    outcomeOf(breaker.execute(() => probe.promise));
    late.reject(new Error('old news'));
    lateSuccess.resolve('old news');
    await settle();
    expect(breaker.snapshot()).toMatchObject({ state: 'half-open', probesRunning: 1, probesSucceeded: 0 });
    probe.resolve('ok');
    await settle();
    expect(breaker.state).toBe('closed');
  });

  it('tells one transition once, however many calls fail together', async () => {
    const { breaker, states } = setUp();
    const gate = deferred<never>();
    const calls = Array.from({ length: 20 }, () => outcomeOf(breaker.execute(() => gate.promise)));
    gate.reject(new Error('all'));
    await settle();
    expect(calls.every(({ status }) => status === 'rejected')).toBe(true);
    expect(states).toEqual(['closed > open']);
  });

  it('stays isolated until every handle is disposed of, then is closed with empty counters', async () => {
    const { breaker, fail, succeed, states } = setUp();
    await fail();
    const first = breaker.isolate();
    const second = breaker.isolate();
    const error = await succeed().catch((error: unknown) => error);
    expect(error).toMatchObject({
      code: 'CIRCUIT_ISOLATED',
      name: 'CircuitIsolatedError',
      retryAfterMs: undefined,
    });
    expect(isIsolatedCircuitError(error) && isBrokenCircuitError(error)).toBe(true);
    first.dispose();
    first.dispose();
    expect(breaker.snapshot()).toEqual({ state: 'isolated', name: 'db', holders: 1 });
    second[Symbol.dispose]();
    await fail();
    expect(breaker.state).toBe('closed');
    expect(states).toEqual(['closed > isolated', 'isolated > closed']);
  });

  it('does not count errors that say they are not retryable: the dependency has answered', async () => {
    const { breaker, fail } = setUp();
    await fail();
    await fail(Object.assign(new Error('404'), { retryable: false }));
    await fail();
    expect(breaker.state).toBe('closed');
  });

  it('asks classify, isFailure or a filter of cockatiel what counts', async () => {
    const classified = setUp({ classify: (error) => ({ retryable: error === 'transient' }) });
    for (const error of ['bug', 'bug', 'bug']) await classified.fail(error);
    expect(classified.breaker.state).toBe('closed');
    for (const error of ['transient', 'transient']) await classified.fail(error);
    expect(classified.breaker.state).toBe('open');

    const filtered = setUp({ isFailure: handleType(RangeError) });
    for (let call = 0; call < 3; call++) await filtered.fail(new TypeError('mine'));
    expect(filtered.breaker.state).toBe('closed');

    const results = setUp({ isFailure: handleWhenResult((value) => value === 'ok') });
    await expect(results.succeed()).resolves.toBe('ok');
    await results.succeed();
    expect(results.breaker.state).toBe('open');
  });

  it('never counts a rejection of another breaker or bulkhead', async () => {
    const { breaker, fail } = setUp();
    for (let call = 0; call < 5; call++) await fail(new CircuitOpenError('inner', 5));
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { failures: 0 } });
    expect(breaker.stats().rejections).toBe(5);
  });

  it('takes a breaker of cockatiel, clears it on closing, and refuses it to a second circuit', async () => {
    const count = new CountBreaker({ threshold: 0.5, size: 4 });
    const { breaker, fail, time, succeed } = setUp({ breaker: count, failureThreshold: undefined });
    for (let call = 0; call < 4; call++) await fail();
    expect(breaker.state).toBe('open');
    time.now = 1_000;
    await succeed();
    await fail();
    await fail();
    expect(breaker.state).toBe('closed');
    const consecutive = new ConsecutiveBreaker(1);
    circuitBreaker({ breaker: consecutive });
    expect(() => circuitBreaker({ breaker: consecutive })).toThrow(
      'breaker already counts for another circuit',
    );
    expect(() => circuitBreaker({ openMs: new ConstantBackoff(5) })).not.toThrow();
  });
});

describe('circuitBreaker with a window', () => {
  it('checks the minimum first and opens at a rate equal to failureRate', async () => {
    const { breaker, fail, succeed } = setUp({
      failureThreshold: undefined,
      window: { type: 'count', size: 10, failureRate: 0.5, minimumCalls: 4 },
    });
    await fail();
    await fail();
    await succeed();
    expect(breaker.state).toBe('closed');
    await succeed();
    expect(breaker.state).toBe('open');
  });

  it('forgets calls that have left a count window', async () => {
    const { breaker, fail, succeed } = setUp({
      failureThreshold: undefined,
      window: { type: 'count', size: 4, failureRate: 0.75 },
    });
    for (const step of [fail, fail, succeed, succeed, fail, fail]) await step();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { calls: 4, failures: 2 } });
    await fail();
    expect(breaker.state).toBe('open');
  });

  it('forgets calls that are older than a time window, however long it was idle', async () => {
    const { breaker, fail, time } = setUp({
      failureThreshold: undefined,
      window: { type: 'time', sizeMs: 10_000, minimumCalls: 10 },
    });
    for (let call = 0; call < 9; call++) await fail();
    time.now = 3_600_000;
    await fail();
    await fail();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { calls: 2, failures: 2 } });
    for (let call = 0; call < 8; call++) await fail();
    expect(breaker.state).toBe('open');
  });

  it('drops a time window bucket by bucket', async () => {
    const { breaker, fail, time } = setUp({
      failureThreshold: undefined,
      window: { type: 'time', sizeMs: 1_000, minimumCalls: 100 },
    });
    for (let call = 0; call < 5; call++) {
      await fail();
      time.now += 200;
    }
    const failures = () => (breaker.snapshot() as { window: { failures: number } }).window.failures;
    expect(failures()).toBe(4);
    time.now += 200;
    expect(failures()).toBe(3);
    time.now += 400;
    expect(failures()).toBe(1);
  });
});
