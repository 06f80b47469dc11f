import { describe, expect, it } from '@jest/globals';
import { handleType } from 'cockatiel';
import { type CircuitBreakerOptions, circuitBreaker, compose, retry, timeout } from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const setUp = (options: CircuitBreakerOptions = {}) => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({
    ...{ name: 'db', failureThreshold: 1, openMs: 1_000, clock: time.clock },
    ...options,
  });
  const fail = (error: unknown = new Error('down')) =>
    breaker.execute(() => Promise.reject(error)).catch((error: unknown) => error);
  const succeed = () => breaker.execute(() => 'ok');
  return { time, breaker, fail, succeed };
};
const abortError = () => new DOMException('gone', 'AbortError');

describe('what counts as a failure', () => {
  it('is for isFailure and classify to say of time-outs from further out too', async () => {
    const verdicts: CircuitBreakerOptions[] = [
      { isFailure: () => false },
      { isFailure: handleType(RangeError) },
      { classify: () => ({ retryable: false }) },
    ];
    for (const options of [...verdicts, {}]) {
      const { time, breaker } = setUp(options);
      const policy = compose(timeout({ ms: 10, ...time.time }), breaker);
      const call = outcomeOf(policy.execute(() => new Promise(() => {})));
      await time.advance(10);
      expect(call.error).toMatchObject({ code: 'TIMEOUT' });
      expect(breaker.state).toBe(verdicts.includes(options) ? 'closed' : 'open');
    }
  });

  it('gives back the place of a probe whose time-out is no failure', async () => {
    const { time, breaker, fail } = setUp({ isFailure: (error) => (error as Error).message === 'down' });
    const policy = compose(timeout({ ms: 10, ...time.time }), breaker);
    await fail();
    time.now = 1_000;
    outcomeOf(policy.execute(() => new Promise(() => {})));
    await time.advance(10);
    expect(breaker.snapshot()).toMatchObject({ state: 'half-open', probesRunning: 0, probesSucceeded: 0 });
  });

  it('is for isFailure to say of a cancellation of the dependency’s own, never of the caller’s', async () => {
    const picky = setUp({ isFailure: () => true });
    const controller = new AbortController();
    const call = outcomeOf(picky.breaker.execute(() => new Promise(() => {}), controller.signal));
    controller.abort();
    await settle();
    expect([call.status, picky.breaker.state]).toEqual(['rejected', 'closed']);
    await picky.fail(abortError());
    expect(picky.breaker.state).toBe('open');
    const easy = setUp({ isFailure: () => false, failureThreshold: 2 });
    await easy.fail(abortError());
    expect(easy.breaker.snapshot()).toMatchObject({ window: { failures: 0 } });
  });

  it('leaves a probe’s cancellation without effect where isFailure does not name it', async () => {
    const { time, breaker, fail } = setUp({ isFailure: (error) => (error as Error).name === 'Error' });
    await fail();
    time.now = 1_000;
    await fail(abortError());
    expect(breaker.snapshot()).toMatchObject({ state: 'half-open', probesRunning: 0, probesSucceeded: 0 });
  });
});

describe('the break', () => {
  it.each<[string, CircuitBreakerOptions['openMs']]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['answers NaN', () => Number.NaN],
    ['answers 0', () => 0],
    ['answers no number', () => 'soon' as never],
  ])('lasts 30 s where openMs %s', async (_what, openMs) => {
    const { breaker, fail } = setUp({ openMs });
    await fail();
    expect(breaker.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 30_000 });
  });

  it('is never nothing: a list with 0 is refused', () => {
    expect(() => setUp({ openMs: [100, 0] })).toThrow(
      'openMs[1] must be a number of milliseconds > 0, got 0',
    );
    expect(() => retry({ backoff: [0] })).not.toThrow();
  });

  it('takes no Retry-After without end, and a retry waits for none', async () => {
    const endless = Object.assign(new Error('busy'), { retryAfterMs: Number.POSITIVE_INFINITY });
    const { time, breaker, fail } = setUp({ maxRetryAfterMs: Number.POSITIVE_INFINITY });
    await fail(endless);
    expect(breaker.snapshot()).toMatchObject({ retryAfterMs: 1_000 });
    const policy = retry({ maxRetryAfterMs: Number.POSITIVE_INFINITY, initialDelayMs: 10, ...time.time });
    const call = outcomeOf(policy.execute(() => Promise.reject(endless)));
    await time.advance(100);
    expect(call.error).toBe(endless);
  });
});

describe('ramp-up', () => {
  const ramping = async (options: CircuitBreakerOptions = {}) => {
    const set = setUp({ rampUpMs: 1_000, random: () => 0.999, ...options });
    await set.fail();
    set.time.now = 1_000;
    await set.succeed();
    await expect(set.succeed()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: undefined });
    return set;
  };

  it('holds nobody back once the breaker is switched off', async () => {
    for (const mode of ['disabled', 'metrics-only'] as const) {
      const { breaker, succeed } = await ramping();
      breaker.mode = mode;
      await expect(succeed()).resolves.toBe('ok');
      expect(breaker.explain().text).toContain('every call is let through');
      breaker.mode = 'enabled';
      await expect(succeed()).resolves.toBe('ok');
    }
  });

  it('ends when rampUpMs becomes 0, and keeps its length when it becomes another', async () => {
    const over = await ramping();
    over.time.now = 1_900;
    over.breaker.configure({ rampUpMs: 0 });
    await expect(over.succeed()).resolves.toBe('ok');
    let dice = 0.54;
    const longer = await ramping({ random: () => dice });
    longer.time.now = 1_500;
    longer.breaker.configure({ rampUpMs: 100_000, random: () => dice });
    await expect(longer.succeed()).resolves.toBe('ok');
    dice = 0.56;
    await expect(longer.succeed()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  });
});

describe('restore', () => {
  it.each([
    { state: 'closed', name: 'db', window: undefined },
    { state: 'open', name: 'db', retryAfterMs: 5, openings: 1 },
    { state: 'half-open', name: 'db', probesRunning: 0, probesSucceeded: 0, openings: 1 },
  ] as const)('leaves what an operator isolated isolated: $state', (saved) => {
    const { breaker } = setUp();
    const held = breaker.isolate();
    expect(breaker.restore(saved)).toBeUndefined();
    expect(breaker.state).toBe('isolated');
    held.dispose();
    expect(breaker.state).toBe('closed');
  });

  it('begins the evidence of a closed circuit anew', async () => {
    const { breaker, fail } = setUp({ failureThreshold: 2 });
    await fail();
    breaker.restore({ state: 'closed', name: 'db', window: { calls: 9, failures: 1 } });
    expect(breaker.snapshot()).toMatchObject({ window: { failures: 0 } });
    await fail();
    expect(breaker.state).toBe('closed');
  });

  it('takes one snapshot into many circuits, and writes nothing into it', async () => {
    const circular: Error & { self?: unknown } = Object.assign(new Error('down'), { code: 'ECONNRESET' });
    circular.self = circular;
    const { breaker, fail } = setUp();
    await fail(circular);
    const taken = breaker.snapshot();
    expect((taken as { lastError?: unknown }).lastError).toBe(circular);
    const saved = Object.freeze(JSON.parse(JSON.stringify(taken)));
    expect(saved).toEqual({
      ...{ state: 'open', name: 'db', retryAfterMs: 1_000, openings: 1 },
      lastErrorCode: 'ECONNRESET',
    });
    const [one, other] = [setUp(), setUp()];
    one.breaker.restore(saved);
    other.breaker.restore(saved, 500);
    expect([one.breaker.explain().retryAfterMs, other.breaker.explain().retryAfterMs]).toEqual([1_000, 500]);
    one.time.now = 1_000;
    await one.succeed();
    expect([one.breaker.state, other.breaker.state]).toEqual(['closed', 'open']);
  });
});

describe('the cause of a refusal', () => {
  it('is the failure that opened the circuit, none where slow calls did', async () => {
    const window = {
      type: 'count',
      size: 2,
      minimumCalls: 2,
      failureRate: 1,
      slowCallMs: 100,
      slowCallRate: 1,
    } as const;
    const { time, breaker, fail, succeed } = setUp({ window, failureThreshold: undefined });
    const slow = () =>
      breaker.execute(async () => {
        time.now += 100;
      });
    await fail();
    await slow();
    await slow();
    expect(breaker.state).toBe('open');
    expect(await succeed().catch((error: Error) => error.cause)).toBeUndefined();
    expect(breaker.explain().lastError).toMatchObject({ message: 'down' });
  });

  it('is forgotten once the circuit has closed', async () => {
    const { time, breaker, fail, succeed } = setUp();
    await fail();
    time.now = 1_000;
    await succeed();
    expect(breaker.explain()).toMatchObject({ state: 'closed', lastError: undefined });
  });
});
